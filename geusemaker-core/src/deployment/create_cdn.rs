//! `create_cdn()`: creates a distribution whose origin is the load balancer.

use std::sync::Arc;

use super::failed::Failed;
use super::{Deployment, Inner, conclude};
use crate::error::Error;
use crate::journal::event::Key;
use crate::ledger::Ledger;
use crate::plan::reached::{AlbHealthy, CdnPending};
use crate::resource::distribution::{self, NewDistribution};
use crate::wait::{Expected, Wait};

impl Deployment<AlbHealthy> {
    /// Creates the distribution. Returns as soon as CloudFront has accepted it. The deployment to every edge location
    /// takes minutes more, which [`deployed`](Deployment::deployed) waits for.
    ///
    /// # Errors
    /// Returns [`Failed`] with the distribution undone. The load balancer and the instances are returned as they were.
    pub async fn create_cdn(self) -> Result<Deployment<CdnPending>, Failed<AlbHealthy>> {
        let Inner { guard, state } = *self.inner;
        let ledger = guard.ledger();
        let savepoint = ledger.savepoint().await;
        let created = create(ledger, &state).await;
        conclude(guard, state, savepoint, created).await
    }
}

pub(super) async fn create(ledger: &Arc<Ledger>, alb: &AlbHealthy) -> Result<CdnPending, Error> {
    ledger.finish_undo().await?;
    let account = &ledger.account;
    account.progress.step("Creating CloudFront distribution...");
    let id = ledger
        .create(
            Key::new("distribution"),
            NewDistribution {
                name: ledger.plan.spec.name().to_string(),
                origin: alb.load_balancer.dns_name.clone(),
                owner: ledger.owner.clone(),
            },
        )
        .await?;
    let distribution = Wait::new(
        "CloudFront distribution to be visible",
        Expected::with_deadline_minutes(0, 5, 2),
    )
    .until(&account.clock, &account.progress, || {
        distribution::created(&account.reader, &id)
    })
    .await?;
    Ok(CdnPending {
        alb: alb.clone(),
        distribution,
    })
}
