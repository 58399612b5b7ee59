//! Lifecycle overrides: a fault's decision on the lifecycle of the resource that a call is about.

#[cfg(test)]
mod tests;

use std::time::Duration;

/// As good as forever, and short enough to be added to a timestamp.
pub(crate) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// An override of the lifecycle of the resource that a call creates, changes or deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum LifecycleOverride {
    /// No override: durations are random.
    #[default]
    Usual,
    /// The resource never leaves the state into which the call puts it.
    Stuck,
    /// The resource takes that much longer than the random duration.
    Slow(Duration),
    /// The resource ends in the failure that AWS knows for its kind: an instance is terminated, a load balancer or
    /// a NAT gateway is `failed`, a file system or mount target is in `error`, a target is `unhealthy`.
    Fails {
        /// AWS's reason code, such as `Server.InsufficientInstanceCapacity` or `Target.Timeout`.
        reason: String,
        /// The time between coming up and failing; `None` if the resource never comes up.
        after: Option<Duration>,
    },
}

impl LifecycleOverride {
    /// Returns the duration of a step that usually takes `usual`.
    pub(crate) fn duration(&self, usual: Duration) -> Duration {
        match self {
            Self::Usual | Self::Fails { .. } => usual,
            Self::Stuck => CENTURY,
            Self::Slow(by) => usual.saturating_add(*by),
        }
    }
}
