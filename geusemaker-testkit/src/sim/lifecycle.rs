//! What becomes of the resource that a call is about, where a fault has decided it.

use std::time::Duration;

/// The fate of the resource that a call creates, changes or deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum LifecycleOverride {
    /// As the dice have it.
    #[default]
    Usual,
    /// It never leaves the state into which the call puts it.
    Stuck,
    /// It takes that much longer than the dice say.
    Slow(Duration),
    /// It ends in the failure that AWS knows for its kind: an instance is terminated, a load balancer `failed`, a file
    /// system or mount target in `error`, a target `unhealthy`.
    Fails {
        /// AWS's reason code: `Server.InsufficientInstanceCapacity`, `Target.Timeout`.
        reason: String,
        /// How long after it came up; none if it never comes up.
        after: Option<Duration>,
    },
}

impl LifecycleOverride {
    /// What a step takes that would take `usual`.
    pub(crate) fn duration(&self, usual: Duration) -> Duration {
        match self {
            Self::Usual | Self::Fails { .. } => usual,
            Self::Stuck => CENTURY,
            Self::Slow(by) => usual.saturating_add(*by),
        }
    }
}

/// As good as for ever, and timestamps can still be added to it.
pub(crate) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
