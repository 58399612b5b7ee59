//! Who works on a deployment: one process at a time.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A process that works on a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Holder {
    /// The person, as the system knows them.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The process on that machine.
    pub pid: u32,
    /// The session in that process.
    pub session: String,
}

/// How long a claim holds without being renewed. Every wait renews it long before.
pub(crate) const LEASE: Duration = Duration::from_secs(15 * 60);

impl Holder {
    /// The process that asks, in a session of its own.
    #[must_use]
    pub fn this_process() -> Self {
        let user = ["USER", "LOGNAME", "USERNAME"]
            .iter()
            .find_map(|name| std::env::var(name).ok())
            .unwrap_or_else(|| "unknown".to_owned());
        Self {
            user,
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            pid: std::process::id(),
            session: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    /// Whether the process has certainly ended: it was on this machine, and is no longer.
    pub(crate) fn is_dead(&self) -> bool {
        let here = Self::this_process();
        let proc = Path::new("/proc");
        // Elsewhere than on Linux nobody knows, and the lease decides.
        self.host == here.host
            && proc.join("self").exists()
            && !proc.join(self.pid.to_string()).exists()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} (process {})", self.user, self.host, self.pid)
    }
}
