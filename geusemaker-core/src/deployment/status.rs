//! What a deployment is now: what the journal says, and what AWS says of each resource.

use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::commit::Outputs;
use super::state::Reached;
use crate::account::Account;
use crate::error::Error;
use crate::ledger::state::{Entry, LedgerState, Status as EntryStatus};
use crate::resource::ResourceKind;
use crate::session::Session;
use crate::spec::{DeploymentSpec, StackName, Tier};

/// A deployment as it is now.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DeploymentStatus {
    /// The stack's name.
    pub name: String,
    /// The deployment's id, which stands in the tags of everything that belongs to it.
    pub deployment: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// How far it has got.
    pub phase: Phase,
    /// The tier that the spec asks for.
    pub tier: Tier,
    /// When it was begun.
    pub since: Timestamp,
    /// Who works on it now.
    pub held_by: Option<String>,
    /// Where it is reached.
    pub outputs: Outputs,
    /// Everything that it consists of.
    pub resources: Vec<ResourceStatus>,
    /// The spec that it was made from.
    #[serde(skip)]
    pub spec: DeploymentSpec,
}

/// How far a deployment has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Phase {
    /// Being launched, or a launch that was interrupted.
    Launching,
    /// The instances run.
    Ec2Ready,
    /// The load balancer takes requests.
    AlbHealthy,
    /// The distribution is on its way.
    CdnPending,
    /// The distribution is deployed, and nobody has committed it.
    CdnDeployed,
    /// In use.
    Committed,
    /// Being removed, or a removal that was interrupted.
    Ending,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// A resource as it is now.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ResourceStatus {
    /// Its name in the journal.
    pub key: String,
    /// What it is.
    pub kind: ResourceKind,
    /// The id by which AWS knows it; none if nobody knows yet whether it exists.
    pub id: Option<String>,
    /// AWS's word for its state; `gone` if AWS does not know it any more.
    pub state: String,
    /// Whether somebody else made it.
    pub adopted: bool,
}

impl Session {
    /// What the journal and AWS say of a deployment. It changes nothing and needs no claim.
    ///
    /// # Errors
    /// There is no such stack, or its journal cannot be read. A resource that AWS cannot be asked about says so in
    /// its state.
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

    /// What the journal says of a deployment; AWS is not asked.
    ///
    /// # Errors
    /// There is no such stack, or its journal cannot be read.
    pub async fn summary(&self, stack: &StackName) -> Result<DeploymentStatus, Error> {
        let (journal, header) = self.journal(stack).await?;
        let now = self.account(header.plan.region.clone()).clock.now();
        let state = &journal.state;
        let holder = state
            .claim
            .as_ref()
            .filter(|claim| claim.until > now && !claim.holder.is_dead())
            .map(|claim| claim.holder.to_string());
        let is_held = holder.is_some();
        Ok(DeploymentStatus {
            name: stack.to_string(),
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
        })
    }
}

fn phase(state: &LedgerState) -> Phase {
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
    /// As the journal has it.
    fn of(entry: &Entry, is_held: bool) -> Self {
        let state = match &entry.status {
            EntryStatus::Intended if is_held => "being created",
            EntryStatus::Intended => "unknown: its creation was interrupted",
            EntryStatus::Deleting { .. } => "being deleted",
            EntryStatus::Created { .. } | EntryStatus::Adopted { .. } => "created",
            EntryStatus::Kept { .. } => "kept",
        };
        Self {
            key: entry.key.to_string(),
            kind: entry.lookup.kind(),
            id: entry.id().map(str::to_owned),
            state: state.to_owned(),
            adopted: matches!(entry.status, EntryStatus::Adopted { .. }),
        }
    }
}

/// Replaces the journal's word for the state by AWS's.
async fn look(account: &Account, resource: &mut ResourceStatus) {
    let Some(id) = &resource.id else { return };
    resource.state = match resource.kind.observe(&account.reader, id).await {
        Ok(Some(state)) => state,
        Ok(None) => "gone".to_owned(),
        Err(error) => format!("unknown: {error}"),
    };
}
