//! The kinds of AWS resources that a deployment consists of, in the one table that lists them.

use serde::{Deserialize, Serialize};

/// The table of the resource kinds: the documentation and name of each kind, and its file in `resource/`.
///
/// The order is that of a removal: a kind stands below the kinds that its resources have to outlast.
macro_rules! for_all_kinds {
    ($generate:ident) => {
        $generate! {
            /// A record of the domain name system.
            DnsRecord => dns_record,
            /// A CloudFront distribution.
            Distribution => distribution,
            /// A VPC origin of CloudFront.
            VpcOrigin => vpc_origin,
            /// The registration of an instance with a target group.
            TargetRegistration => target_registration,
            /// A rule of a listener.
            ListenerRule => listener_rule,
            /// A listener of a load balancer.
            Listener => listener,
            /// A certificate of AWS Certificate Manager.
            Certificate => certificate,
            /// An Application Load Balancer.
            LoadBalancer => load_balancer,
            /// A target group.
            TargetGroup => target_group,
            /// A mount target of a file system.
            MountTarget => mount_target,
            /// An access point of a file system.
            AccessPoint => access_point,
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
            /// A VPC endpoint.
            VpcEndpoint => vpc_endpoint,
            /// An ingress rule of a security group.
            SecurityGroupRule => security_group_rule,
            /// A security group.
            SecurityGroup => security_group,
            /// A NAT gateway.
            NatGateway => nat_gateway,
            /// An Elastic IP address.
            ElasticIp => elastic_ip,
            /// A route of a route table.
            Route => route,
            /// The association of a route table with a subnet.
            RouteTableAssociation => route_table_association,
            /// A route table of a VPC.
            RouteTable => route_table,
            /// A subnet of a VPC.
            Subnet => subnet,
            /// The attachment of an internet gateway to a VPC.
            InternetGatewayAttachment => internet_gateway_attachment,
            /// An internet gateway.
            InternetGateway => internet_gateway,
            /// A VPC.
            Vpc => vpc,
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

impl ResourceKind {
    /// Returns true for the resources that hold data, or that others need to reach it. Their removal cannot be undone.
    pub(crate) fn is_data(self) -> bool {
        match self {
            Self::MountTarget | Self::AccessPoint | Self::FileSystem | Self::Instance => true,
            Self::DnsRecord
            | Self::Distribution
            | Self::VpcOrigin
            | Self::Certificate
            | Self::TargetRegistration
            | Self::ListenerRule
            | Self::Listener
            | Self::LoadBalancer
            | Self::TargetGroup
            | Self::InstanceProfileRole
            | Self::InstanceProfile
            | Self::RolePolicy
            | Self::Role
            | Self::VpcEndpoint
            | Self::SecurityGroupRule
            | Self::SecurityGroup
            | Self::NatGateway
            | Self::ElasticIp
            | Self::Route
            | Self::RouteTableAssociation
            | Self::RouteTable
            | Self::Subnet
            | Self::InternetGatewayAttachment
            | Self::InternetGateway
            | Self::Vpc => false,
        }
    }

    /// Returns the word for a resource of this kind that is gone, as AWS uses it.
    pub(crate) fn deleted(self) -> &'static str {
        if self == Self::Instance {
            "terminated"
        } else {
            "deleted"
        }
    }

    /// Returns true for the parts of a network that other resources are in.
    pub(crate) fn is_of_network(self) -> bool {
        match self {
            Self::VpcEndpoint
            | Self::NatGateway
            | Self::ElasticIp
            | Self::Route
            | Self::RouteTableAssociation
            | Self::RouteTable
            | Self::Subnet
            | Self::InternetGatewayAttachment
            | Self::InternetGateway
            | Self::Vpc => true,
            Self::DnsRecord
            | Self::Distribution
            | Self::VpcOrigin
            | Self::Certificate
            | Self::TargetRegistration
            | Self::ListenerRule
            | Self::Listener
            | Self::LoadBalancer
            | Self::TargetGroup
            | Self::MountTarget
            | Self::AccessPoint
            | Self::FileSystem
            | Self::Instance
            | Self::InstanceProfileRole
            | Self::InstanceProfile
            | Self::RolePolicy
            | Self::Role
            | Self::SecurityGroupRule
            | Self::SecurityGroup => false,
        }
    }
}
