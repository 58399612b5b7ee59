//! The states that a deployment can be in, and the guard that it has in each.

use super::guard::{Guard, PlannedGuard};
use crate::ledger::rollback_guard::RollbackGuard;
use crate::plan::Plan;
use crate::plan::reached::{AlbHealthy, CdnDeployed, CdnPending, Ec2Ready};

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "`State` is sealed: `{Self}` cannot be made a state of a deployment",
        label = "not a state of a deployment"
    )]
    pub trait Sealed {
        /// The guard of a deployment in this state.
        type Guard: super::Guard;
    }
}

/// A state that a [`Deployment`](crate::Deployment) can be in.
///
/// The trait is sealed: the states are [`Planned`], [`Ec2Ready`], [`AlbHealthy`], [`CdnPending`] and [`CdnDeployed`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state of a deployment",
    label = "not a state of a deployment",
    note = "the states are Planned, Ec2Ready, AlbHealthy, CdnPending and CdnDeployed"
)]
pub trait State: sealed::Sealed + Send + Sync + 'static {}

macro_rules! states {
    ($($state:ident guarded by $guard:ident,)+) => {$(
        impl sealed::Sealed for $state {
            type Guard = $guard;
        }
        impl State for $state {}
    )+};
}

states! {
    Planned guarded by PlannedGuard,
    Ec2Ready guarded by RollbackGuard,
    AlbHealthy guarded by RollbackGuard,
    CdnPending guarded by RollbackGuard,
    CdnDeployed guarded by RollbackGuard,
}

/// The state before anything exists: the spec fits the account, and everything that it leaves open is chosen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Planned {
    /// The plan of what will be created.
    pub plan: Plan,
}
