//! Hosted zones.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::change::ChangeInfo;
use super::name::Name;
use super::record::{Record, sort_key};
use super::tags::Tags;
use super::{Code, Route53, body, id, invalid_input, refuse_other_query, refuse_others, required};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::sim::timings::Rng;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A public hosted zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct HostedZone {
    pub(super) id: String,
    pub(super) name: Name,
    caller_reference: String,
    comment: Option<String>,
    /// By name and type, in the order of lists.
    pub(super) records: BTreeMap<String, Record>,
    pub(super) tags: Tags,
}

impl HostedZone {
    /// Creates a zone with the two records that every zone has.
    pub(super) fn new(id: String, name: Name, caller_reference: String, now: Timestamp) -> Self {
        let mut zone = Self {
            id,
            name,
            caller_reference,
            comment: None,
            records: BTreeMap::new(),
            tags: Tags::new(),
        };
        let servers: Vec<String> = zone.name_servers().map(|name| format!("{name}.")).collect();
        let first = servers.first().map_or("", String::as_str);
        let authority = format!("{first} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
        for (kind, ttl, values) in [("NS", 172_800, servers), ("SOA", 900, vec![authority])] {
            let record = Record::with_values(zone.name.clone(), kind, ttl, values, now);
            zone.put(record);
        }
        zone
    }

    /// Returns the names of the zone's name servers, which follow from its id.
    fn name_servers(&self) -> impl Iterator<Item = String> + use<> {
        let mut rng = Rng::of_text(&self.id);
        let ends = ["com", "net", "org", "co.uk"];
        ends.into_iter()
            .map(move |end| format!("ns-{}.awsdns-{}.{end}", rng.digits(4), rng.digits(2)))
    }

    pub(super) fn record(&self, name: &Name, kind: &str) -> Option<&Record> {
        self.records.get(&sort_key(name, kind))
    }

    pub(super) fn put(&mut self, record: Record) {
        self.records.insert(record.sort_key(), record);
    }

    /// Returns the records beside those of the zone itself, of which every zone has one each.
    pub(super) fn own_records(&self) -> impl Iterator<Item = &Record> {
        self.records
            .values()
            .filter(|record| !self.is_required(record))
    }

    pub(super) fn is_required(&self, record: &Record) -> bool {
        record.name == self.name && ["NS", "SOA"].contains(&record.kind.as_str())
    }

    pub(super) fn element(&self) -> Element {
        let config = Element::new("Config")
            .with_some("Comment", self.comment.as_ref())
            .with("PrivateZone", false);
        Element::new("HostedZone")
            .with("Id", format!("/hostedzone/{}", self.id))
            .with("Name", &self.name)
            .with("CallerReference", &self.caller_reference)
            .child(config)
            .with("ResourceRecordSetCount", self.records.len())
    }

    fn delegation_set(&self) -> Element {
        let servers = self
            .name_servers()
            .map(|name| Element::leaf("NameServer", name));
        Element::new("DelegationSet").child(Element::new("NameServers").children(servers))
    }
}

pub(super) fn create(
    route53: &mut Route53,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let body = body(input)?;
    refuse_others(body, &["Name", "CallerReference", "HostedZoneConfig"])?;
    let name = Name::parse(required(body, "Name")?)
        .map_err(|problem| ServiceError::new(Code::InvalidDomainName, problem))?;
    if !name.as_str().trim_end_matches('.').contains('.') {
        let message = format!("{name} is reserved by AWS!");
        return Err(ServiceError::new(Code::InvalidDomainName, message));
    }
    let reference = required(body, "CallerReference")?;
    if !(1..=128).contains(&reference.chars().count()) {
        return Err(invalid_input(
            "The caller reference must have 1 to 128 characters.",
        ));
    }
    let comment = read_config(body)?;
    let mut zones = route53.zones.values();
    if zones.any(|zone| zone.caller_reference == reference) {
        let message = "A hosted zone has already been created with the specified caller reference.";
        return Err(ServiceError::new(Code::HostedZoneAlreadyExists, message));
    }
    let count = route53.zones.len();
    context.quotas.admit(Quota::HostedZones, count + 1)?;
    let id = format!("Z{}", context.rng.upper(20));
    let mut zone = HostedZone::new(id.clone(), name, reference.to_owned(), context.now);
    zone.comment = comment;
    let change = ChangeInfo::begin(route53, context);
    let answer = Element::new("CreateHostedZoneResponse")
        .child(zone.element())
        .child(change)
        .child(zone.delegation_set());
    route53.zones.insert(id.clone(), zone);
    let location = format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}");
    Ok(Reply::xml(answer).status(201).header("location", location))
}

/// Reads the configuration, and returns its comment. Zones within VPCs are not simulated.
fn read_config(body: &Element) -> Result<Option<String>, ServiceError> {
    let Some(config) = body.find("HostedZoneConfig") else {
        return Ok(None);
    };
    refuse_others(config, &["Comment", "PrivateZone"])?;
    if config.text_at(&["PrivateZone"]) == Some("true") {
        return Err(ServiceError::unsupported("private hosted zones"));
    }
    let comment = config.text_at(&["Comment"]);
    if comment.is_some_and(|text| text.chars().count() > 256) {
        return Err(invalid_input(
            "The comment of a hosted zone can have at most 256 characters.",
        ));
    }
    Ok(comment.map(str::to_owned))
}

pub(super) fn get(route53: &Route53, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let zone = route53.zone(id(input))?;
    let answer = Element::new("GetHostedZoneResponse")
        .child(zone.element())
        .child(zone.delegation_set());
    Ok(Reply::xml(answer))
}

pub(super) fn delete(
    route53: &mut Route53,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let zone = route53.zone(id(input))?;
    if zone.own_records().next().is_some() {
        let message = "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(ServiceError::new(Code::HostedZoneNotEmpty, message));
    }
    route53.zones.remove(id(input));
    let change = ChangeInfo::begin(route53, context);
    Ok(Reply::xml(
        Element::new("DeleteHostedZoneResponse").child(change),
    ))
}
