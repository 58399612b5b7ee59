//! `rotate_origin_secret()`: changes the secret between the CDN and the load balancer of a stack in use.

use super::Session;
use crate::deployment::origin_secret_rotation::{self, RotatedOriginSecret};
use crate::error::Error;
use crate::id::DistributionId;
use crate::ledger::on_drop::OnDrop;
use crate::ledger::rollback_guard::RollbackGuard;
use crate::spec::StackName;

impl Session {
    /// Changes the secret header by which the load balancer of a stack knows its CDN. Every request is served
    /// meanwhile, also if the call is interrupted: the load balancer then admits two secrets, until the next call has
    /// finished that and made a change of its own. It takes as long as two deployments of the distribution at most.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # use geusemaker_testkit::Aws;
    /// # let aws = Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = "name = 'llm'\ntier = 3\ncompute.instance_type = 'g5.xlarge'\n\
    /// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
    /// # let spec = DeploymentSpec::from_toml(spec)?;
    /// # let balanced = session.plan(spec).await?.launch().await?.balance().await?;
    /// # let stack = balanced.publish().await?.commit().await?;
    /// let rotated = session.rotate_origin_secret(&stack.name).await?;
    /// assert_eq!(rotated.rules, 1);
    /// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if there is no such stack, it has no CDN ([`Error::NoCdn`]) or one with a VPC origin
    /// ([`Error::NoSecretNeeded`]), was never finished ([`Error::Unfinished`]), is being removed ([`Error::Ending`]), if
    /// another process works on it, or if AWS refuses a call. After an error the stack serves its requests as before, and
    /// the call can be made again.
    pub async fn rotate_origin_secret(
        &self,
        stack: &StackName,
    ) -> Result<RotatedOriginSecret, Error> {
        let (session, name) = (self.clone(), stack.clone());
        let acquiring = async move { session.acquire_published(&name).await };
        let (guard, distribution) = self.cleanup().finish(stack, acquiring).await?;
        let ledger = guard.ledger();
        let rotation = Box::pin(origin_secret_rotation::rotate(ledger, &distribution));
        let rotated = ledger.unless_closed(rotation).await;
        let released = guard.release().await;
        let rotated = rotated?;
        released?;
        Ok(rotated)
    }

    /// Acquires the journal of a stack that is in use and has a CDN. The guard keeps everything.
    async fn acquire_published(
        &self,
        stack: &StackName,
    ) -> Result<(RollbackGuard, DistributionId), Error> {
        let ledger = self.acquire(stack).await?;
        let state = ledger.state();
        let stack = stack.clone();
        let reached = state.reached.as_ref();
        let distribution = reached.and_then(|reached| reached.distribution());
        let refusal = match (state.is_tearing_down, state.committed, distribution) {
            (true, _, _) => Error::Ending { stack },
            (false, Some(_), Some(distribution)) => {
                let guard = self.cleanup().guard(ledger, OnDrop::Keep);
                return Ok((guard, distribution.id.clone()));
            }
            (false, None, Some(_)) => Error::Unfinished { stack },
            (false, _, None) => Error::NoCdn {
                stack,
                tier: ledger.plan.spec.tier(),
            },
        };
        ledger.release().await?;
        Err(refusal)
    }
}
