//! The status of a deployment: the content of its journal, and AWS's state of each resource.

use std::collections::BTreeMap;
use std::fmt;

use futures::future::join_all;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Session;
use super::cost::CostBasis;
use super::health::Health;
use crate::account::Account;
use crate::aws::error::AwsError;
use crate::deployment::commit::Outputs;
use crate::error::Error;
use crate::id::{AccountId, DeploymentId, ResourceId};
use crate::journal::Journal;
use crate::journal::claim::Holder;
use crate::journal::state::{Entry, Header, JournalState, Status as EntryStatus};
use crate::kind::ResourceKind;
use crate::plan::reached::Reached;
use crate::resource::observed::StateReason;
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, Region, StackName, Tier};
use crate::timestamp;

/// The current status of a deployment.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// use geusemaker_core::Health;
///
/// let status = session.status(&stack.name).await?;
/// assert_eq!(status.health, Health::Running);
/// println!("{} since {}: {}", status.name, status.since, status.health);
/// for resource in &status.resources {
///     println!("  {} {}: {}", resource.kind, resource.key, resource.state);
/// }
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DeploymentStatus {
    /// The stack's name.
    pub name: StackName,
    /// The deployment's id, which is in the tags of its resources.
    pub deployment: DeploymentId,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The health of the stack, the one word for its state.
    #[serde(flatten)]
    pub health: Health,
    /// The phase of the deployment.
    pub phase: Phase,
    /// The tier in the spec.
    pub tier: Tier,
    /// The time at which the deployment was begun.
    #[serde(serialize_with = "timestamp::serialize")]
    pub since: Timestamp,
    /// The source of the states of the resources.
    pub source: StatusSource,
    /// The time of that source: of AWS's answers, or of the last record of the journal.
    #[serde(serialize_with = "timestamp::serialize")]
    pub as_of: Timestamp,
    /// The process that works on the deployment now. It is serialized as its text.
    #[serde(serialize_with = "as_text")]
    pub held_by: Option<Holder>,
    /// The time since which it works on the stack.
    #[serde(serialize_with = "timestamp::serialize_option")]
    pub held_since: Option<Timestamp>,
    /// The addresses and ids for using the deployment.
    pub outputs: Outputs,
    /// The resources of the deployment.
    pub resources: Vec<ResourceStatus>,
    /// The spec of the deployment.
    #[serde(skip)]
    pub spec: DeploymentSpec,
    #[serde(skip)]
    pub(crate) cost_basis: CostBasis,
}

/// The source of the states of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StatusSource {
    /// AWS, which was asked about each resource.
    Aws,
    /// The journal alone.
    Journal,
}

/// The phase of a deployment.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// use geusemaker_core::Phase;
///
/// // `summary` reads the journal alone, so it is quick.
/// let phase = session.summary(&stack.name).await?.phase;
/// assert_eq!(phase, Phase::Committed);
/// assert_eq!(phase.to_string(), "deployed");
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Phase {
    /// The launch is under way, or was interrupted.
    Launching,
    /// The instances run.
    Ec2Ready,
    /// The load balancer accepts requests.
    AlbHealthy,
    /// The distribution is being deployed.
    CdnPending,
    /// The distribution is deployed, but the deployment is not committed.
    CdnDeployed,
    /// The deployment is finished, and in use.
    #[serde(rename = "deployed")]
    Committed,
    /// The removal is under way, or was interrupted.
    Ending,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Launching => "launching",
            Self::Ec2Ready => "instances ready",
            Self::AlbHealthy => "load balancer healthy",
            Self::CdnPending => "CDN pending",
            Self::CdnDeployed => "CDN deployed",
            Self::Committed => "deployed",
            Self::Ending => "being removed",
        })
    }
}

/// The current status of a resource.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// use geusemaker_core::{ResourceKind, ResourceState};
///
/// let status = session.status(&stack.name).await?;
/// let instances = status.resources.iter().filter(|it| it.kind == ResourceKind::Instance);
/// for instance in instances {
///     assert_eq!(instance.key, "instance/0");
///     assert_eq!(instance.state, ResourceState::Reported("running".to_owned()));
/// }
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ResourceStatus {
    /// The resource's name in the journal.
    pub key: ResourceKey,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS; none if it is unknown whether the resource exists.
    pub id: Option<ResourceId>,
    /// The state of the resource, as far as it is known.
    pub state: ResourceState,
    /// AWS's reason for the state, if AWS says one.
    pub reason: Option<StateReason>,
    /// The time since which the resource may exist.
    #[serde(serialize_with = "timestamp::serialize")]
    pub since: Timestamp,
    /// The type of an instance.
    pub instance_type: Option<String>,
    /// The Availability Zone, if the resource is in one.
    pub zone: Option<String>,
    /// The address of an instance: the public one, or the private one if it has no other.
    pub address: Option<String>,
    /// True if the resource was adopted: another owner created it.
    pub adopted: bool,
}

/// The state of a resource, as far as it is known. It is serialized as its text.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// use geusemaker_core::ResourceState;
///
/// let status = session.status(&stack.name).await?;
/// // What somebody has deleted by hand.
/// let gone = status.resources.iter().filter(|it| it.state == ResourceState::Gone);
/// assert_eq!(gone.count(), 0);
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceState {
    /// It was requested by the process that works on the stack now.
    BeingCreated,
    /// It was requested, and the request was interrupted: it may exist or not.
    Interrupted,
    /// It was created; AWS was not asked for its state.
    Created,
    /// Its deletion was requested.
    BeingDeleted,
    /// It is kept on purpose.
    Kept,
    /// The state in AWS's own word, which is different for each kind: `running`, `active`, `available`.
    Reported(String),
    /// AWS does not know it any more.
    Gone,
    /// AWS could not be asked.
    Unknown(Box<AwsError>),
}

impl fmt::Display for ResourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeingCreated => "being created",
            Self::Interrupted => "unknown: its creation was interrupted",
            Self::Created => "created",
            Self::BeingDeleted => "being deleted",
            Self::Kept => "kept",
            Self::Reported(state) => state,
            Self::Gone => "gone",
            Self::Unknown(error) => return write!(f, "unknown: {error}"),
        })
    }
}

impl Serialize for ResourceState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Session {
    /// Returns the status of a deployment from its journal and from AWS. It changes nothing and needs no claim.
    ///
    /// # Errors
    /// Returns an error if there is no such stack, its journal cannot be read, or AWS cannot be asked: without
    /// credentials of the stack's account ([`Error::OtherAccount`]), or without a connection. [`Session::summary`] returns
    /// what the journal knows. If AWS cannot be asked about one resource alone, the state of that resource says so.
    pub async fn status(&self, stack: &StackName) -> Result<DeploymentStatus, Error> {
        let mut status = self.summary(stack).await?;
        let account = self.account(status.region.clone());
        // Another account knows none of these resources, and none of them would be gone.
        let identity = account.identity().await?;
        if identity.account != status.account {
            return Err(Error::OtherAccount {
                stack: stack.clone(),
                recorded: status.account,
                actual: identity.account,
            });
        }
        let looks = status
            .resources
            .iter_mut()
            .map(|resource| look(&account, resource));
        join_all(looks).await;
        status.source = StatusSource::Aws;
        status.as_of = account.clock.now();
        if status.phase == Phase::Committed {
            status.health = Health::of_resources(&status.resources);
        }
        Ok(status)
    }

    /// Returns the status of a deployment from its journal alone; AWS is not asked.
    ///
    /// # Errors
    /// Returns an error if there is no such stack, or its journal cannot be read.
    pub async fn summary(&self, stack: &StackName) -> Result<DeploymentStatus, Error> {
        let (journal, header) = self.journal(stack).await?;
        Ok(self.summary_of(&journal, header))
    }

    /// Returns the status of a deployment from its journal, which has been read already.
    pub(super) fn summary_of(&self, journal: &Journal, header: Header) -> DeploymentStatus {
        let now = self.clock().now();
        let state = &journal.state;
        let claim = state.claim_at(now);
        let is_held = claim.is_some();
        let phase = phase(state);
        let resources = Places::of(state, &header).resources(state, is_held);
        let cost_basis = CostBasis::of(&header.plan, state);
        DeploymentStatus {
            name: header.plan.spec.name().clone(),
            deployment: header.id,
            account: header.plan.account,
            region: header.plan.region,
            health: Health::of_journal(phase, is_held),
            phase,
            tier: header.plan.spec.tier(),
            since: header.since,
            source: StatusSource::Journal,
            as_of: state.at.unwrap_or(header.since),
            held_by: claim.map(|claim| claim.holder.clone()),
            held_since: claim.map(|claim| claim.since),
            outputs: state.reached.as_ref().map(Outputs::of).unwrap_or_default(),
            resources,
            spec: header.plan.spec,
            cost_basis,
        }
    }
}

fn as_text<S: Serializer>(holder: &Option<Holder>, serializer: S) -> Result<S::Ok, S::Error> {
    match holder {
        Some(holder) => serializer.collect_str(holder),
        None => serializer.serialize_none(),
    }
}

fn phase(state: &JournalState) -> Phase {
    if state.is_tearing_down {
        return Phase::Ending;
    }
    match (&state.committed, &state.reached) {
        (Some(_), _) => Phase::Committed,
        (None, None) => Phase::Launching,
        (None, Some(reached)) => phase_of(reached),
    }
}

/// Returns the phase that begins with a state that was reached.
pub(super) fn phase_of(reached: &Reached) -> Phase {
    match reached {
        Reached::Ec2Ready(_) => Phase::Ec2Ready,
        Reached::AlbHealthy(_) => Phase::AlbHealthy,
        Reached::CdnPending(_) => Phase::CdnPending,
        Reached::CdnDeployed(_) => Phase::CdnDeployed,
    }
}

/// The facts about instances that the journal has, by their ids.
struct Places {
    region: Region,
    instances: BTreeMap<String, Place>,
}

#[derive(Default)]
struct Place {
    instance_type: Option<String>,
    zone: Option<String>,
    address: Option<String>,
}

impl Places {
    fn of(state: &JournalState, header: &Header) -> Self {
        let instances = state.reached.iter().flat_map(|reached| {
            let ec2 = reached.ec2();
            ec2.instances.iter().map(|instance| {
                let mut subnets = ec2.network.instance_subnets.iter();
                let subnet = subnets.find(|subnet| subnet.id == instance.subnet);
                let address = instance.public_ip.as_ref().or(instance.private_ip.as_ref());
                let place = Place {
                    instance_type: Some(instance.instance_type.name().to_owned()),
                    zone: subnet.map(|subnet| subnet.zone.clone()),
                    address: address.cloned(),
                };
                (instance.id.to_string(), place)
            })
        });
        Self {
            region: header.plan.region.clone(),
            instances: instances.collect(),
        }
    }

    fn resources(mut self, state: &JournalState, is_held: bool) -> Vec<ResourceStatus> {
        let entries = state.entries();
        let resources = entries.iter().map(|entry| {
            let place = entry.id().and_then(|id| self.instances.remove(id));
            let mut place = place.unwrap_or_default();
            // Keys of what is in one zone end with it: `mount-target/us-east-1a`.
            let last = entry.key.as_str().rsplit('/').next();
            place.zone = place.zone.or_else(|| {
                last.filter(|last| last.starts_with(self.region.as_str()))
                    .map(str::to_owned)
            });
            ResourceStatus::of(entry, is_held, place)
        });
        resources.collect()
    }
}

impl ResourceStatus {
    /// Returns the status of a resource from its journal entry.
    fn of(entry: &Entry, is_held: bool, place: Place) -> Self {
        let state = match &entry.status {
            EntryStatus::Intended if is_held => ResourceState::BeingCreated,
            EntryStatus::Intended => ResourceState::Interrupted,
            EntryStatus::Deleting { .. } => ResourceState::BeingDeleted,
            EntryStatus::Created { .. } | EntryStatus::Adopted { .. } => ResourceState::Created,
            EntryStatus::Kept { .. } => ResourceState::Kept,
        };
        Self {
            key: entry.key.clone(),
            kind: entry.lookup.kind(),
            id: entry.id().map(ResourceId::from_aws),
            state,
            reason: None,
            since: entry.since,
            instance_type: place.instance_type,
            zone: place.zone,
            address: place.address,
            adopted: matches!(entry.status, EntryStatus::Adopted { .. }),
        }
    }
}

/// Replaces the state from the journal by the state from AWS.
async fn look(account: &Account, resource: &mut ResourceStatus) {
    let Some(id) = &resource.id else { return };
    let observed = match resource.kind.describe(&account.reader, id.as_str()).await {
        Ok(Some(observed)) => observed,
        Ok(None) => {
            resource.state = ResourceState::Gone;
            resource.address = None;
            return;
        }
        Err(error) => {
            resource.state = ResourceState::Unknown(Box::new(error));
            return;
        }
    };
    resource.state = match observed.is_gone {
        true => ResourceState::Gone,
        false => ResourceState::Reported(observed.state),
    };
    resource.reason = observed.reason;
    if resource.kind == ResourceKind::Instance {
        resource.instance_type = observed.instance_type.or(resource.instance_type.take());
        resource.zone = observed.zone.or(resource.zone.take());
        // An instance that is stopped has lost the address of the journal.
        resource.address = observed.address;
    }
}
