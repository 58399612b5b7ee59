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
    /// Which boot and which namespace the process id belongs to; empty where the system does not say.
    #[serde(default)]
    pub namespace: String,
    /// The deployment in that process.
    pub session: String,
}

/// How long a claim holds without being renewed. Every wait renews it long before.
pub(crate) const LEASE: Duration = Duration::from_secs(15 * 60);

impl Holder {
    /// The process that asks, for one deployment.
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

    /// Whether the process has certainly ended: its id is one of this machine, this boot and this namespace, in which
    /// other processes can be seen, and none of that id lives any more.
    pub(crate) fn is_dead(&self) -> bool {
        let here = Self::this_process();
        let proc = Path::new("/proc");
        // Elsewhere than on Linux nobody knows, and the lease decides.
        self.host == here.host
            && !self.namespace.is_empty()
            && self.namespace == here.namespace
            && proc.join("1").exists()
            && !is_alive(&proc.join(self.pid.to_string()))
    }
}

/// Whether a process is there and more than what its parent has yet to collect: a program that kills another need not
/// hurry to do so.
fn is_alive(process: &Path) -> bool {
    match std::fs::read_to_string(process.join("stat")) {
        // "123 (name) Z ...", and the name may have anything in it (proc_pid_stat(5)).
        Ok(stat) => stat
            .rsplit_once(") ")
            .is_none_or(|(_, rest)| !rest.starts_with(['Z', 'X'])),
        Err(_) => process.exists(),
    }
}

/// The boot and the process namespace, where Linux tells.
fn namespace() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} (process {})", self.user, self.host, self.pid)
    }
}

#[cfg(test)]
mod tests {
    use super::Holder;

    #[test]
    fn only_a_process_of_this_machine_can_be_known_to_have_ended() {
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
            format!("{}@elsewhere (process {})", here.user, u32::MAX)
        );
    }

    #[test]
    fn two_deployments_of_one_process_are_two_holders() {
        assert_ne!(Holder::this_process(), Holder::this_process());
    }
}
