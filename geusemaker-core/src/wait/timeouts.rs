//! The time limits that a session sets, in place of those of specs and of this crate.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Expected;

/// A stage of the work on a stack, whose time limit a session can set: see
/// [`SessionBuilder::timeout`](crate::SessionBuilder::timeout).
///
/// ```
/// use geusemaker_core::Stage;
///
/// let stage: Stage = "load-balancer".parse()?;
/// assert_eq!(stage, Stage::LoadBalancer);
/// assert!("alb".parse::<Stage>().is_err());
/// # Ok::<(), geusemaker_core::InvalidStage>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Each wait for the instances, the shared file system, and the services of tier 1: 10 to 30 minutes by default.
    Instances,
    /// The wait for an active load balancer with healthy targets: `load_balancer.wait_timeout` by default.
    LoadBalancer,
    /// The wait for each certificate: `domain.wait_timeout` by default.
    Certificate,
    /// The wait for CloudFront: `cdn.wait_timeout` by default.
    Cdn,
    /// The wait until a resource is deleted: 5 to 60 minutes by default, for each kind.
    Deletion,
}

impl Stage {
    /// All stages, in the order of a deployment.
    pub const ALL: [Self; 5] = [
        Self::Instances,
        Self::LoadBalancer,
        Self::Certificate,
        Self::Cdn,
        Self::Deletion,
    ];

    /// Returns the name of the stage: `load-balancer`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::LoadBalancer => "load-balancer",
            Self::Certificate => "certificate",
            Self::Cdn => "cdn",
            Self::Deletion => "deletion",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Error returned when a text is not a stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a stage: the stages are instances, load-balancer, certificate, cdn and deletion"
)]
pub struct InvalidStage {
    text: String,
}

impl FromStr for Stage {
    type Err = InvalidStage;

    fn from_str(text: &str) -> Result<Self, InvalidStage> {
        let mut stages = Self::ALL.into_iter();
        stages
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| InvalidStage {
                text: text.to_owned(),
            })
    }
}

/// The time limits that a session sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// In place of those of specs.
    set: BTreeMap<Stage, Duration>,
    /// In place of those of this crate, where a spec says nothing.
    defaults: BTreeMap<Stage, Duration>,
}

impl Timeouts {
    pub(crate) fn set(&mut self, stage: Stage, limit: Duration) {
        self.set.insert(stage, limit);
    }

    pub(crate) fn set_default(&mut self, stage: Stage, limit: Duration) {
        self.defaults.insert(stage, limit);
    }

    /// Returns the time limit that a spec has for a stage, or the session's default in place of that of this crate.
    pub(crate) fn of_spec(&self, stage: Stage, limit: Duration, default: Duration) -> Duration {
        let own = self.defaults.get(&stage).filter(|_| limit == default);
        own.copied().unwrap_or(limit)
    }

    /// Returns the time limit of a stage, which is usually this one.
    pub(crate) fn of(&self, stage: Stage, usual: Duration) -> Duration {
        let own = match stage {
            Stage::Instances | Stage::Deletion => self.defaults.get(&stage),
            // A spec has these.
            Stage::LoadBalancer | Stage::Certificate | Stage::Cdn => None,
        };
        self.set.get(&stage).or(own).copied().unwrap_or(usual)
    }

    /// Returns the expectation of a wait with the time limit of its stage.
    pub(crate) fn apply(&self, stage: Stage, expected: Expected) -> Expected {
        Expected {
            deadline: self.of(stage, expected.deadline),
            ..expected
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec_comes_before_default_of_session() {
        let [minute, hour, day] = [60, 3600, 86400].map(Duration::from_secs);
        let mut timeouts = Timeouts::default();
        timeouts.set_default(Stage::Cdn, hour);
        timeouts.set_default(Stage::Deletion, hour);
        // The spec says nothing, so it has the default.
        assert_eq!(timeouts.of_spec(Stage::Cdn, minute, minute), hour);
        assert_eq!(timeouts.of_spec(Stage::Cdn, day, minute), day);
        assert_eq!(timeouts.of(Stage::Cdn, day), day);
        assert_eq!(timeouts.of(Stage::Deletion, minute), hour);
        timeouts.set(Stage::Cdn, minute);
        assert_eq!(timeouts.of(Stage::Cdn, day), minute);
    }

    #[test]
    fn stage_is_read_as_it_is_written() {
        for stage in Stage::ALL {
            assert_eq!(stage.to_string().parse(), Ok(stage));
        }
        let error = "Cdn".parse::<Stage>().unwrap_err();
        for stage in Stage::ALL {
            assert!(error.to_string().contains(stage.as_str()), "{error}");
        }
    }
}
