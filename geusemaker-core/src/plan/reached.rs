//! The states that a deployment has reached. Each state is data, not a label, and owns the state before it.

use serde::{Deserialize, Serialize};

use super::Plan;
use super::network::UsedNetwork;
use crate::id::{FileSystemId, MountTargetId, SecurityGroupId};
use crate::resource::distribution::Distribution;
use crate::resource::instance::RunningInstance;
use crate::resource::load_balancer::ActiveLoadBalancer;
use crate::resource::target_group::TargetGroup;

/// The state in which the instances run. The mount targets and the GPU check may still be pending.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// let ready = session.plan(spec).await?.launch().await?;
/// for instance in &ready.state().instances {
///     println!("{} {} at {:?}", instance.id, instance.instance_type, instance.private_ip);
/// }
/// println!("models on {}", ready.state().file_system);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredEc2Ready")]
#[non_exhaustive]
pub struct Ec2Ready {
    /// The plan.
    pub plan: Plan,
    /// The network.
    pub network: UsedNetwork,
    /// The security group of the instances, which admits no traffic by itself.
    pub instance_group: SecurityGroupId,
    /// The shared file system.
    pub file_system: FileSystemId,
    /// The mount targets, one per used zone; none if the file system was adopted with its own.
    pub mount_targets: Vec<MountTargetId>,
    /// The instances.
    pub instances: Vec<RunningInstance>,
}

/// The state in a journal. Before stacks could have networks of their own, the network was that of the plan.
#[derive(Deserialize)]
struct StoredEc2Ready {
    plan: Plan,
    network: Option<UsedNetwork>,
    instance_group: SecurityGroupId,
    file_system: FileSystemId,
    mount_targets: Vec<MountTargetId>,
    instances: Vec<RunningInstance>,
}

impl TryFrom<StoredEc2Ready> for Ec2Ready {
    type Error = &'static str;

    fn try_from(stored: StoredEc2Ready) -> Result<Self, Self::Error> {
        let StoredEc2Ready {
            plan,
            network,
            instance_group,
            file_system,
            mount_targets,
            instances,
        } = stored;
        let network = match network {
            Some(network) => network,
            None => plan
                .used_network()
                .map_err(|_| "the new network of the plan is missing")?,
        };
        Ok(Self {
            plan,
            network,
            instance_group,
            file_system,
            mount_targets,
            instances,
        })
    }
}

/// The state in which the load balancer accepts requests and every target is healthy.
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
/// let state = healthy.state();
/// println!("http://{}", state.load_balancer.dns_name);
/// assert_eq!(state.target_groups[0].service.as_str(), "ollama");
/// assert_eq!(state.ec2.instances.len(), 1);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlbHealthy {
    /// The instances behind the load balancer.
    pub ec2: Ec2Ready,
    /// The load balancer.
    pub load_balancer: ActiveLoadBalancer,
    /// One target group per service.
    pub target_groups: Vec<TargetGroup>,
}

/// The state in which the distribution exists and is being deployed to the edge locations.
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
/// let healthy = session.plan(spec).await?.launch().await?.balance().await?;
/// let pending = healthy.create_cdn().await?;
/// // The address is known minutes before it answers everywhere.
/// println!("https://{}", pending.state().distribution.domain);
/// let deployed = pending.wait_until_deployed().await?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CdnPending {
    /// The load balancer behind the distribution.
    pub alb: AlbHealthy,
    /// The distribution.
    pub distribution: Distribution,
}

/// The state in which every edge location has the distribution.
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
/// let healthy = session.plan(spec).await?.launch().await?.balance().await?;
/// let deployed = healthy.publish().await?;
/// println!("https://{}", deployed.state().distribution.domain);
/// let stack = deployed.commit().await?;
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CdnDeployed {
    /// The load balancer behind the distribution.
    pub alb: AlbHealthy,
    /// The distribution.
    pub distribution: Distribution,
}

/// The last reached state, as the journal stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub(crate) enum Reached {
    Ec2Ready(Ec2Ready),
    AlbHealthy(AlbHealthy),
    CdnPending(CdnPending),
    CdnDeployed(CdnDeployed),
}

macro_rules! reached {
    ($($state:ident),+) => {$(
        impl From<$state> for Reached {
            fn from(state: $state) -> Self {
                Self::$state(state)
            }
        }
    )+};
}

reached!(Ec2Ready, AlbHealthy, CdnPending, CdnDeployed);

impl Reached {
    /// Returns the load balancer and what is behind it, once there is one.
    pub(crate) fn alb(&self) -> Option<&AlbHealthy> {
        match self {
            Self::Ec2Ready(_) => None,
            Self::AlbHealthy(alb) => Some(alb),
            Self::CdnPending(cdn) => Some(&cdn.alb),
            Self::CdnDeployed(cdn) => Some(&cdn.alb),
        }
    }

    /// Returns the instances and their storage.
    pub(crate) fn ec2_mut(&mut self) -> &mut Ec2Ready {
        match self {
            Self::Ec2Ready(ec2) => ec2,
            Self::AlbHealthy(alb) => &mut alb.ec2,
            Self::CdnPending(cdn) => &mut cdn.alb.ec2,
            Self::CdnDeployed(cdn) => &mut cdn.alb.ec2,
        }
    }

    pub(crate) fn ec2(&self) -> &Ec2Ready {
        match self {
            Self::Ec2Ready(ec2) => ec2,
            Self::AlbHealthy(alb) => &alb.ec2,
            Self::CdnPending(cdn) => &cdn.alb.ec2,
            Self::CdnDeployed(cdn) => &cdn.alb.ec2,
        }
    }

    /// Returns the distribution, once there is one.
    pub(crate) fn distribution(&self) -> Option<&Distribution> {
        match self {
            Self::Ec2Ready(_) | Self::AlbHealthy(_) => None,
            Self::CdnPending(cdn) => Some(&cdn.distribution),
            Self::CdnDeployed(cdn) => Some(&cdn.distribution),
        }
    }
}
