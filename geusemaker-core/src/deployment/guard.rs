//! The guard of a deployment, which undoes the deployment when it is dropped. Before `launch()` there may be none.

use std::fmt::Debug;

use crate::ledger::rollback_guard::RollbackGuard;
use crate::ledger::unstarted::Unstarted;

/// The guard of a deployment in one state. A transition that fails gives the guard back.
pub trait Guard: Debug + Send + Sync + From<RollbackGuard> {
    /// Returns the rollback guard, or `None` if the deployment has no journal yet.
    fn begun(self) -> Option<RollbackGuard>;

    /// Returns the rollback guard, or `None` if the deployment has no journal yet.
    fn as_begun(&self) -> Option<&RollbackGuard>;
}

impl Guard for RollbackGuard {
    fn begun(self) -> Option<RollbackGuard> {
        Some(self)
    }

    fn as_begun(&self) -> Option<&RollbackGuard> {
        Some(self)
    }
}

/// The guard of a planned deployment.
#[derive(Debug)]
pub enum PlannedGuard {
    /// No journal exists yet.
    Unstarted(Box<Unstarted>),
    /// A launch was begun, and has failed or was interrupted.
    Begun(RollbackGuard),
}

impl From<Unstarted> for PlannedGuard {
    fn from(unstarted: Unstarted) -> Self {
        Self::Unstarted(Box::new(unstarted))
    }
}

impl From<RollbackGuard> for PlannedGuard {
    fn from(guard: RollbackGuard) -> Self {
        Self::Begun(guard)
    }
}

impl Guard for PlannedGuard {
    fn begun(self) -> Option<RollbackGuard> {
        match self {
            Self::Unstarted(_) => None,
            Self::Begun(guard) => Some(guard),
        }
    }

    fn as_begun(&self) -> Option<&RollbackGuard> {
        match self {
            Self::Unstarted(_) => None,
            Self::Begun(guard) => Some(guard),
        }
    }
}
