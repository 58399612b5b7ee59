//! The kinds of AWS resources that a deployment consists of. The file of each kind is in `resource/`.

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
