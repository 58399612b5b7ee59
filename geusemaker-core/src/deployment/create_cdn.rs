//! `create_cdn()`: creates a distribution whose origin is the load balancer, after a VPC origin if that is internal.

use std::sync::Arc;

use super::certificates;
use super::failed::Failed;
use super::listeners::agreed_secret;
use super::names::lead_to_distribution;
use super::{Deployment, asked_tier, conclude, vpc_origin};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::plan::reached::{AlbHealthy, CdnPending};
use crate::progress::step::Step;
use crate::resource::distribution::{self, NewDistribution};
use crate::resource_key::ResourceKey;
use crate::wait::{Expected, Wait};

impl Deployment<AlbHealthy> {
    /// Creates the distribution. Returns as soon as CloudFront has accepted it. The deployment to every edge location
    /// takes minutes more, which [`wait_until_deployed`](Deployment::wait_until_deployed) waits for.
    ///
    /// With `cdn.origin = "vpc"`, a VPC origin is created first and waited for, which takes up to a quarter of an hour.
    ///
    /// # Errors
    /// Returns [`Failed`] with the distribution and the VPC origin undone. The load balancer and the instances are returned as they were.
    pub async fn create_cdn(self) -> Result<Deployment<CdnPending>, Failed<AlbHealthy>> {
        if let Err(error) = asked_tier::has_cdn(&self.state().ec2.plan, "create_cdn()") {
            return Err(Failed::refused(error, self));
        }
        let (guard, state) = self.begin()?;
        let ledger = guard.ledger();
        let savepoint = ledger.savepoint();
        let created = ledger.unless_closed(Box::pin(create(ledger, &state))).await;
        conclude(guard, state, savepoint, created).await
    }
}

pub(super) async fn create(ledger: &Arc<Ledger>, alb: &AlbHealthy) -> Result<CdnPending, Error> {
    ledger.finish_undo().await?;
    let account = &ledger.account;
    let certificates = certificates::request(ledger).await?;
    let certificate = certificates.issued_for_cdn(ledger).await?.cloned();
    let vpc_origin = vpc_origin::create(ledger, &alb.load_balancer.arn).await?;
    account.progress.step(Step::CreatingDistribution);
    let secret = agreed_secret(ledger).await?;
    let spec = &ledger.plan.spec;
    let id = ledger
        .create(
            ResourceKey::new("distribution"),
            NewDistribution {
                name: spec.name().to_string(),
                origin: match spec.origin_name() {
                    Some(name) => name.to_string(),
                    None => alb.load_balancer.dns_name.clone(),
                },
                vpc_origin,
                is_origin_secure: spec.balancer_certificate().is_some(),
                certificate,
                names: match spec.cdn_certificate() {
                    Some(_) => spec.names(),
                    None => Vec::new(),
                },
                secret,
                read_timeout: spec.read_timeout(),
                cdn: spec.cdn().clone(),
                owner: ledger.owner.clone(),
            },
        )
        .await?;
    let distribution = Wait::new(
        "CloudFront distribution to be visible",
        Expected::with_deadline_minutes(0, 5, 2),
    )
    .about(ledger.resource(&id))
    .until(&account.clock, &account.progress, || {
        distribution::created(&account.reader, &id)
    })
    .await?;
    lead_to_distribution(ledger, &distribution).await?;
    Ok(CdnPending {
        alb: alb.clone(),
        distribution,
    })
}
