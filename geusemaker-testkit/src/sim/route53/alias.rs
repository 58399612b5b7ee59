//! The targets of aliases: load balancers, distributions, and other records of the zone.

use super::Targets;
use super::hosted_zone::HostedZone;
use super::record::{AliasTarget, Record};

/// The zone of all distributions.
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// Returns the reason for which AWS refuses an alias, if there is one.
pub(super) fn refusal(
    record: &Record,
    target: &AliasTarget,
    zone: &HostedZone,
    targets: &Targets<'_>,
) -> Option<String> {
    let dns_name = target.name.plain();
    let problem = if target.zone == CLOUDFRONT_ZONE {
        if target.evaluates_health {
            return Some(format!(
                "EvaluateTargetHealth cannot be true for an alias that targets the CloudFront distribution {}",
                target.name
            ));
        }
        let has_type = ["A", "AAAA", "HTTPS"].contains(&record.kind.as_str());
        let name = record.name.plain();
        let is_in_zone = dns_name.ends_with(".cloudfront.net");
        problem(
            is_in_zone,
            has_type && targets.cloudfront.answers(&dns_name, &name),
        )
    } else if target.zone == zone.id {
        let is_in_zone = target.name.is_in(&zone.name);
        let is_itself = target.name == record.name;
        let is_there = zone.record(&target.name, &record.kind).is_some();
        problem(is_in_zone, is_there && !is_itself)
    } else {
        let has_type = ["A", "AAAA"].contains(&record.kind.as_str());
        // The console names load balancers like this, for both kinds of addresses.
        let dns_name = dns_name.strip_prefix("dualstack.").unwrap_or(&dns_name);
        let zones: Vec<&str> = targets
            .regions
            .values()
            .filter_map(|region| region.elastic_load_balancing.zone_of(dns_name))
            .collect();
        let is_in_zone = zones.is_empty() || zones.contains(&target.zone.as_str());
        problem(is_in_zone, has_type && !zones.is_empty())
    };
    problem.map(|problem| {
        format!(
            "Tried to create an alias that targets {}, type {} in zone {}, but {problem}",
            target.name, record.kind, target.zone
        )
    })
}

fn problem(is_in_zone: bool, is_there: bool) -> Option<&'static str> {
    match (is_in_zone, is_there) {
        (false, _) => Some("the alias target name does not lie within the target zone"),
        (true, false) => Some("that target was not found"),
        (true, true) => None,
    }
}
