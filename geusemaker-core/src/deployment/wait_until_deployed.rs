//! `wait_until_deployed()`: waits until every edge location has the distribution.

use std::sync::Arc;
use std::time::Duration;

use super::failed::Failed;
use super::{Deployment, conclude};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::plan::reached::{CdnDeployed, CdnPending};
use crate::progress::step::Step;
use crate::resource::distribution;
use crate::spec::Cdn;
use crate::wait::timeouts::Stage;
use crate::wait::{Expected, Wait};

impl Deployment<CdnPending> {
    /// Waits until the distribution is deployed.
    ///
    /// # Errors
    /// Returns [`Failed`] with the deployment as it was: this call creates nothing, so there is nothing to undo. If the
    /// deadline has passed, CloudFront is still working, and the call can be made again.
    pub async fn wait_until_deployed(self) -> Result<Deployment<CdnDeployed>, Failed<CdnPending>> {
        self.wait_at_most(Duration::MAX).await
    }

    /// Waits until the distribution is deployed, for this long or up to the deadline of the spec. With no time at all, it
    /// looks once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # let aws = geusemaker_testkit::Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = "name = 'llm'\ntier = 3\ncompute.instance_type = 'g5.xlarge'\n\
    /// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
    /// # let spec = DeploymentSpec::from_toml(spec)?;
    /// # let pending = session.plan(spec).await?.launch().await?.balance().await?.create_cdn().await?;
    /// use std::time::Duration;
    ///
    /// // Not yet: CloudFront takes minutes.
    /// let failed = pending.wait_at_most(Duration::ZERO).await.unwrap_err();
    /// let deployed = failed.previous.wait_until_deployed().await?;
    /// # deployed.rollback().await.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`wait_until_deployed`](Self::wait_until_deployed).
    pub async fn wait_at_most(
        self,
        limit: Duration,
    ) -> Result<Deployment<CdnDeployed>, Failed<CdnPending>> {
        let (guard, state) = self.begin()?;
        let ledger = guard.ledger();
        let savepoint = ledger.savepoint();
        let deployed = ledger
            .unless_closed(Box::pin(await_deployed(ledger, &state, limit)))
            .await;
        conclude(guard, state, savepoint, deployed).await
    }
}

pub(super) async fn await_deployed(
    ledger: &Arc<Ledger>,
    pending: &CdnPending,
    limit: Duration,
) -> Result<CdnDeployed, Error> {
    let account = &ledger.account;
    account.progress.step(Step::WaitingForDistribution);
    let usual = account.timeouts.of_spec(
        Stage::Cdn,
        ledger.plan.spec.cdn().wait_timeout(),
        Cdn::default().wait_timeout(),
    );
    let deadline = account.timeouts.of(Stage::Cdn, usual).min(limit);
    let id = &pending.distribution.id;
    let distribution = Wait::new(
        "CloudFront deployment",
        Expected::seconds(150, 480, deadline),
    )
    .about(ledger.resource(id))
    .until(&account.clock, &account.progress, || {
        distribution::deployed(&account.reader, id)
    })
    .await?;
    account.progress.step(Step::DistributionDeployed {
        domain: distribution.domain.clone(),
    });
    Ok(CdnDeployed {
        alb: pending.alb.clone(),
        distribution,
    })
}
