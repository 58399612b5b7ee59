//! How a resource is found again when the reply to its creation was lost.

use serde::{Deserialize, Serialize};

use super::security_group_rule::Source;
use super::{
    Kind, distribution, file_system, instance, listener, listener_rule, load_balancer,
    mount_target, security_group, security_group_rule, target_group, target_registration,
};
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::{
    FileSystemId, InstanceId, ListenerArn, LoadBalancerArn, SecurityGroupId, SubnetId,
    TargetGroupArn, VpcId,
};

/// What tells one resource from all others, known before it is asked for. It goes into the journal with the intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Lookup {
    /// By the caller reference, which stands in the comment too: ListDistributions does not return the reference.
    Distribution { caller_reference: String },
    FileSystem { creation_token: String },
    Instance { client_token: String },
    Listener { load_balancer: LoadBalancerArn, port: u16 },
    ListenerRule { listener: ListenerArn, priority: u16 },
    LoadBalancer { name: String, deployment: String },
    MountTarget { file_system: FileSystemId, subnet: SubnetId },
    SecurityGroup { vpc: VpcId, name: String, deployment: String },
    SecurityGroupRule { group: SecurityGroupId, port: u16, source: Source },
    TargetGroup { name: String, deployment: String },
    TargetRegistration { target_group: TargetGroupArn, instance: InstanceId },
}

impl Lookup {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Distribution { .. } => Kind::Distribution,
            Self::FileSystem { .. } => Kind::FileSystem,
            Self::Instance { .. } => Kind::Instance,
            Self::Listener { .. } => Kind::Listener,
            Self::ListenerRule { .. } => Kind::ListenerRule,
            Self::LoadBalancer { .. } => Kind::LoadBalancer,
            Self::MountTarget { .. } => Kind::MountTarget,
            Self::SecurityGroup { .. } => Kind::SecurityGroup,
            Self::SecurityGroupRule { .. } => Kind::SecurityGroupRule,
            Self::TargetGroup { .. } => Kind::TargetGroup,
            Self::TargetRegistration { .. } => Kind::TargetRegistration,
        }
    }

    /// The id of the resource, if AWS shows one.
    pub(crate) async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let found = match self {
            Self::Distribution { caller_reference } => {
                distribution::find(aws, caller_reference).await
            }
            Self::FileSystem { creation_token } => file_system::find(aws, creation_token).await,
            Self::Instance { client_token } => instance::find(aws, client_token).await,
            Self::Listener { load_balancer, port } => {
                listener::find(aws, load_balancer, *port).await
            }
            Self::ListenerRule { listener, priority } => {
                listener_rule::find(aws, listener, *priority).await
            }
            Self::LoadBalancer { name, deployment } => {
                load_balancer::find(aws, name, deployment).await
            }
            Self::MountTarget { file_system, subnet } => {
                mount_target::find(aws, file_system, subnet).await
            }
            Self::SecurityGroup { vpc, name, deployment } => {
                security_group::find(aws, vpc, name, deployment).await
            }
            Self::SecurityGroupRule { group, port, source } => {
                security_group_rule::find(aws, group, *port, source).await
            }
            Self::TargetGroup { name, deployment } => {
                target_group::find(aws, name, deployment).await
            }
            Self::TargetRegistration { target_group, instance } => {
                target_registration::find(aws, target_group, instance).await
            }
        };
        match found {
            Err(error) if error.is_not_found() => Ok(None),
            found => found,
        }
    }
}
