//! The plan of a deployment: what will be created, and what has been reached.

pub(crate) mod domain_problem;
pub(crate) mod error;
pub(crate) mod network;
pub(crate) mod problem;
pub(crate) mod reached;
pub(crate) mod warning;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use self::network::{NewNetwork, PlannedNetwork, UsedNetwork};
use self::warning::PlanWarning;
use crate::id::{AccountId, FileSystemId, PrefixListId, SecurityGroupId};
use crate::resource::hosted_zone::PlannedHostedZone;
use crate::resource::image::Image;
use crate::resource::subnet::Subnet;
use crate::spec::{
    DeploymentSpec, InstanceType, Purchase, Region, RequestedType, read_stored_type, store_type,
};

/// The plan of a deployment: what will be created, and where.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// let planned = session.plan(spec).await?;
/// let plan = &planned.state().plan;
/// assert_eq!(plan.region.as_str(), "us-east-1");
/// println!("{} in {:?}", plan.image.name, plan.network.existing_vpc());
/// for candidate in &plan.candidates {
///     println!("{candidate}"); // g5.xlarge on-demand in us-east-1a
/// }
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The spec.
    #[serde(deserialize_with = "DeploymentSpec::deserialize_stored")]
    pub spec: DeploymentSpec,
    /// The account that the credentials belong to.
    pub account: AccountId,
    /// The region: `us-east-1`.
    pub region: Region,
    /// The network, which exists or is created.
    #[serde(flatten)]
    pub network: PlannedNetwork,
    /// The places where an instance may be launched, in the order in which they are tried.
    pub candidates: Vec<Candidate>,
    /// The image that instances boot.
    pub image: Image,
    /// The adopted file system, if the spec names one.
    pub adopted_file_system: Option<AdoptedFileSystem>,
    /// The prefix list whose addresses the load balancer admits when it is behind a CDN.
    pub cloudfront_prefix_list: Option<PrefixListId>,
    /// The hosted zone in which records are made, if the spec names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_zone: Option<PlannedHostedZone>,
    /// Findings in the account that do not keep the stack from being deployed. Journals do not have them.
    #[serde(skip)]
    pub warnings: Vec<PlanWarning>,
}

/// A place where an instance may be launched.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\n\
/// #     [compute]\ninstance_type = 'g5.xlarge'\nmarket = 'spot-then-on-demand'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// use geusemaker_core::spec::Purchase;
///
/// let planned = session.plan(spec).await?;
/// let candidates = &planned.state().plan.candidates;
/// assert_eq!(candidates[0].to_string(), "g5.xlarge spot in us-east-1a");
/// assert_eq!(candidates.last().unwrap().purchase, Purchase::OnDemand);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCandidate", into = "StoredCandidate")]
#[non_exhaustive]
pub struct Candidate {
    /// The instance type: `g5.xlarge`.
    pub instance_type: InstanceType,
    /// The Availability Zone, which offers the type.
    pub zone: String,
    /// The subnet in that zone, if it exists already.
    pub subnet: Option<Subnet>,
    /// The way in which the instance is bought.
    pub purchase: Purchase,
}

/// A candidate in a journal. Before stacks could have networks of their own, the zone was that of the subnet.
#[derive(Serialize, Deserialize)]
struct StoredCandidate {
    #[serde(
        flatten,
        serialize_with = "store_type",
        deserialize_with = "read_stored_type"
    )]
    instance_type: InstanceType,
    #[serde(default)]
    zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subnet: Option<Subnet>,
    spot: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    capacity_block: bool,
}

impl From<Candidate> for StoredCandidate {
    fn from(candidate: Candidate) -> Self {
        Self {
            instance_type: candidate.instance_type,
            zone: candidate.zone,
            subnet: candidate.subnet,
            spot: candidate.purchase == Purchase::Spot,
            capacity_block: candidate.purchase == Purchase::CapacityBlock,
        }
    }
}

impl From<StoredCandidate> for Candidate {
    fn from(stored: StoredCandidate) -> Self {
        let StoredCandidate {
            instance_type,
            zone,
            subnet,
            spot,
            capacity_block,
        } = stored;
        Self {
            instance_type,
            zone: match &subnet {
                Some(subnet) if zone.is_empty() => subnet.zone.clone(),
                Some(_) | None => zone,
            },
            subnet,
            purchase: match (spot, capacity_block) {
                (true, _) => Purchase::Spot,
                (false, true) => Purchase::CapacityBlock,
                (false, false) => Purchase::OnDemand,
            },
        }
    }
}

impl Plan {
    /// Returns the instance type that the spec names first, or if no zone offers that, the first that is tried.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # let aws = geusemaker_testkit::Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = DeploymentSpec::from_toml("name = 'web'\ntier = 1\ncompute.instance_type = 'm7i.large'")?;
    /// let planned = session.plan(spec).await?;
    /// let first = planned.state().plan.first_type();
    /// assert_eq!(first.map(|it| it.vcpus()), Some(2));
    /// # drop(planned);
    /// # session.close().await.into_result()
    /// # }
    /// ```
    pub fn first_type(&self) -> Option<InstanceType> {
        match self.spec.compute().instance_type() {
            RequestedType::Listed(gpu) => Some(InstanceType::Gpu(*gpu)),
            RequestedType::Unlisted(name) => {
                let tried = || self.candidates.iter().map(|it| it.instance_type);
                let named = tried().find(|it| it.name() == name.as_str());
                named.or_else(|| tried().next())
            }
        }
    }

    /// Returns the network as it exists, or the one that has to be created first.
    pub(crate) fn used_network(&self) -> Result<UsedNetwork, &NewNetwork> {
        match &self.network {
            PlannedNetwork::New { new_network } => Err(new_network),
            PlannedNetwork::Existing { vpc, subnets } => {
                let of_candidates = self.candidates.iter();
                let mut instance_subnets: Vec<_> = of_candidates
                    .filter_map(|candidate| candidate.subnet.clone())
                    .collect();
                instance_subnets.sort_by(|a, b| (&a.zone, &a.id).cmp(&(&b.zone, &b.id)));
                instance_subnets.dedup();
                Ok(UsedNetwork {
                    vpc: vpc.clone(),
                    balancer_subnets: subnets.clone(),
                    instance_subnets,
                })
            }
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} in {}",
            self.instance_type, self.purchase, self.zone
        )
    }
}

/// A file system that the deployment uses but did not create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdoptedFileSystem {
    /// The file system id: `fs-0123…`.
    pub id: FileSystemId,
    /// The zones in which the file system has mount targets already.
    pub zones: BTreeSet<String>,
    /// The security groups of other stacks of this program that must admit the instances to those mount targets.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub admitting_groups: BTreeSet<SecurityGroupId>,
}
