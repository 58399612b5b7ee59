//! The life cycle that file systems, mount targets and access points share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sim::context::RequestContext;
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::timings::Step;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LifeCycleState {
    Available,
    Creating,
    Deleting,
    Error,
    Updating,
}

impl LifeCycleState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Creating => "creating",
            Self::Deleting => "deleting",
            Self::Error => "error",
            Self::Updating => "updating",
        }
    }
}

/// The times from which a life-cycle state follows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LifeCycle {
    available_at: Timestamp,
    /// The time from which the state is `error`, if a fault has decided so.
    #[serde(default)]
    failed_at: Option<Timestamp>,
    /// The time at which the last update is complete.
    #[serde(default)]
    updated_at: Option<Timestamp>,
    /// The time at which the deletion is complete, once a call has asked for it.
    gone_at: Option<Timestamp>,
}

impl LifeCycle {
    /// Begins a life cycle with a creation that takes that step.
    pub(super) fn begin(context: &mut RequestContext<'_>, step: Step) -> Self {
        let available_at = context.now + context.duration(step);
        let failed_at = match context.lifecycle {
            LifecycleOverride::Fails { after, .. } => {
                Some(available_at + after.unwrap_or_default())
            }
            LifecycleOverride::Usual | LifecycleOverride::Stuck | LifecycleOverride::Slow(_) => {
                None
            }
        };
        Self {
            available_at,
            failed_at,
            updated_at: None,
            gone_at: None,
        }
    }

    pub(super) fn state(&self, now: Timestamp) -> LifeCycleState {
        if self.gone_at.is_some() {
            LifeCycleState::Deleting
        } else if self.failed_at.is_some_and(|at| at <= now) {
            LifeCycleState::Error
        } else if now < self.available_at {
            LifeCycleState::Creating
        } else if self.updated_at.is_some_and(|at| now < at) {
            LifeCycleState::Updating
        } else {
            LifeCycleState::Available
        }
    }

    pub(super) fn update(&mut self, updated_at: Timestamp) {
        self.updated_at = Some(updated_at);
    }

    /// Begins the deletion and returns the time at which it is complete. A second call does not postpone it.
    pub(super) fn delete(&mut self, gone_at: Timestamp) -> Timestamp {
        *self.gone_at.get_or_insert(gone_at)
    }

    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone_at| gone_at <= now)
    }
}
