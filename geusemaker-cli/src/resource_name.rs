//! Names of resources for people, from their names in the journal.

use geusemaker_core::id::ResourceId;
use geusemaker_core::{ResourceKey, ResourceKind};

use crate::short_id::shorten_ids;

/// Returns the name of a resource for people: `storage security group`, `instance 0`. The function gives the number of
/// the instance with an id.
pub(crate) fn name(
    kind: ResourceKind,
    key: &ResourceKey,
    number_of: impl Fn(&str) -> Option<usize>,
) -> String {
    let words = match kind {
        ResourceKind::SecurityGroupRule | ResourceKind::ListenerRule => "rule".to_owned(),
        ResourceKind::RouteTableAssociation => "association".to_owned(),
        kind => kind.to_string(),
    };
    let parts: Vec<_> = key.as_str().split('/').skip(1).collect();
    match (kind, parts.as_slice()) {
        (_, []) => words,
        (ResourceKind::DnsRecord, [name, record_type]) => {
            format!("{} {name}", record_type.to_uppercase())
        }
        (ResourceKind::DnsRecord, [name]) => format!("CNAME {}", name.trim_end_matches('.')),
        (ResourceKind::TargetRegistration, [service, instance]) => {
            let number = number_of(instance).map(|number| number.to_string());
            // The instance of a spec has no id.
            let number = number.or_else(|| Some(instance.strip_prefix("instance-")?.to_owned()));
            match number {
                Some(number) => format!("{service} on instance {number}"),
                None => format!("{service} on {instance}"),
            }
        }
        // `alb/listener/80` and the rules below it.
        (ResourceKind::Listener, [_, port]) => format!("listener {port}"),
        (ResourceKind::ListenerRule, [_, port, "rule", service @ ..]) => {
            format!("{port} {} rule", service.join(" "))
        }
        (ResourceKind::ListenerRule, [_, rest @ ..]) => format!("{} rule", rest.join(" ")),
        (_, [number]) if number.bytes().all(|b| b.is_ascii_digit()) => format!("{words} {number}"),
        (_, parts) => format!("{} {words}", parts.join(" ")),
    }
}

/// Returns the part of an id that identifies the resource among those of its kind.
pub(crate) fn short_id(kind: ResourceKind, id: &ResourceId) -> String {
    let short = shorten_ids(id.as_str());
    let piece = match kind {
        // The type and the name.
        ResourceKind::DnsRecord => return short,
        // `app/NAME/HASH`
        ResourceKind::LoadBalancer => short.split('/').nth(1),
        // `NAME/HASH`
        ResourceKind::TargetGroup => short.split('/').next(),
        _ => short.rsplit(['/', ' ']).next(),
    };
    piece.unwrap_or(&short).to_owned()
}

#[cfg(test)]
mod tests {
    use geusemaker_core::ResourceKind;
    use geusemaker_core::id::ResourceId;

    use super::short_id;

    #[test]
    fn ids_are_short() {
        let balancer = "arn:aws:elasticloadbalancing:us-east-1:123456789012";
        for (kind, id, short) in [
            (ResourceKind::Instance, "i-0123", "i-0123".to_owned()),
            (
                ResourceKind::LoadBalancer,
                &format!("{balancer}:loadbalancer/app/llm-alb/8446"),
                "llm-alb".to_owned(),
            ),
            (
                ResourceKind::TargetGroup,
                &format!("{balancer}:targetgroup/llm-ollama/7684"),
                "llm-ollama".to_owned(),
            ),
            (
                ResourceKind::ListenerRule,
                &format!("{balancer}:listener-rule/app/llm-alb/84/32/71"),
                "71".to_owned(),
            ),
            (
                ResourceKind::TargetRegistration,
                &format!("{balancer}:targetgroup/llm-ollama/7684 i-0123"),
                "i-0123".to_owned(),
            ),
            (
                ResourceKind::Certificate,
                "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab",
                "01234567-89ab".to_owned(),
            ),
        ] {
            let id: ResourceId = serde_json::from_value(id.into()).unwrap();
            assert_eq!(short_id(kind, &id), short);
        }
    }
}
