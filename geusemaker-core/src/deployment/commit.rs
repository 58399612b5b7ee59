//! `commit()`: records that the deployment is in use, so that no failure undoes it any more.

use serde::Serialize;

use super::failed::Failed;
use super::protection::protect;
use super::started_services::await_started;
use super::state::State;
use super::{Deployment, asked_tier, pending_work};
use crate::id::{AccountId, DeploymentId, FileSystemId, InstanceId};
use crate::ledger::rollback_guard::RollbackGuard;
use crate::plan::Plan;
use crate::plan::reached::{AlbHealthy, CdnDeployed, Ec2Ready, Reached};
use crate::progress::step::Step;
use crate::resource::instance::RunningInstance;
use crate::spec::{CidrBlock, Region, ServiceName, StackName, Tier};

/// A committed deployment: its identity and its outputs.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// println!("{} of tier {} in {}", stack.name, stack.tier, stack.region);
/// // For other programs, as JSON.
/// let json = serde_json::to_value(&stack).unwrap();
/// assert_eq!(json["outputs"]["instances"][0], stack.outputs.instances[0].as_str());
/// // The name is what the other functions of a session take.
/// session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CommittedStack {
    /// The stack's name.
    pub name: StackName,
    /// The deployment's id, which is in the tags of its resources.
    pub deployment: DeploymentId,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The committed tier.
    pub tier: Tier,
    /// The addresses and ids for using the deployment.
    pub outputs: Outputs,
}

/// The addresses and ids for using a deployment.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// let healthy = session.plan(spec).await?.launch().await?.balance().await?;
/// let outputs = healthy.commit().await?.outputs;
/// let dns = outputs.load_balancer_dns.unwrap();
/// assert_eq!(outputs.url, Some(format!("http://{dns}")));
/// assert_eq!(outputs.distribution_domain, None);
/// # session.destroy(&"llm".parse()?, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Outputs {
    /// The URL to open: that of the stack's own name, otherwise that of the distribution, or of the load balancer.
    pub url: Option<String>,
    /// The load balancer's DNS name.
    pub load_balancer_dns: Option<String>,
    /// The distribution's domain.
    pub distribution_domain: Option<String>,
    /// The ids of the instances.
    pub instances: Vec<InstanceId>,
    /// The address of each instance when it was launched: the public one, or the private one if it has no other.
    pub addresses: Vec<String>,
    /// The services on each instance, if no load balancer stands in front of them: tier 1.
    pub endpoints: Vec<Endpoint>,
    /// The file system.
    pub file_system: Option<FileSystemId>,
}

/// A service on an instance that no load balancer stands in front of.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n\
/// #     access.allow = ['203.0.113.0/24']\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// let endpoint = &stack.outputs.endpoints[0];
/// assert!(endpoint.url.ends_with(":11434"));
/// assert_eq!(endpoint.open_to[0].as_str(), "203.0.113.0/24");
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Endpoint {
    /// The service.
    pub service: ServiceName,
    /// The instance.
    pub instance: InstanceId,
    /// The URL of the service: with the public address of the instance, or its private one if it has no other.
    pub url: String,
    /// The ranges of addresses that may reach it. If there are none, only a forwarded port leads to it.
    pub open_to: Vec<CidrBlock>,
}

impl Endpoint {
    fn all(ec2: &Ec2Ready) -> Vec<Self> {
        let spec = &ec2.plan.spec;
        if spec.tier() != Tier::Instances {
            return Vec::new();
        }
        let services = || spec.served_services();
        let of_instance = |instance: &RunningInstance| {
            let address = instance.public_ip.as_ref().or(instance.private_ip.as_ref());
            let address = address.cloned().unwrap_or_default();
            let id = instance.id.clone();
            services().filter_map(move |service| {
                Some(Self {
                    service: service.name().clone(),
                    instance: id.clone(),
                    url: format!("http://{address}:{}", service.port()?.host()),
                    open_to: spec.access().allow().to_vec(),
                })
            })
        };
        ec2.instances.iter().flat_map(of_instance).collect()
    }
}

impl CommittedStack {
    pub(crate) fn of(
        deployment: &DeploymentId,
        plan: &Plan,
        tier: Tier,
        reached: &Reached,
    ) -> Self {
        Self {
            name: plan.spec.name().clone(),
            deployment: deployment.clone(),
            account: plan.account.clone(),
            region: plan.region.clone(),
            tier,
            outputs: Outputs::of(reached),
        }
    }
}

impl Outputs {
    pub(crate) fn of(reached: &Reached) -> Self {
        let ec2 = reached.ec2();
        let load_balancer_dns = reached.alb().map(|alb| alb.load_balancer.dns_name.clone());
        let distribution_domain = reached.distribution().map(|cdn| cdn.domain.clone());
        let spec = &ec2.plan.spec;
        let name = spec.names().into_iter().next();
        let url = match (&distribution_domain, &load_balancer_dns) {
            (None, None) => None,
            (Some(_), _) | (None, Some(_)) if name.is_some() => {
                name.map(|name| format!("https://{name}"))
            }
            (Some(domain), _) => Some(format!("https://{domain}")),
            (None, Some(dns)) if spec.balancer_certificate().is_some() => {
                Some(format!("https://{dns}"))
            }
            (None, Some(dns)) => Some(format!("http://{dns}")),
        };
        Self {
            url,
            load_balancer_dns,
            distribution_domain,
            instances: ec2
                .instances
                .iter()
                .map(|instance| instance.id.clone())
                .collect(),
            addresses: ec2
                .instances
                .iter()
                .filter_map(|it| it.public_ip.clone().or_else(|| it.private_ip.clone()))
                .collect(),
            endpoints: Endpoint::all(ec2),
            file_system: Some(ec2.file_system.clone()),
        }
    }
}

impl Deployment<Ec2Ready> {
    /// Commits tier 1, once the mount targets are available, the GPU check has passed, and the containers run. After half
    /// an hour it does not wait for containers any longer; with `gpu_check = false` it reads no console of
    /// instances with GPUs, and does not wait for their containers at all.
    ///
    /// # Errors
    /// Returns [`Failed`] with the deployment as it was.
    pub async fn commit(self) -> Result<CommittedStack, Failed<Ec2Ready>> {
        if let Err(error) = asked_tier::is_reached(&self.state().plan, Tier::Instances) {
            return Err(Failed::refused(error, self));
        }
        let (guard, state) = self.begin()?;
        let ledger = guard.ledger();
        let finished = ledger
            .unless_closed(Box::pin(async {
                let at_work = pending_work::finish(ledger, &state).await?;
                await_started(ledger, &at_work).await
            }))
            .await;
        let ready = Self::new(guard, state);
        match finished {
            Ok(()) => commit_tier(ready, Tier::Instances).await,
            Err(error) => Err(Failed::refused(error, ready)),
        }
    }
}

impl Deployment<AlbHealthy> {
    /// Commits tier 2. With `load_balancer.deletion_protection`, the load balancer is protected from now on.
    ///
    /// # Errors
    /// Returns [`Failed`] with the deployment as it was if the journal cannot be written, or the load balancer cannot be
    /// protected.
    pub async fn commit(self) -> Result<CommittedStack, Failed<AlbHealthy>> {
        if let Err(error) = asked_tier::is_reached(&self.state().ec2.plan, Tier::LoadBalancer) {
            return Err(Failed::refused(error, self));
        }
        let ledger = self.inner.guard.ledger();
        let protected = ledger
            .unless_closed(Box::pin(protect(ledger, self.state())))
            .await;
        match protected {
            Ok(()) => commit_tier(self, Tier::LoadBalancer).await,
            Err(error) => Err(Failed::refused(error, self)),
        }
    }
}

impl Deployment<CdnDeployed> {
    /// Commits tier 3. With `load_balancer.deletion_protection`, the load balancer is protected from now on.
    ///
    /// # Errors
    /// Returns [`Failed`] with the deployment as it was if the journal cannot be written, or the load balancer cannot be
    /// protected.
    pub async fn commit(self) -> Result<CommittedStack, Failed<CdnDeployed>> {
        let ledger = self.inner.guard.ledger();
        let protected = ledger
            .unless_closed(Box::pin(protect(ledger, &self.state().alb)))
            .await;
        match protected {
            Ok(()) => commit_tier(self, Tier::Cdn).await,
            Err(error) => Err(Failed::refused(error, self)),
        }
    }
}

async fn commit_tier<S>(deployment: Deployment<S>, tier: Tier) -> Result<CommittedStack, Failed<S>>
where
    S: State<Guard = RollbackGuard> + Clone + Into<Reached>,
{
    let ledger = deployment.inner.guard.ledger();
    let reached = deployment.state().clone().into();
    let record = CommittedStack::of(&ledger.owner.deployment, &ledger.plan, tier, &reached);
    if let Err(error) = ledger.commit(tier).await {
        return Err(Failed::refused(error, deployment));
    }
    ledger.account.progress.step(Step::Committed { tier });
    // If the claim cannot be released, it expires by itself.
    let _ = deployment.inner.guard.release().await;
    Ok(record)
}
