//! One file per kind of AWS resource: how it is created, found again, looked at and deleted.

pub(crate) mod distribution;
pub(crate) mod file_system;
pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod instance_type_offering;
pub(crate) mod key_pair;
pub(crate) mod listener;
pub(crate) mod listener_rule;
pub(crate) mod load_balancer;
pub(crate) mod lookup;
pub(crate) mod mount_target;
pub(crate) mod prefix_list;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod subnet;
pub(crate) mod tags;
pub(crate) mod target_group;
pub(crate) mod target_registration;
pub(crate) mod vpc;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::lookup::Lookup;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::AwsId;

/// A kind of AWS resource that a deployment consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A CloudFront distribution.
    Distribution,
    /// An EFS file system.
    FileSystem,
    /// An EC2 instance.
    Instance,
    /// A listener of a load balancer.
    Listener,
    /// A rule of a listener.
    ListenerRule,
    /// An Application Load Balancer.
    LoadBalancer,
    /// A mount target of a file system.
    MountTarget,
    /// A security group.
    SecurityGroup,
    /// An ingress rule of a security group.
    SecurityGroupRule,
    /// A target group.
    TargetGroup,
    /// The registration of an instance with a target group.
    TargetRegistration,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Distribution => "CloudFront distribution",
            Self::FileSystem => "file system",
            Self::Instance => "instance",
            Self::Listener => "listener",
            Self::ListenerRule => "listener rule",
            Self::LoadBalancer => "load balancer",
            Self::MountTarget => "mount target",
            Self::SecurityGroup => "security group",
            Self::SecurityGroupRule => "security group rule",
            Self::TargetGroup => "target group",
            Self::TargetRegistration => "target registration",
        })
    }
}

/// What is wanted of AWS, complete enough to be asked for more than once.
pub(crate) trait Create: Send + Sync + 'static {
    /// The id by which AWS knows it.
    type Id: AwsId;

    /// How it is found again, given the token under which it is asked for.
    fn lookup(&self, token: &str) -> Lookup;

    /// Asks for it, once. The id comes from the reply alone.
    fn create(
        &self,
        aws: &Writer,
        token: &str,
    ) -> impl Future<Output = Result<Self::Id, AwsError>> + Send;
}

impl Kind {
    /// The state that AWS reports, or nothing once the resource is gone.
    pub(crate) async fn observe(self, aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let seen = match self {
            Self::Distribution => distribution::observe(aws, id).await,
            Self::FileSystem => file_system::observe(aws, id).await,
            Self::Instance => instance::observe(aws, id).await,
            Self::Listener => listener::observe(aws, id).await,
            Self::ListenerRule => listener_rule::observe(aws, id).await,
            Self::LoadBalancer => load_balancer::observe(aws, id).await,
            Self::MountTarget => mount_target::observe(aws, id).await,
            Self::SecurityGroup => security_group::observe(aws, id).await,
            Self::SecurityGroupRule => security_group_rule::observe(aws, id).await,
            Self::TargetGroup => target_group::observe(aws, id).await,
            Self::TargetRegistration => target_registration::observe(aws, id).await,
        };
        match seen {
            Err(error) if error.is_not_found() => Ok(None),
            seen => seen,
        }
    }

    /// Asks for its deletion, once.
    pub(crate) async fn delete(
        self,
        aws: &Writer,
        reader: &Reader,
        id: &str,
    ) -> Result<(), AwsError> {
        match self {
            Self::Distribution => distribution::delete(aws, reader, id).await,
            Self::FileSystem => file_system::delete(aws, id).await,
            Self::Instance => instance::delete(aws, id).await,
            Self::Listener => listener::delete(aws, id).await,
            Self::ListenerRule => listener_rule::delete(aws, id).await,
            Self::LoadBalancer => load_balancer::delete(aws, id).await,
            Self::MountTarget => mount_target::delete(aws, id).await,
            Self::SecurityGroup => security_group::delete(aws, id).await,
            Self::SecurityGroupRule => security_group_rule::delete(aws, reader, id).await,
            Self::TargetGroup => target_group::delete(aws, id).await,
            Self::TargetRegistration => target_registration::delete(aws, id).await,
        }
    }

    /// How long a deletion usually takes, in seconds, and after how long it is given up.
    pub(crate) fn deletion(self) -> ((u64, u64), Duration) {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        match self {
            // Deploying the disabled state takes as long as deploying any other change.
            Self::Distribution => ((120, 480), minutes(60)),
            Self::FileSystem => ((3, 10), minutes(10)),
            Self::Instance => ((20, 300), minutes(20)),
            Self::LoadBalancer => ((5, 20), minutes(10)),
            Self::MountTarget => ((15, 45), minutes(15)),
            // The network interfaces of a deleted load balancer hold its group for minutes.
            Self::SecurityGroup => ((1, 110), minutes(15)),
            Self::Listener
            | Self::ListenerRule
            | Self::SecurityGroupRule
            | Self::TargetGroup
            | Self::TargetRegistration => ((0, 15), minutes(5)),
        }
    }

    /// The AWS CLI command that removes one by hand.
    #[must_use]
    pub fn removal_command(self, id: &str, region: &str) -> String {
        let (service, rest) = match self {
            Self::Distribution => {
                return format!(
                    "aws cloudfront delete-distribution --id {id} --if-match ETAG  # disable it first"
                );
            }
            Self::FileSystem => ("efs", format!("delete-file-system --file-system-id {id}")),
            Self::Instance => ("ec2", format!("terminate-instances --instance-ids {id}")),
            Self::Listener => ("elbv2", format!("delete-listener --listener-arn {id}")),
            Self::ListenerRule => ("elbv2", format!("delete-rule --rule-arn {id}")),
            Self::LoadBalancer => ("elbv2", format!("delete-load-balancer --load-balancer-arn {id}")),
            Self::MountTarget => ("efs", format!("delete-mount-target --mount-target-id {id}")),
            Self::SecurityGroup => ("ec2", format!("delete-security-group --group-id {id}")),
            Self::SecurityGroupRule => (
                "ec2",
                format!("revoke-security-group-ingress --security-group-rule-ids {id} --group-id GROUP"),
            ),
            Self::TargetGroup => ("elbv2", format!("delete-target-group --target-group-arn {id}")),
            Self::TargetRegistration => {
                let (group, instance) = target_registration::parts(id);
                (
                    "elbv2",
                    format!("deregister-targets --target-group-arn {group} --targets Id={instance}"),
                )
            }
        };
        format!("aws {service} {rest} --region {region}")
    }
}
