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
///
/// ```
/// use geusemaker_core::{Deployment, Error, State};
///
/// // A function for deployments in every state.
/// async fn keep<S: State>(deployment: Deployment<S>) -> Result<(), Error> {
///     println!("keeping {deployment:?}");
///     deployment.keep().await
/// }
/// ```
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
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// let planned = session.plan(spec).await?;
/// // Nothing exists yet: this is the time to ask for confirmation.
/// let plan = &planned.state().plan;
/// println!("{} in account {}, {}", plan.spec.name(), plan.account, plan.region);
/// let ready = planned.launch().await?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Planned {
    /// The plan of what will be created.
    pub plan: Plan,
}
