//! The holders of a resource: what uses it, so that AWS refuses to delete it.

use aws_sdk_ec2::types::NetworkInterface;

use super::{load_balancer, network_interface, security_group, target_group, vpc_origin};
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::kind::ResourceKind;

/// Something that uses a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The holder in words: `eni-1 (ELB app/x/1)`.
    pub(crate) text: String,
    /// The resource with whose end the holder lets go.
    pub(crate) owner: HolderOwner,
}

/// The resource with whose end a holder lets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HolderOwner {
    Resource(ResourceKind, String),
    /// A load balancer, by the end of its ARN: `app/NAME/HEX`.
    LoadBalancer(String),
    /// The holder itself: it goes when somebody removes it.
    Itself,
    /// AWS does not say.
    Unknown,
}

impl HolderOwner {
    /// Returns true if this resource is the owner. The name is that by which a resource of unknown id is looked up.
    pub(crate) fn is(&self, kind: ResourceKind, id: Option<&str>, name: Option<&str>) -> bool {
        match self {
            Self::Resource(owner, owner_id) => *owner == kind && id == Some(owner_id),
            Self::LoadBalancer(end) if kind == ResourceKind::LoadBalancer => match id {
                Some(arn) => arn.ends_with(&format!("/{end}")),
                None => name.is_some() && name == name_in(end),
            },
            Self::LoadBalancer(_) | Self::Itself | Self::Unknown => false,
        }
    }

    /// Returns true if the owner exists and AWS is not deleting it. An owner that AWS cannot be asked about may be going.
    pub(crate) async fn stays(&self, aws: &Reader) -> bool {
        match self {
            Self::Resource(kind, id) => match kind.observe(aws, id).await {
                Ok(Some(state)) => !is_going(&state),
                Ok(None) | Err(_) => false,
            },
            Self::LoadBalancer(end) => match name_in(end) {
                Some(name) => load_balancer::is_named(aws, name).await.unwrap_or(false),
                None => false,
            },
            Self::Itself => true,
            Self::Unknown => false,
        }
    }
}

/// Returns the name in the end of a load balancer's ARN.
fn name_in(end: &str) -> Option<&str> {
    end.split('/').nth(1)
}

/// Returns true for the states of resources that AWS is removing.
fn is_going(state: &str) -> bool {
    matches!(
        state,
        "deleting" | "deleted" | "shutting-down" | "terminated"
    )
}

/// Returns what uses a resource: network interfaces, rules of other security groups, load balancers, VPC origins and
/// distributions. Resources of
/// most kinds are used by none of them. The rules are asked for only if there is nothing else, or all holders are
/// wanted.
pub(crate) async fn holders(
    aws: &Reader,
    kind: ResourceKind,
    id: &str,
    wants_all: bool,
) -> Result<Vec<Holder>, AwsError> {
    let mut found = Vec::new();
    if let Some((name, value)) = kind.holders(id) {
        let interfaces = network_interface::filtered(aws, name, value).await?;
        // Only public addresses keep an internet gateway.
        let is_in_the_way = |interface: &&NetworkInterface| {
            kind != ResourceKind::InternetGatewayAttachment || interface.association().is_some()
        };
        let interfaces = interfaces.iter().filter(is_in_the_way);
        found.extend(interfaces.map(Holder::of_interface));
    }
    match kind {
        ResourceKind::SecurityGroup if wants_all || found.is_empty() => {
            let groups = security_group::referring_to(aws, id).await?;
            found.extend(groups.into_iter().map(|(group, name)| Holder {
                text: format!("a rule of security group {group} ({name})"),
                owner: HolderOwner::Resource(ResourceKind::SecurityGroup, group),
            }));
        }
        // The group that CloudFront keeps in the VPC goes some time after the last VPC origin.
        ResourceKind::Vpc if wants_all || found.is_empty() => {
            let groups = security_group::of_vpc(aws, id, vpc_origin::SERVICE_GROUP).await?;
            found.extend(groups.into_iter().map(|group| Holder {
                text: format!("security group {group} ({})", vpc_origin::SERVICE_GROUP),
                owner: HolderOwner::Unknown,
            }));
        }
        ResourceKind::VpcOrigin => {
            let ids = vpc_origin::distributions_of(aws, id).await?;
            found.extend(ids.into_iter().map(|id| Holder {
                text: format!("CloudFront distribution {id}"),
                owner: HolderOwner::Resource(ResourceKind::Distribution, id),
            }));
        }
        ResourceKind::LoadBalancer => {
            let ids = vpc_origin::leading_to(aws, id).await?;
            found.extend(ids.into_iter().map(|id| Holder {
                text: format!("VPC origin {id} of CloudFront"),
                owner: HolderOwner::Resource(ResourceKind::VpcOrigin, id),
            }));
        }
        ResourceKind::TargetGroup => {
            let arns = target_group::load_balancers_of(aws, id).await?;
            found.extend(arns.into_iter().map(|arn| Holder {
                text: format!("a listener of load balancer {arn}"),
                owner: HolderOwner::Resource(ResourceKind::LoadBalancer, arn),
            }));
        }
        _ => {}
    }
    Ok(found)
}

impl Holder {
    fn of_interface(interface: &NetworkInterface) -> Self {
        let id = interface.network_interface_id().unwrap_or_default();
        let description = interface.description().unwrap_or_default();
        let attachment = interface.attachment();
        let instance = attachment.and_then(|attachment| attachment.instance_id());
        let text = match (description, instance) {
            ("", Some(instance)) => format!("{id} (instance {instance})"),
            _ => format!("{id} ({description})"),
        };
        let owner = match instance {
            Some(instance) => HolderOwner::Resource(ResourceKind::Instance, instance.to_owned()),
            None if network_interface::is_silent(interface) => HolderOwner::Unknown,
            // CloudFront removes them some time after the VPC origin.
            None if network_interface::is_of_vpc_origin(interface) => HolderOwner::Unknown,
            None => owner_in(description),
        };
        Self { text, owner }
    }
}

/// Returns the owner that AWS names in the description of an interface: `ELB app/x/1`, `EFS mount target for fs-1
/// (fsmt-1)`, `VPC Endpoint Interface vpce-1`, `Interface for NAT Gateway nat-1`.
fn owner_in(description: &str) -> HolderOwner {
    if let Some(end) = description.strip_prefix("ELB ") {
        return HolderOwner::LoadBalancer(end.trim().to_owned());
    }
    let mut words = description
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'))
        .rev();
    let owner = words.find_map(|word| {
        let kind = match word.split_once('-')?.0 {
            "fsmt" => ResourceKind::MountTarget,
            "vpce" => ResourceKind::VpcEndpoint,
            "nat" => ResourceKind::NatGateway,
            _ => return None,
        };
        Some(HolderOwner::Resource(kind, word.to_owned()))
    });
    owner.unwrap_or(HolderOwner::Itself)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_description_names_owner() {
        let resource = |kind, id: &str| HolderOwner::Resource(kind, id.to_owned());
        for (description, owner) in [
            (
                "ELB app/llm-0a1b/50dc6c495c0c9188",
                HolderOwner::LoadBalancer("app/llm-0a1b/50dc6c495c0c9188".to_owned()),
            ),
            (
                "EFS mount target for fs-0a1 (fsmt-0b2)",
                resource(ResourceKind::MountTarget, "fsmt-0b2"),
            ),
            (
                "VPC Endpoint Interface vpce-0c3",
                resource(ResourceKind::VpcEndpoint, "vpce-0c3"),
            ),
            (
                "Interface for NAT Gateway nat-0d4",
                resource(ResourceKind::NatGateway, "nat-0d4"),
            ),
            ("made by hand", HolderOwner::Itself),
        ] {
            assert_eq!(owner_in(description), owner, "{description}");
        }
    }

    /// A load balancer whose ARN never came back is known by its name.
    #[test]
    fn load_balancer_is_known_by_name_or_arn() {
        let owner = HolderOwner::LoadBalancer("app/llm/50dc6c495c0c9188".to_owned());
        let arn = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/llm/50dc6c495c0c9188";
        let kind = ResourceKind::LoadBalancer;
        assert!(owner.is(kind, Some(arn), None) && owner.is(kind, None, Some("llm")));
        assert!(!owner.is(kind, Some("arn:…/app/llm/0"), Some("llm")));
        assert!(!owner.is(kind, None, Some("ll")) && !owner.is(kind, None, None));
        assert!(!owner.is(ResourceKind::TargetGroup, None, Some("llm")));
    }
}
