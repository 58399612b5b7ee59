//! `publish()`: creates the distribution and waits until it is deployed, in one transition.

use std::time::Duration;

use super::create_cdn::create;
use super::failed::Failed;
use super::wait_until_deployed::await_deployed;
use super::{Deployment, asked_tier, conclude};
use crate::plan::reached::{AlbHealthy, CdnDeployed};

impl Deployment<AlbHealthy> {
    /// Creates the distribution and waits until it is deployed.
    ///
    /// # Errors
    /// Returns [`Failed`] with the distribution disabled and deleted, also when the deadline passes. The load balancer
    /// and the instances are returned as they were, so it can be called again. To keep a distribution that is only
    /// slow, use [`create_cdn`](Deployment::create_cdn) and [`wait_until_deployed`](Deployment::wait_until_deployed).
    pub async fn publish(self) -> Result<Deployment<CdnDeployed>, Failed<AlbHealthy>> {
        if let Err(error) = asked_tier::has_cdn(&self.state().ec2.plan, "publish()") {
            return Err(Failed::refused(error, self));
        }
        let (guard, state) = self.begin()?;
        let ledger = guard.ledger();
        let savepoint = ledger.savepoint();
        let published = async {
            let pending = create(ledger, &state).await?;
            await_deployed(ledger, &pending, Duration::MAX).await
        };
        let published = ledger.unless_closed(Box::pin(published)).await;
        conclude(guard, state, savepoint, published).await
    }
}
