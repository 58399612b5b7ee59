//! The names that resources get in AWS.

use crate::kind::ResourceKind;
use crate::resource_key::ResourceKey;
use crate::spec::DeploymentSpec;

/// Returns the name that a resource gets in AWS, if the spec decides it.
pub(super) fn in_aws(
    spec: &DeploymentSpec,
    kind: ResourceKind,
    key: &ResourceKey,
) -> Option<String> {
    let stack = spec.name();
    let (_, part) = key.as_str().split_once('/').unwrap_or_default();
    let of_network = |part: &str| Some(format!("{stack}-{}", part.replace(['/', '.'], "-")));
    match kind {
        ResourceKind::DnsRecord => part.split('/').next().map(str::to_owned),
        ResourceKind::VpcOrigin | ResourceKind::LoadBalancer => Some(stack.load_balancer_name()),
        ResourceKind::Listener => {
            let protocol = if part.ends_with("443") {
                "https"
            } else {
                "http"
            };
            Some(format!("{stack}-{protocol}"))
        }
        ResourceKind::ListenerRule => match part.split('/').nth(3) {
            Some(service) => named_for(spec, service),
            None => Some(format!("{stack}-unauthorized")),
        },
        ResourceKind::TargetGroup => named_for(spec, part),
        ResourceKind::Instance | ResourceKind::AccessPoint => Some(format!("{stack}-{part}")),
        ResourceKind::FileSystem => match spec.storage().file_system() {
            Some(_) => None,
            None => Some(format!("{stack}-storage")),
        },
        ResourceKind::SecurityGroup => Some(stack.security_group_name(part)),
        ResourceKind::Vpc => of_network("vpc"),
        ResourceKind::InternetGateway => of_network("gateway"),
        ResourceKind::NatGateway | ResourceKind::ElasticIp => of_network("nat"),
        ResourceKind::Subnet | ResourceKind::RouteTable | ResourceKind::VpcEndpoint => {
            of_network(part)
        }
        // Roles have the id of the deployment in their names; the others have none.
        ResourceKind::Distribution
        | ResourceKind::Certificate
        | ResourceKind::TargetRegistration
        | ResourceKind::MountTarget
        | ResourceKind::InstanceProfileRole
        | ResourceKind::InstanceProfile
        | ResourceKind::RolePolicy
        | ResourceKind::Role
        | ResourceKind::SecurityGroupRule
        | ResourceKind::Route
        | ResourceKind::RouteTableAssociation
        | ResourceKind::InternetGatewayAttachment => None,
    }
}

/// Returns the name of the target group of a service, and of its rules.
fn named_for(spec: &DeploymentSpec, service: &str) -> Option<String> {
    let mut services = spec.services().iter().map(|service| service.name());
    let service = services.find(|name| name.as_str() == service)?;
    Some(spec.name().target_group_name(service))
}
