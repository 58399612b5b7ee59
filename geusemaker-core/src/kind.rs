//! The kinds of AWS resources that a deployment consists of, in the one table that lists them.

use serde::{Deserialize, Serialize};

/// The table of the resource kinds: the documentation and name of each kind, and its file in `resource/`.
///
/// The order is that of a removal: a kind stands below the kinds that its resources have to outlast.
macro_rules! for_all_kinds {
    ($generate:ident) => {
        $generate! {
            /// A CloudFront distribution.
            Distribution => distribution,
            /// The registration of an instance with a target group.
            TargetRegistration => target_registration,
            /// A rule of a listener.
            ListenerRule => listener_rule,
            /// A listener of a load balancer.
            Listener => listener,
            /// An Application Load Balancer.
            LoadBalancer => load_balancer,
            /// A target group.
            TargetGroup => target_group,
            /// A mount target of a file system.
            MountTarget => mount_target,
            /// An EFS file system.
            FileSystem => file_system,
            /// An EC2 instance.
            Instance => instance,
            /// A role in an IAM instance profile.
            InstanceProfileRole => instance_profile_role,
            /// An IAM instance profile.
            InstanceProfile => instance_profile,
            /// An inline policy of an IAM role.
            RolePolicy => role_policy,
            /// An IAM role.
            Role => role,
            /// An ingress rule of a security group.
            SecurityGroupRule => security_group_rule,
            /// A security group.
            SecurityGroup => security_group,
        }
    };
}
pub(crate) use for_all_kinds;

macro_rules! define_resource_kind {
    ($($(#[$doc:meta])+ $kind:ident => $file:ident,)+) => {
        /// A kind of AWS resource that a deployment consists of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum ResourceKind {
            $($(#[$doc])+ $kind,)+
        }

        impl ResourceKind {
            /// All kinds, in the order of a removal.
            pub(crate) const ALL: &[Self] = &[$(Self::$kind),+];
        }
    };
}
for_all_kinds!(define_resource_kind);
