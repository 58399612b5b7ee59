//! The kinds of resources that AWS bills for.

use crate::kind::ResourceKind;

/// The way in which AWS bills for a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charge {
    Instance,
    LoadBalancer,
    NatGateway,
    PublicAddress,
    Endpoint,
    /// For its content.
    FileSystem,
    /// For its requests and their traffic.
    Distribution,
    /// Not at all, or not by itself.
    Free,
}

impl Charge {
    /// Returns the way in which AWS bills for resources of a kind.
    pub(crate) fn of(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::Instance => Self::Instance,
            ResourceKind::LoadBalancer => Self::LoadBalancer,
            ResourceKind::NatGateway => Self::NatGateway,
            ResourceKind::ElasticIp => Self::PublicAddress,
            ResourceKind::VpcEndpoint => Self::Endpoint,
            ResourceKind::FileSystem => Self::FileSystem,
            ResourceKind::Distribution => Self::Distribution,
            ResourceKind::DnsRecord
            | ResourceKind::TargetRegistration
            | ResourceKind::ListenerRule
            | ResourceKind::Listener
            | ResourceKind::Certificate
            | ResourceKind::VpcOrigin
            | ResourceKind::TargetGroup
            | ResourceKind::MountTarget
            | ResourceKind::AccessPoint
            | ResourceKind::InstanceProfileRole
            | ResourceKind::InstanceProfile
            | ResourceKind::RolePolicy
            | ResourceKind::Role
            | ResourceKind::SecurityGroupRule
            | ResourceKind::SecurityGroup
            | ResourceKind::Route
            | ResourceKind::RouteTableAssociation
            | ResourceKind::RouteTable
            | ResourceKind::Subnet
            | ResourceKind::InternetGatewayAttachment
            | ResourceKind::InternetGateway
            | ResourceKind::Vpc => Self::Free,
        }
    }
}
