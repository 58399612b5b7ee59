//! The lists of hosted zones, by id and by name.

use super::hosted_zone::HostedZone;
use super::name::Name;
use super::{Code, Route53, page_size, refuse_other_query};
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The most zones of a page.
const LARGEST: usize = 100;

pub(super) fn list(route53: &Route53, input: &Input) -> Result<Reply, ServiceError> {
    // Reusable delegation sets and private zones are not simulated.
    refuse_other_query(input, &["marker", "maxitems"])?;
    let size = page_size(input, LARGEST)?;
    let marker = input.query.get("marker").map_or("", String::as_str);
    // The marker is the first zone of the page.
    let mut rest = route53.zones.values().filter(|zone| *zone.id >= *marker);
    let page: Vec<&HostedZone> = rest.by_ref().take(size).collect();
    let next = rest.next();
    let answer = Element::new("ListHostedZonesResponse")
        .child(zones(&page))
        .with("Marker", marker)
        .with("IsTruncated", next.is_some())
        .with_some("NextMarker", next.map(|zone| &zone.id))
        .with("MaxItems", size);
    Ok(Reply::xml(answer))
}

pub(super) fn list_by_name(route53: &Route53, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["dnsname", "hostedzoneid", "maxitems"])?;
    let size = page_size(input, LARGEST)?;
    let start = input.query.get("dnsname").map(|text| Name::parse(text));
    let start = start
        .transpose()
        .map_err(|problem| ServiceError::new(Code::InvalidDomainName, problem))?;
    let zone_id = input.query.get("hostedzoneid").map(String::as_str);
    if zone_id.is_some() && start.is_none() {
        return Err(super::invalid_input(
            "The hosted zone id can only be specified with a DNS name.",
        ));
    }
    let key = |zone: &HostedZone| (zone.name.reversed(), zone.id.clone());
    let from = start.as_ref().map_or_else(String::new, Name::reversed);
    let from = (from, zone_id.unwrap_or_default().to_owned());
    let mut sorted: Vec<&HostedZone> = route53.zones.values().collect();
    sorted.retain(|zone| key(zone) >= from);
    sorted.sort_by_key(|zone| key(zone));
    let next = sorted.get(size).copied();
    sorted.truncate(size);
    let mut answer = Element::new("ListHostedZonesByNameResponse")
        .child(zones(&sorted))
        .with_some("DNSName", start)
        .with_some("HostedZoneId", zone_id)
        .with("IsTruncated", next.is_some());
    if let Some(next) = next {
        answer = answer
            .with("NextDNSName", &next.name)
            .with("NextHostedZoneId", &next.id);
    }
    Ok(Reply::xml(answer.with("MaxItems", size)))
}

fn zones(page: &[&HostedZone]) -> Element {
    Element::new("HostedZones").children(page.iter().map(|zone| zone.element()))
}
