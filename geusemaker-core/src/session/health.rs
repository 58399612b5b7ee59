//! The health of a stack: the one word for its state, from AWS's answers and the journal.

use std::fmt;

use serde::Serialize;

use super::status::{Phase, ResourceState, ResourceStatus};
use crate::aws::error::AwsError;
use crate::id::ResourceId;
use crate::kind::ResourceKind;
use crate::resource::observed::StateReason;
use crate::resource_key::ResourceKey;

/// The health of a stack.
///
/// It is serialized with its word as `state`, and with `degraded` or `error` if the variant has parts or an error.
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
/// # let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// # ec2.terminate_instances().instance_ids(stack.outputs.instances[0].as_str()).send().await.unwrap();
/// # tokio::time::sleep(std::time::Duration::from_secs(600)).await;
/// use geusemaker_core::Health;
///
/// // Somebody has terminated the instance.
/// let status = session.status(&stack.name).await?;
/// if let Health::Degraded { parts, .. } = &status.health {
///     for part in parts {
///         println!("{part}"); // instance i-… no longer exists (terminated: by a user)
///     }
/// }
/// assert_eq!(status.health.to_string(), "degraded");
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Health {
    /// The stack is deployed, as its journal has it; AWS was not asked.
    Deployed,
    /// The stack is deployed, and AWS says that every part of it works.
    Running,
    /// The stack is deployed, and parts of it do not work.
    #[non_exhaustive]
    Degraded {
        /// The parts that do not work, without those that fail only because another one does.
        #[serde(rename = "degraded")]
        parts: Vec<DegradedPart>,
    },
    /// The stack is deployed, as its journal has it, but AWS knows no part of it any more.
    Gone,
    /// A process deploys the stack, or CloudFront does.
    Deploying,
    /// The deployment or the removal of the stack was interrupted, and nobody works on it.
    Interrupted,
    /// A process removes the stack.
    Removing,
    /// The stack is deployed, but AWS could not be asked about all of its parts. None is known to fail.
    #[non_exhaustive]
    Unknown {
        /// The error of the first such part.
        error: Box<AwsError>,
    },
}

impl Health {
    /// Returns the health of a stack as its journal has it.
    pub(super) fn of_journal(phase: Phase, is_held: bool) -> Self {
        match (phase, is_held) {
            (Phase::Committed, _) => Self::Deployed,
            (Phase::Ending, true) => Self::Removing,
            // CloudFront goes on without any process.
            (Phase::CdnPending, _)
            | (Phase::Launching | Phase::Ec2Ready | Phase::AlbHealthy | Phase::CdnDeployed, true) => {
                Self::Deploying
            }
            (
                Phase::Launching
                | Phase::Ec2Ready
                | Phase::AlbHealthy
                | Phase::CdnDeployed
                | Phase::Ending,
                false,
            ) => Self::Interrupted,
        }
    }

    /// Returns the health of a stack that is deployed, after AWS was asked about its resources.
    pub(super) fn of_resources(resources: &[ResourceStatus]) -> Self {
        let is_gone = |resource: &&ResourceStatus| resource.state == ResourceState::Gone;
        let mut own = resources.iter().filter(|resource| !resource.adopted);
        if own.clone().next().is_some() && own.all(|resource| is_gone(&resource)) {
            return Self::Gone;
        }
        let parts = degraded(resources);
        if !parts.is_empty() {
            return Self::Degraded { parts };
        }
        let error = resources.iter().find_map(|resource| match &resource.state {
            ResourceState::Unknown(error) => Some(error.clone()),
            _ => None,
        });
        match error {
            Some(error) => Self::Unknown { error },
            None => Self::Running,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deployed => "deployed",
            Self::Running => "running",
            Self::Degraded { .. } => "degraded",
            Self::Gone => "gone",
            Self::Deploying => "deploying",
            Self::Interrupted => "interrupted",
            Self::Removing => "removing",
            Self::Unknown { .. } => "unknown",
        })
    }
}

/// A part of a stack that does not work.
///
/// Its text says so: `instance i-0123… no longer exists (terminated: spot interruption)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DegradedPart {
    /// The resource's name in the journal.
    pub key: ResourceKey,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS.
    pub id: Option<ResourceId>,
    /// The state of the resource.
    pub state: ResourceState,
    /// AWS's reason for the state, and the time since which it is so, if AWS says them.
    pub reason: Option<StateReason>,
}

impl DegradedPart {
    fn of(resource: &ResourceStatus) -> Self {
        Self {
            key: resource.key.clone(),
            kind: resource.kind,
            id: resource.id.clone(),
            state: resource.state.clone(),
            reason: resource.reason.clone(),
        }
    }
}

impl fmt::Display for DegradedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} {id}", self.kind)?,
            None => write!(f, "{} {}", self.kind, self.key)?,
        }
        match (&self.state, &self.reason) {
            // Only instances have a reason once they are gone.
            (ResourceState::Gone, Some(reason)) => {
                write!(f, " no longer exists (terminated: {reason})")
            }
            (ResourceState::Gone, None) => f.write_str(" no longer exists"),
            (state, Some(reason)) => write!(f, " is {state} ({reason})"),
            (state, None) => write!(f, " is {state}"),
        }
    }
}

/// Returns the parts that do not work, without those that fail only because another one does.
fn degraded(resources: &[ResourceStatus]) -> Vec<DegradedPart> {
    let failing: Vec<_> = resources.iter().filter(|it| !works(it)).collect();
    failing
        .iter()
        .filter(|resource| !failing.iter().any(|cause| explains(cause, resource)))
        .map(|resource| DegradedPart::of(resource))
        .collect()
}

/// Returns false if AWS says that the resource does not work.
fn works(resource: &ResourceStatus) -> bool {
    match &resource.state {
        ResourceState::Reported(state) => resource.kind.working().contains(&state.as_str()),
        ResourceState::Gone => false,
        // Not known to fail.
        ResourceState::BeingCreated
        | ResourceState::Interrupted
        | ResourceState::Created
        | ResourceState::BeingDeleted
        | ResourceState::Kept
        | ResourceState::Unknown(_) => true,
    }
}

/// Returns true if a resource fails because it is a part of another one that fails.
fn explains(cause: &ResourceStatus, resource: &ResourceStatus) -> bool {
    use ResourceKind as Kind;
    if (cause.kind, resource.kind) == (Kind::Instance, Kind::TargetRegistration) {
        let instance = cause.id.as_ref().map_or("", ResourceId::as_str);
        return resource.key.as_str().ends_with(instance);
    }
    matches!(
        (cause.kind, resource.kind),
        (
            Kind::LoadBalancer | Kind::TargetGroup,
            Kind::TargetRegistration
        ) | (Kind::LoadBalancer | Kind::Listener, Kind::ListenerRule)
            | (Kind::LoadBalancer, Kind::Listener)
            | (Kind::FileSystem, Kind::MountTarget | Kind::AccessPoint)
            | (Kind::SecurityGroup, Kind::SecurityGroupRule)
            | (Kind::Role, Kind::RolePolicy)
            | (
                Kind::Role | Kind::InstanceProfile,
                Kind::InstanceProfileRole
            )
            | (Kind::RouteTable, Kind::Route | Kind::RouteTableAssociation)
            | (Kind::InternetGateway, Kind::InternetGatewayAttachment)
    ) && resource.state == ResourceState::Gone
        || (cause.kind, resource.kind) == (Kind::LoadBalancer, Kind::TargetRegistration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journal_alone_never_says_running() {
        let phases = [
            (Phase::Launching, "deploying", "interrupted"),
            (Phase::Ec2Ready, "deploying", "interrupted"),
            (Phase::AlbHealthy, "deploying", "interrupted"),
            (Phase::CdnPending, "deploying", "deploying"),
            (Phase::CdnDeployed, "deploying", "interrupted"),
            (Phase::Committed, "deployed", "deployed"),
            (Phase::Ending, "removing", "interrupted"),
        ];
        for (phase, held, free) in phases {
            assert_eq!(
                Health::of_journal(phase, true).to_string(),
                held,
                "{phase:?}"
            );
            assert_eq!(
                Health::of_journal(phase, false).to_string(),
                free,
                "{phase:?}"
            );
        }
    }
}
