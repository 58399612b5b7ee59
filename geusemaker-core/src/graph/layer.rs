//! The layers of a stack.

use std::fmt;

use serde::Serialize;

use crate::kind::ResourceKind;
use crate::resource_key::ResourceKey;

/// A layer of a stack. The order is that in which a request comes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GraphLayer {
    /// The names under which people reach the stack, and the certificates for them.
    Names,
    /// The CDN: tier 3.
    Cdn,
    /// The load balancer: tier 2.
    LoadBalancer,
    /// The listeners of the load balancer, and their rules.
    Listeners,
    /// The target groups, and the instances that are registered with them.
    TargetGroups,
    /// The instances and their permissions: tier 1.
    Instances,
    /// The file system, and the ways to it.
    Storage,
    /// The network, if the stack has its own.
    Network,
}

impl GraphLayer {
    /// All layers, in their order.
    pub const ALL: [Self; 8] = [
        Self::Names,
        Self::Cdn,
        Self::LoadBalancer,
        Self::Listeners,
        Self::TargetGroups,
        Self::Instances,
        Self::Storage,
        Self::Network,
    ];

    /// Returns the layer of a resource. A security group is with what it protects.
    pub(super) fn of(kind: ResourceKind, key: &ResourceKey) -> Self {
        match kind {
            ResourceKind::DnsRecord | ResourceKind::Certificate => Self::Names,
            ResourceKind::Distribution | ResourceKind::VpcOrigin => Self::Cdn,
            ResourceKind::LoadBalancer => Self::LoadBalancer,
            ResourceKind::Listener | ResourceKind::ListenerRule => Self::Listeners,
            ResourceKind::TargetGroup | ResourceKind::TargetRegistration => Self::TargetGroups,
            ResourceKind::Instance
            | ResourceKind::InstanceProfileRole
            | ResourceKind::InstanceProfile
            | ResourceKind::RolePolicy
            | ResourceKind::Role => Self::Instances,
            ResourceKind::MountTarget | ResourceKind::AccessPoint | ResourceKind::FileSystem => {
                Self::Storage
            }
            ResourceKind::SecurityGroup | ResourceKind::SecurityGroupRule => {
                match key.as_str().split('/').nth(1) {
                    Some("alb") => Self::LoadBalancer,
                    Some("instances") => Self::Instances,
                    Some("endpoints") => Self::Network,
                    // That of the storage, or another stack's for its mount targets.
                    Some(_) | None => Self::Storage,
                }
            }
            ResourceKind::VpcEndpoint
            | ResourceKind::NatGateway
            | ResourceKind::ElasticIp
            | ResourceKind::Route
            | ResourceKind::RouteTableAssociation
            | ResourceKind::RouteTable
            | ResourceKind::Subnet
            | ResourceKind::InternetGatewayAttachment
            | ResourceKind::InternetGateway
            | ResourceKind::Vpc => Self::Network,
        }
    }
}

impl fmt::Display for GraphLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Names => "names and certificates",
            Self::Cdn => "CDN",
            Self::LoadBalancer => "load balancer",
            Self::Listeners => "listeners and rules",
            Self::TargetGroups => "target groups",
            Self::Instances => "instances",
            Self::Storage => "storage",
            Self::Network => "network",
        })
    }
}
