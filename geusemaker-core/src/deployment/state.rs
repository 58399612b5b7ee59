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

        /// The name of the state.
        const NAME: &'static str;

        /// Returns the plan of the deployment.
        fn plan(&self) -> &super::Plan;
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
    ($($state:ident guarded by $guard:ident, with $($plan:ident).+;)+) => {$(
        impl sealed::Sealed for $state {
            type Guard = $guard;

            const NAME: &'static str = stringify!($state);

            fn plan(&self) -> &Plan {
                &self.$($plan).+
            }
        }
        impl State for $state {}
    )+};
}

states! {
    Planned guarded by PlannedGuard, with plan;
    Ec2Ready guarded by RollbackGuard, with plan;
    AlbHealthy guarded by RollbackGuard, with ec2.plan;
    CdnPending guarded by RollbackGuard, with alb.ec2.plan;
    CdnDeployed guarded by RollbackGuard, with alb.ec2.plan;
}

/// The state before anything exists: the spec fits the account, and everything that it leaves open is chosen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Planned {
    /// The plan of what will be created.
    pub plan: Plan,
}
