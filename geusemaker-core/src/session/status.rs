//! The status of a deployment: the content of its journal, and AWS's state of each resource.

use std::fmt;

use futures::future::join_all;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Session;
use super::cost::CostBasis;
use crate::account::Account;
use crate::aws::error::AwsError;
use crate::deployment::commit::Outputs;
use crate::error::Error;
use crate::id::{AccountId, DeploymentId, ResourceId};
use crate::journal::claim::Holder;
use crate::journal::state::{Entry, JournalState, Status as EntryStatus};
use crate::kind::ResourceKind;
use crate::plan::reached::Reached;
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, Region, StackName, Tier};

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
/// use geusemaker_core::Phase;
///
/// let status = session.status(&stack.name).await?;
/// assert_eq!(status.phase, Phase::Committed);
/// println!("{} since {}: {}", status.name, status.since, status.phase);
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
    /// The phase of the deployment.
    pub phase: Phase,
    /// The tier in the spec.
    pub tier: Tier,
    /// The time at which the deployment was begun.
    pub since: Timestamp,
    /// The process that works on the deployment now. It is serialized as its text.
    #[serde(serialize_with = "as_text")]
    pub held_by: Option<Holder>,
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
/// assert_eq!(phase.to_string(), "committed");
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
    /// The deployment is in use.
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
            Self::Committed => "committed",
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
    /// Returns an error if there is no such stack, or its journal cannot be read. If AWS cannot be asked about a
    /// resource, the state of the resource says so.
    pub async fn status(&self, stack: &StackName) -> Result<DeploymentStatus, Error> {
        let mut status = self.summary(stack).await?;
        let account = self.account(status.region.clone());
        let looks = status
            .resources
            .iter_mut()
            .map(|resource| look(&account, resource));
        join_all(looks).await;
        Ok(status)
    }

    /// Returns the status of a deployment from its journal alone; AWS is not asked.
    ///
    /// # Errors
    /// Returns an error if there is no such stack, or its journal cannot be read.
    pub async fn summary(&self, stack: &StackName) -> Result<DeploymentStatus, Error> {
        let (journal, header) = self.journal(stack).await?;
        let now = self.account(header.plan.region.clone()).clock.now();
        let state = &journal.state;
        let holder = state
            .claim
            .as_ref()
            .filter(|claim| claim.until > now && !claim.holder.is_dead())
            .map(|claim| claim.holder.clone());
        let is_held = holder.is_some();
        let cost_basis = CostBasis::of(&header.plan, state);
        Ok(DeploymentStatus {
            name: stack.clone(),
            deployment: header.id,
            account: header.plan.account,
            region: header.plan.region,
            phase: phase(state),
            tier: header.plan.spec.tier(),
            since: header.since,
            held_by: holder,
            outputs: state.reached.as_ref().map(Outputs::of).unwrap_or_default(),
            resources: state
                .entries()
                .iter()
                .map(|entry| ResourceStatus::of(entry, is_held))
                .collect(),
            spec: header.plan.spec,
            cost_basis,
        })
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
        (None, Some(Reached::Ec2Ready(_))) => Phase::Ec2Ready,
        (None, Some(Reached::AlbHealthy(_))) => Phase::AlbHealthy,
        (None, Some(Reached::CdnPending(_))) => Phase::CdnPending,
        (None, Some(Reached::CdnDeployed(_))) => Phase::CdnDeployed,
    }
}

impl ResourceStatus {
    /// Returns the status of a resource from its journal entry.
    fn of(entry: &Entry, is_held: bool) -> Self {
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
            adopted: matches!(entry.status, EntryStatus::Adopted { .. }),
        }
    }
}

/// Replaces the state from the journal by the state from AWS.
async fn look(account: &Account, resource: &mut ResourceStatus) {
    let Some(id) = &resource.id else { return };
    resource.state = match resource.kind.observe(&account.reader, id.as_str()).await {
        Ok(Some(state)) => ResourceState::Reported(state),
        Ok(None) => ResourceState::Gone,
        Err(error) => ResourceState::Unknown(Box::new(error)),
    };
}
