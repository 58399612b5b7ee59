//! The lookup that finds a resource again when the reply to its creation was lost.

use serde::{Deserialize, Serialize};

use crate::id::{
    DeploymentId, FileSystemId, InstanceId, ListenerArn, LoadBalancerArn, PrefixListId,
    SecurityGroupId, SubnetId, TargetGroupArn, VpcId,
};
use crate::kind::ResourceKind;

/// The properties that identify one resource, known before the create request. The journal stores them with the intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Lookup {
    /// By the caller reference, which the comment contains too, because ListDistributions does not return the
    /// reference.
    Distribution {
        caller_reference: String,
    },
    FileSystem {
        creation_token: String,
    },
    Instance {
        client_token: String,
    },
    Listener {
        load_balancer: LoadBalancerArn,
        port: u16,
    },
    ListenerRule {
        listener: ListenerArn,
        priority: u16,
    },
    LoadBalancer {
        name: String,
        deployment: DeploymentId,
    },
    /// By its security group, which belongs to the deployment: an adopted file system may have mount targets of other
    /// owners.
    MountTarget {
        file_system: FileSystemId,
        subnet: SubnetId,
        group: SecurityGroupId,
    },
    SecurityGroup {
        vpc: VpcId,
        name: String,
        deployment: DeploymentId,
    },
    SecurityGroupRule {
        group: SecurityGroupId,
        port: u16,
        source: Source,
    },
    TargetGroup {
        name: String,
        deployment: DeploymentId,
    },
    TargetRegistration {
        target_group: TargetGroupArn,
        instance: InstanceId,
    },
}

impl Lookup {
    pub(crate) fn kind(&self) -> ResourceKind {
        match self {
            Self::Distribution { .. } => ResourceKind::Distribution,
            Self::FileSystem { .. } => ResourceKind::FileSystem,
            Self::Instance { .. } => ResourceKind::Instance,
            Self::Listener { .. } => ResourceKind::Listener,
            Self::ListenerRule { .. } => ResourceKind::ListenerRule,
            Self::LoadBalancer { .. } => ResourceKind::LoadBalancer,
            Self::MountTarget { .. } => ResourceKind::MountTarget,
            Self::SecurityGroup { .. } => ResourceKind::SecurityGroup,
            Self::SecurityGroupRule { .. } => ResourceKind::SecurityGroupRule,
            Self::TargetGroup { .. } => ResourceKind::TargetGroup,
            Self::TargetRegistration { .. } => ResourceKind::TargetRegistration,
        }
    }
}

/// The source of the traffic that a rule admits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// Every IPv4 address.
    Anywhere,
    /// The members of another group.
    Group(SecurityGroupId),
    /// The addresses of a prefix list that AWS manages.
    PrefixList(PrefixListId),
}
