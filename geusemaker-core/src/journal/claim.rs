//! The claim on a deployment: only one process works on it at a time.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The time after which a claim expires without renewal. It is renewed long before.
pub(crate) const LEASE: Duration = Duration::from_secs(15 * 60);

/// A process that works on a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Holder {
    /// The name of the user, as the system knows it.
    pub user: String,
    /// The name of the machine.
    pub host: String,
    /// The process id on that machine.
    pub pid: u32,
    /// The boot and the namespace that the process id belongs to; empty if the system does not tell.
    #[serde(default)]
    pub namespace: String,
    /// The id by which deployments in one process are told apart.
    pub session: String,
}

impl Holder {
    /// Returns this process as the holder of one deployment.
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
            namespace: namespace().unwrap_or_default(),
            session: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    /// Returns true if the holder is this process.
    #[must_use]
    pub fn is_this_process(&self) -> bool {
        let here = Self::this_process();
        self.host == here.host && self.pid == here.pid && self.namespace == here.namespace
    }

    /// Returns true if the process has certainly ended: its id is from this machine, boot and namespace, in which other
    /// processes are visible, and no process with this id is alive.
    pub(crate) fn is_dead(&self) -> bool {
        let here = Self::this_process();
        let proc = Path::new("/proc");
        // On systems other than Linux this is unknown, and the lease decides.
        self.host == here.host
            && !self.namespace.is_empty()
            && self.namespace == here.namespace
            && proc.join("1").exists()
            && !is_alive(&proc.join(self.pid.to_string()))
    }
}

/// Returns true if the process exists and is not a zombie. A parent may take long to collect a child that it has
/// killed.
fn is_alive(process: &Path) -> bool {
    match std::fs::read_to_string(process.join("stat")) {
        // The format is "123 (name) Z ...", and the name may contain any character (proc_pid_stat(5)).
        Ok(stat) => stat
            .rsplit_once(") ")
            .is_none_or(|(_, rest)| !rest.starts_with(['Z', 'X'])),
        Err(_) => process.exists(),
    }
}

/// Returns the boot and the process namespace, if Linux tells them.
fn namespace() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} (pid {})", self.user, self.host, self.pid)
    }
}

#[cfg(test)]
mod tests {
    use super::Holder;

    #[test]
    fn process_of_other_machine_is_not_dead() {
        let here = Holder::this_process();
        assert!(!here.is_dead());
        let ended = Holder {
            pid: u32::MAX,
            ..here.clone()
        };
        assert!(ended.is_dead());
        let elsewhere = Holder {
            host: "elsewhere".to_owned(),
            ..ended
        };
        assert!(!elsewhere.is_dead());
        assert_eq!(
            elsewhere.to_string(),
            format!("{}@elsewhere (pid {})", here.user, u32::MAX)
        );
    }

    #[test]
    fn deployments_are_separate_holders() {
        assert_ne!(Holder::this_process(), Holder::this_process());
    }
}
