//! `open()`: continues a deployment that was begun earlier, by this process or another.

use super::Session;
use crate::deployment::Deployment;
use crate::deployment::state::Planned;
use crate::error::Error;
use crate::journal::state::Savepoint;
use crate::ledger::on_drop::OnDrop;
use crate::ledger::rollback_guard::RollbackGuard;
use crate::plan::reached::{AlbHealthy, CdnDeployed, CdnPending, Ec2Ready, Reached};
use crate::spec::StackName;

/// A deployment in the state that its journal shows. To continue, call the next transition: it finds in the journal
/// what was created already.
///
/// ```text
///  Planned ─▶ Ec2Ready ─▶ AlbHealthy ─▶ CdnPending ─▶ CdnDeployed
/// ```
///
/// [`Session::resume`] does all of it at once. Step by step:
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # session.plan(spec).await?.launch().await?.keep().await?;
/// use geusemaker_core::AnyDeployment;
///
/// // An earlier process has launched the stack, and kept it or was killed.
/// let ready = match session.open(&"llm".parse()?).await? {
///     AnyDeployment::Planned(planned) => planned.launch().await?,
///     AnyDeployment::Ec2Ready(ready) => ready,
///     // `finish` does all that is left to do.
///     further => return further.finish().await.map(drop),
/// };
/// let stack = ready.commit().await?;
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # assert!(aws.leftovers().is_empty());
/// # session.close().await.into_result()
/// # }
/// ```
#[must_use = "a deployment that is dropped is undone, unless it was committed"]
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyDeployment {
    /// `launch()` was never finished.
    Planned(Deployment<Planned>),
    /// `launch()` was finished.
    Ec2Ready(Deployment<Ec2Ready>),
    /// `balance()` was finished.
    AlbHealthy(Deployment<AlbHealthy>),
    /// `create_cdn()` was finished.
    CdnPending(Deployment<CdnPending>),
    /// `wait_until_deployed()` was finished.
    CdnDeployed(Deployment<CdnDeployed>),
}

/// The fate of what exists when a deployment is opened, if the deployment is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Earlier {
    IsUndone,
    Stays,
}

impl Session {
    /// Opens a deployment where its journal ends. A committed deployment is not undone when it is dropped; only the
    /// unfinished part of a transition is.
    ///
    /// # Errors
    /// Returns an error if the stack is being removed ([`Error::Ending`]), does not exist, or belongs to another
    /// account, if another process works on it, or this one holds it already ([`Error::Locked`]), or if its journal
    /// cannot be read.
    pub async fn open(&self, stack: &StackName) -> Result<AnyDeployment, Error> {
        self.open_and(stack, Earlier::IsUndone).await
    }

    /// Opens a deployment where its journal ends, and keeps what exists already: when the deployment is dropped or
    /// rolled back, only what was created since then is undone, and no state that it has reached is given up.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, FileSystems, Journals, Session};
    /// # use geusemaker_testkit::Aws;
    /// # let aws = Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
    /// # session.plan(spec).await?.launch().await?.keep().await?;
    /// let name = "llm".parse()?;
    /// // Nobody goes on with it, so it is as it was.
    /// drop(session.open_keeping(&name).await?);
    /// # session.close().await;
    /// assert_eq!(session.summary(&name).await?.phase.to_string(), "instances ready");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`Session::open`].
    pub async fn open_keeping(&self, stack: &StackName) -> Result<AnyDeployment, Error> {
        self.open_and(stack, Earlier::Stays).await
    }

    async fn open_and(&self, stack: &StackName, earlier: Earlier) -> Result<AnyDeployment, Error> {
        let (session, name) = (self.clone(), stack.clone());
        let opening = async move { session.acquire_to_continue(&name, earlier).await };
        let guard = self.cleanup().finish(stack, opening).await?;
        // Only now somebody has the deployment: an `open` that is dropped half way undoes nothing.
        guard.rearm()?;
        let state = guard.ledger().state();
        let plan = guard.ledger().plan.clone();
        Ok(match state.reached.clone() {
            None => AnyDeployment::Planned(Deployment::new(guard.into(), Planned { plan })),
            Some(Reached::Ec2Ready(state)) => {
                AnyDeployment::Ec2Ready(Deployment::new(guard, state))
            }
            Some(Reached::AlbHealthy(state)) => {
                AnyDeployment::AlbHealthy(Deployment::new(guard, state))
            }
            Some(Reached::CdnPending(state)) => {
                AnyDeployment::CdnPending(Deployment::new(guard, state))
            }
            Some(Reached::CdnDeployed(state)) => {
                AnyDeployment::CdnDeployed(Deployment::new(guard, state))
            }
        })
    }

    /// Acquires the journal of a deployment that is not being removed. The guard keeps everything until it is armed.
    async fn acquire_to_continue(
        &self,
        stack: &StackName,
        earlier: Earlier,
    ) -> Result<RollbackGuard, Error> {
        let ledger = self.acquire(stack).await?;
        let state = ledger.state();
        if state.is_tearing_down {
            ledger.release().await?;
            return Err(Error::Ending {
                stack: stack.clone(),
            });
        }
        let has_parts = !state.entries().is_empty();
        let on_drop = match (state.committed, earlier) {
            (Some(_), _) => OnDrop::UndoSince(Savepoint::default()),
            (None, Earlier::Stays) if has_parts => OnDrop::UndoSince(state.present()),
            (None, _) => OnDrop::UndoAll,
        };
        let guard = self.cleanup().guard(ledger, on_drop);
        guard.keep_on_drop();
        Ok(guard)
    }
}
