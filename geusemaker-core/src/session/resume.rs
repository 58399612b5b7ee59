//! `resume()`: finishes a deployment that was begun earlier, by this process or another.

use super::Session;
use super::open::AnyDeployment;
use crate::deployment::Deployment;
use crate::deployment::commit::CommittedStack;
use crate::error::Error;
use crate::plan::reached::{AlbHealthy, CdnPending};
use crate::spec::{StackName, Tier};

impl Session {
    /// Finishes a deployment where its journal ends, up to the tier of its spec, and commits it. Returns the record of a
    /// stack that was committed before; AWS is then not asked.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, FileSystems, Journals, Session};
    /// # let aws = geusemaker_testkit::Aws::new();
    /// # let journals = Journals::in_memory();
    /// # let earlier = Session::new(aws.sdk_config(), journals.clone());
    /// # let spec = DeploymentSpec::from_toml("name = 'llm-prod'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
    /// # earlier.plan(spec).await?.launch().await?.keep().await?;
    /// # let session = Session::new(aws.sdk_config(), journals);
    /// // An earlier process has launched the stack, and kept it or was killed.
    /// let stack = session.resume(&"llm-prod".parse()?).await?;
    /// println!("{} runs on {:?}", stack.name, stack.outputs.instances);
    /// # session.destroy(&stack.name, FileSystems::Delete).await?.into_result()?;
    /// # assert!(aws.leftovers().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`Session::open`], and those of the transitions. A failure undoes the deployment, as `?`
    /// after a transition does, unless it is about credentials; call [`Session::keep_dropped`] before to keep what
    /// there is.
    pub async fn resume(&self, stack: &StackName) -> Result<CommittedStack, Error> {
        let (journal, header) = self.journal(stack).await?;
        let state = &journal.state;
        if let (Some(tier), Some(reached), false) =
            (state.committed, &state.reached, state.is_tearing_down)
        {
            return Ok(CommittedStack::of(&header.id, &header.plan, tier, reached));
        }
        self.open(stack).await?.finish().await
    }
}

impl AnyDeployment {
    /// Continues up to the tier of the spec, and commits.
    ///
    /// # Errors
    /// Returns the error of the transition that failed. The deployment is then dropped and so undone, unless the error
    /// is about credentials.
    pub async fn finish(self) -> Result<CommittedStack, Error> {
        let ec2 = match self {
            Self::Planned(planned) => planned.launch().await?,
            Self::Ec2Ready(ec2) => ec2,
            Self::AlbHealthy(alb) => return finish_alb(alb).await,
            Self::CdnPending(cdn) => return finish_cdn(cdn).await,
            Self::CdnDeployed(cdn) => return Ok(cdn.commit().await?),
        };
        match ec2.state().plan.spec.tier() {
            Tier::Instances => Ok(ec2.commit().await?),
            Tier::LoadBalancer | Tier::Cdn => finish_alb(ec2.balance().await?).await,
        }
    }
}

async fn finish_alb(alb: Deployment<AlbHealthy>) -> Result<CommittedStack, Error> {
    match alb.state().ec2.plan.spec.tier() {
        Tier::Instances | Tier::LoadBalancer => Ok(alb.commit().await?),
        Tier::Cdn => finish_cdn(alb.create_cdn().await?).await,
    }
}

async fn finish_cdn(cdn: Deployment<CdnPending>) -> Result<CommittedStack, Error> {
    Ok(cdn.wait_until_deployed().await?.commit().await?)
}
