//! `wait_until_deployed()`: waits until every edge location has the distribution.

use std::sync::Arc;

use super::failed::Failed;
use super::{Deployment, conclude};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::plan::reached::{CdnDeployed, CdnPending};
use crate::progress::step::Step;
use crate::resource::distribution;
use crate::wait::{Expected, Wait};

impl Deployment<CdnPending> {
    /// Waits until the distribution is deployed.
    ///
    /// # Errors
    /// Returns [`Failed`] with the deployment as it was: this call creates nothing, so there is nothing to undo. If the
    /// deadline has passed, CloudFront is still working, and the call can be made again.
    pub async fn wait_until_deployed(self) -> Result<Deployment<CdnDeployed>, Failed<CdnPending>> {
        let (guard, state) = self.begin()?;
        let ledger = guard.ledger();
        let savepoint = ledger.savepoint();
        let deployed = ledger
            .unless_closed(Box::pin(await_deployed(ledger, &state)))
            .await;
        conclude(guard, state, savepoint, deployed).await
    }
}

pub(super) async fn await_deployed(
    ledger: &Arc<Ledger>,
    pending: &CdnPending,
) -> Result<CdnDeployed, Error> {
    let account = &ledger.account;
    account.progress.step(Step::WaitingForDistribution);
    let deadline = ledger.plan.spec.cdn().wait_timeout();
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
