//! Changes of record sets, which take effect all or none, and reach the name servers a moment later.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hosted_zone::HostedZone;
use super::record::{Content, Record, in_brackets};
use super::{
    Code, Route53, Targets, alias, body, id, invalid_input, refuse_other_query, refuse_others,
    required,
};
use crate::sim::context::RequestContext;
use crate::sim::timings::Step;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A change on its way to the name servers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ChangeInfo {
    comment: Option<String>,
    submitted_at: Timestamp,
    in_sync_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Create,
    Delete,
    Upsert,
}

impl ChangeInfo {
    /// Begins a change and returns its description.
    pub(super) fn begin(route53: &mut Route53, context: &mut RequestContext<'_>) -> Element {
        let in_sync_at = context.now + context.duration(Step::RecordsInSync);
        Self::begin_until(route53, context, in_sync_at, None)
    }

    fn begin_until(
        route53: &mut Route53,
        context: &mut RequestContext<'_>,
        in_sync_at: Timestamp,
        comment: Option<String>,
    ) -> Element {
        let id = format!("C{}", context.rng.upper(20));
        let change = Self {
            comment,
            submitted_at: context.now,
            in_sync_at,
        };
        let element = change.element(&id, context.now);
        route53.changes.insert(id, change);
        element
    }

    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        if self.in_sync_at <= now {
            "INSYNC"
        } else {
            "PENDING"
        }
    }

    fn element(&self, id: &str, now: Timestamp) -> Element {
        Element::new("ChangeInfo")
            .with("Id", format!("/change/{id}"))
            .with("Status", self.status(now))
            .with("SubmittedAt", self.submitted_at)
            .with_some("Comment", self.comment.as_ref())
    }
}

pub(super) fn get(
    route53: &Route53,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let id = id(input);
    let change = route53.changes.get(id).ok_or_else(|| {
        let message = format!("Could not find resource with ID: {id}");
        ServiceError::new(Code::NoSuchChange, message)
    })?;
    let answer = Element::new("GetChangeResponse").child(change.element(id, context.now));
    Ok(Reply::xml(answer))
}

pub(super) fn change(
    route53: &mut Route53,
    targets: &Targets<'_>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let body = body(input)?;
    refuse_others(body, &["ChangeBatch"])?;
    let batch = body
        .find("ChangeBatch")
        .ok_or_else(|| invalid_input("Invalid XML ; the element ChangeBatch is required."))?;
    refuse_others(batch, &["Comment", "Changes"])?;
    let comment = batch.text_at(&["Comment"]).map(str::to_owned);
    let changes = batch.find("Changes").map_or(&[][..], Element::elements);
    if changes.is_empty() {
        return Err(invalid_input("Invalid XML ; the list of changes is empty."));
    }
    // The quota: 1000 records in a request, of which a changed one counts twice.
    if changes.len() > 1000 {
        return Err(ServiceError::new(
            Code::InvalidChangeBatch,
            in_brackets("Number of records limit of 1000 exceeded."),
        ));
    }
    let since = context.now + context.duration(Step::RecordsInSync);
    let mut zone = route53.zone(id(input))?.clone();
    let changes = changes
        .iter()
        .map(|change| read(change, since))
        .collect::<Result<Vec<_>, _>>()?;
    let mut problems = Vec::new();
    for (action, record) in &changes {
        problems.extend(apply(&mut zone, targets, *action, record));
    }
    problems.extend(conflicts(&zone, &changes));
    if !problems.is_empty() {
        return Err(ServiceError::new(
            Code::InvalidChangeBatch,
            in_brackets(&problems.join(", ")),
        ));
    }
    *route53.zone_mut(id(input))? = zone;
    let change = ChangeInfo::begin_until(route53, context, since, comment);
    Ok(Reply::xml(
        Element::new("ChangeResourceRecordSetsResponse").child(change),
    ))
}

fn read(change: &Element, since: Timestamp) -> Result<(Action, Record), ServiceError> {
    refuse_others(change, &["Action", "ResourceRecordSet"])?;
    let name = required(change, "Action")?;
    let action = match name {
        "CREATE" => Action::Create,
        "DELETE" => Action::Delete,
        "UPSERT" => Action::Upsert,
        other => {
            return Err(invalid_input(format!(
                "Invalid XML ; cvc-enumeration-valid: Value '{other}' is not facet-valid with respect to enumeration '[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration."
            )));
        }
    };
    let record = change
        .find("ResourceRecordSet")
        .ok_or_else(|| invalid_input("Invalid XML ; the element ResourceRecordSet is required."))?;
    Ok((action, Record::read(record, name, since)?))
}

/// Makes one change in the zone. Returns the reason for which AWS refuses it, if there is one.
fn apply(
    zone: &mut HostedZone,
    targets: &Targets<'_>,
    action: Action,
    record: &Record,
) -> Option<String> {
    if !record.name.is_in(&zone.name) {
        return Some(format!(
            "RRSet with DNS name {} is not permitted in zone {}",
            record.name, zone.name
        ));
    }
    let old = zone.record(&record.name, &record.kind);
    match (action, old) {
        (Action::Delete, None) => {
            return Some(format!(
                "Tried to delete resource record set {} but it was not found",
                record.described()
            ));
        }
        (Action::Delete, Some(old)) if !old.has_content_of(record) => {
            return Some(format!(
                "Tried to delete resource record set {} but the values provided do not match the current values",
                record.described()
            ));
        }
        (Action::Delete, Some(_)) if zone.is_required(record) => {
            return Some(match record.kind.as_str() {
                "SOA" => "A HostedZone must contain exactly one SOA record.".to_owned(),
                _ => "A HostedZone must contain at least one NS record for the zone itself."
                    .to_owned(),
            });
        }
        (Action::Delete, Some(_)) => {
            zone.records.remove(&record.sort_key());
            return None;
        }
        (Action::Create, Some(_)) => {
            return Some(format!(
                "Tried to create resource record set {} but it already exists",
                record.described()
            ));
        }
        // The same again changes nothing, and the name servers have it already.
        (Action::Upsert, Some(old)) if old.has_content_of(record) => return None,
        (Action::Create, None) | (Action::Upsert, _) => {}
    }
    if record.kind == "CNAME" && record.name == zone.name {
        return Some(format!(
            "RRSet of type CNAME with DNS name {} is not permitted at apex in zone {}",
            record.name, zone.name
        ));
    }
    if let Content::Alias(target) = &record.content
        && let Some(refusal) = alias::refusal(record, target, zone, targets)
    {
        return Some(refusal);
    }
    zone.put(record.clone());
    None
}

/// Returns the conflicts of the records that a batch leaves: beside a CNAME there is no other record of its name.
fn conflicts(zone: &HostedZone, changes: &[(Action, Record)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (action, record) in changes {
        let (name, kind) = (&record.name, record.kind.as_str());
        let is_there = zone.record(name, kind).is_some();
        if *action == Action::Delete || !is_there || name == &zone.name {
            continue;
        }
        let has_cname = zone.record(name, "CNAME").is_some();
        let has_others = zone
            .records
            .values()
            .any(|other| other.name == *name && other.kind != kind);
        let problem = match (kind, has_others, has_cname) {
            ("CNAME", true, _) => format!(
                "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the same DNS name in zone {}",
                zone.name
            ),
            ("CNAME", false, _) | (_, _, false) => continue,
            (_, _, true) => format!(
                "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone {}",
                zone.name
            ),
        };
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}
