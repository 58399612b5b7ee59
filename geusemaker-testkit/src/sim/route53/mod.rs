//! Amazon Route 53: public hosted zones and their records, and aliases to load balancers and distributions.

mod alias;
mod change;
mod error_code;
mod hosted_zone;
mod hosted_zone_list;
mod name;
mod operations;
mod record;
mod record_list;
mod tags;
mod value;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::change::ChangeInfo;
pub(crate) use self::error_code::{Code, ERROR_CODES};
use self::hosted_zone::HostedZone;
use self::name::Name;
pub(crate) use self::operations::OPERATIONS;
use super::account::Region;
use super::cloudfront::CloudFront;
use super::context::RequestContext;
use super::resource::{Resource, ResourceState};
use super::timings::Rng;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The account's hosted zones and their changes, by id. Route 53 has no regions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Route53 {
    zones: BTreeMap<String, HostedZone>,
    changes: BTreeMap<String, ChangeInfo>,
}

impl Route53 {
    /// Returns the zones, and their records without those that every zone has.
    pub(crate) fn inventory(&self) -> Vec<Resource> {
        let zones = self
            .zones
            .keys()
            .map(|id| Resource::new("Route53::HostedZone", id));
        let records = self.zones.values().flat_map(|zone| {
            zone.own_records().map(|record| {
                let id = format!("{}/{}", zone.id, record.title());
                Resource::new("Route53::RecordSet", &id)
            })
        });
        zones.chain(records).collect()
    }

    /// Returns the states of the changes that are on their way to the name servers.
    pub(crate) fn states(&self, now: Timestamp) -> impl Iterator<Item = ResourceState> {
        self.changes.iter().filter_map(move |(id, change)| {
            let status = change.status(now);
            (status == "PENDING").then(|| Resource::new("Route53::Change", id).in_state(status))
        })
    }

    /// Returns the time from which the name servers have a CNAME record of that name and value.
    pub(crate) fn cname_since(&self, name: &str, value: &str) -> Option<Timestamp> {
        let name = Name::parse(name).ok()?;
        let mut zones = self.zones.values();
        zones.find_map(|zone| zone.record(&name, "CNAME")?.since_with_value(value))
    }

    /// Returns the names that have records of their own, without wildcards.
    #[cfg(feature = "traffic")]
    pub(crate) fn host_names(&self) -> impl Iterator<Item = String> {
        let records = self.zones.values().flat_map(HostedZone::own_records);
        let names = records.map(|record| record.name.plain());
        names.filter(|name| !name.starts_with(['*', '\\']))
    }

    /// Returns the name that the addresses of a name come from: the target of its alias, or of its CNAME record.
    #[cfg(feature = "traffic")]
    pub(crate) fn target_of(&self, name: &str, now: Timestamp) -> Option<String> {
        let name = Name::parse(name).ok()?;
        let records = |kind| {
            self.zones
                .values()
                .find_map(|zone| zone.record(&name, kind))
        };
        let record = records("A").or_else(|| records("CNAME"))?;
        record.target(now)
    }

    /// Adds a zone that is older than the program under test, unless there is one of that name.
    pub(crate) fn add_zone(&mut self, name: &Name, account_id: &str, now: Timestamp) {
        if self.zone_of(name).is_none() {
            let id = Rng::of_text(&format!("{account_id} {name}")).upper(20);
            let zone = HostedZone::new(format!("Z{id}"), name.clone(), "simulated".to_owned(), now);
            self.zones.insert(zone.id.clone(), zone);
        }
    }

    /// Returns the id of the first zone with that name.
    pub(crate) fn zone_of(&self, name: &Name) -> Option<&str> {
        let mut zones = self.zones.values();
        let found = zones.find(|zone| zone.name == *name);
        found.map(|zone| zone.id.as_str())
    }

    fn zone(&self, id: &str) -> Result<&HostedZone, ServiceError> {
        self.zones.get(id).ok_or_else(|| no_such_zone(id))
    }

    fn zone_mut(&mut self, id: &str) -> Result<&mut HostedZone, ServiceError> {
        self.zones.get_mut(id).ok_or_else(|| no_such_zone(id))
    }
}

/// Returns the name of a zone or record.
///
/// # Errors
/// Returns the problem of a text that is no domain name.
pub(crate) fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text)
}

/// The services whose resources aliases name.
pub(super) struct Targets<'a> {
    regions: &'a BTreeMap<String, Region>,
    cloudfront: &'a CloudFront,
}

/// Answers a call of Route 53.
pub(crate) fn answer(
    route53: &mut Route53,
    regions: &mut BTreeMap<String, Region>,
    cloudfront: &CloudFront,
    context: &mut RequestContext<'_>,
    operation: &str,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let targets = Targets {
        regions,
        cloudfront,
    };
    let reply = operations::perform(operation, route53, &targets, context, input)?;
    // A record may validate a certificate, or not any more.
    for region in regions.values_mut() {
        region.acm.look_for_records(route53, context.now);
    }
    Ok(reply)
}

/// Returns the id in `hostedzone/Z1/rrset` and `change/C1`.
fn id(input: &Input) -> &str {
    input.path.get(1).map_or("", String::as_str)
}

fn no_such_zone(id: &str) -> ServiceError {
    let message = format!("No hosted zone found with ID: {id}");
    ServiceError::new(Code::NoSuchHostedZone, message)
}

fn invalid_input(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::InvalidInput, message)
}

fn body(input: &Input) -> Result<&Element, ServiceError> {
    input
        .body
        .as_ref()
        .ok_or_else(|| invalid_input("Invalid XML ; the request has no body."))
}

/// Refuses child elements that would be ignored.
fn refuse_others(element: &Element, known: &[&str]) -> Result<(), ServiceError> {
    let mut children = element.elements().iter().map(Element::name);
    match children.find(|name| !known.contains(name)) {
        Some(name) => Err(ServiceError::unsupported(format_args!(
            "the element {}.{name}",
            element.name()
        ))),
        None => Ok(()),
    }
}

/// Refuses query parameters that would be ignored.
fn refuse_other_query(input: &Input, known: &[&str]) -> Result<(), ServiceError> {
    let mut names = input.query.keys();
    match names.find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(ServiceError::unsupported(format_args!(
            "the parameter {name}"
        ))),
        None => Ok(()),
    }
}

fn required<'a>(element: &'a Element, name: &str) -> Result<&'a str, ServiceError> {
    element.text_at(&[name]).ok_or_else(|| {
        invalid_input(format!(
            "Invalid XML ; cvc-complex-type: the element {}.{name} is required.",
            element.name()
        ))
    })
}

/// Reads the size of a page. A larger one than AWS gives is cut.
fn page_size(input: &Input, largest: usize) -> Result<usize, ServiceError> {
    match input.query.get("maxitems").map(|text| text.parse()) {
        None => Ok(largest),
        Some(Ok(size)) if size > 0 => Ok(largest.min(size)),
        Some(_) => Err(invalid_input("The value of maxitems is not valid.")),
    }
}
