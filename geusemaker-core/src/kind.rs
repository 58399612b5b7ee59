//! The kinds of AWS resources that a deployment consists of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of AWS resource that a deployment consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ResourceKind {
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

impl fmt::Display for ResourceKind {
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

impl ResourceKind {
    /// Returns the AWS CLI command that deletes a resource of this kind by hand.
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
            Self::LoadBalancer => (
                "elbv2",
                format!("delete-load-balancer --load-balancer-arn {id}"),
            ),
            Self::MountTarget => ("efs", format!("delete-mount-target --mount-target-id {id}")),
            Self::SecurityGroup => ("ec2", format!("delete-security-group --group-id {id}")),
            Self::SecurityGroupRule => (
                "ec2",
                format!(
                    "revoke-security-group-ingress --security-group-rule-ids {id} --group-id GROUP"
                ),
            ),
            Self::TargetGroup => (
                "elbv2",
                format!("delete-target-group --target-group-arn {id}"),
            ),
            Self::TargetRegistration => {
                let (group, instance) = registration_parts(id);
                (
                    "elbv2",
                    format!(
                        "deregister-targets --target-group-arn {group} --targets Id={instance}"
                    ),
                )
            }
        };
        format!("aws {service} {rest} --region {region}")
    }
}

/// Returns the target group and the instance of a registration, which has no id of its own.
pub(crate) fn registration_parts(id: &str) -> (&str, &str) {
    id.split_once(' ').unwrap_or((id, ""))
}
