//! Availability zones.

use super::selection::{Described, Field, Selection};
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::regions::{self, Zone, ZoneKind};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

impl Described for Zone {
    const IDS: Option<&'static str> = Some("ZoneName");
    const NAMES: Option<&'static str> = Some("ZoneId");
    const FIELDS: &'static [Field<Self>] = &[
        ("zone-name", |_, _, zone| vec![zone.name.clone()]),
        ("zone-id", |_, _, zone| vec![zone.id.clone()]),
        ("zone-type", |_, _, zone| vec![zone.kind.name().to_owned()]),
        ("region-name", |ec2, _, _| vec![ec2.region.clone()]),
        ("opt-in-status", |ec2, _, zone| {
            vec![opt_in_status(ec2, zone).to_owned()]
        }),
        ("group-name", |_, _, zone| vec![zone.group.clone()]),
        ("state", |_, _, _| vec!["available".to_owned()]),
    ];

    fn handle(&self) -> &str {
        &self.name
    }

    fn is_called(&self, _ec2: &Ec2, id: &str) -> bool {
        self.id == id
    }

    fn unknown(id: &str) -> ServiceError {
        ServiceError::new(
            Code::InvalidParameterValue,
            format!("Invalid availability zone: [{id}]"),
        )
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let lists_all: Option<bool> = params.parsed("AllAvailabilityZones")?;
    let selection = Selection::read(params, "DescribeAvailabilityZones")?;
    let mut zones = ec2.open_zones();
    if lists_all == Some(true) {
        let edge = regions::edge_zones(context.region).iter();
        zones.extend(edge.filter(|zone| !ec2.zone_groups.contains(&zone.group)));
    }
    let zones: Vec<Zone> = zones.into_iter().cloned().collect();
    let page = selection.choose(ec2, context.now, &zones)?;
    Ok(page.reply("availabilityZoneInfo", |zone| {
        Element::new("item")
            .with("zoneName", &zone.name)
            .with("zoneId", &zone.id)
            .with("zoneState", "available")
            .with("zoneType", zone.kind.name())
            .with("regionName", context.region)
            .with("groupName", &zone.group)
            .with("networkBorderGroup", zone.border_group())
            .with("optInStatus", opt_in_status(ec2, zone))
    }))
}

fn opt_in_status(ec2: &Ec2, zone: &Zone) -> &'static str {
    match zone.kind {
        ZoneKind::AvailabilityZone => "opt-in-not-required",
        _ if ec2.zone_groups.contains(&zone.group) => "opted-in",
        ZoneKind::LocalZone | ZoneKind::WavelengthZone => "not-opted-in",
    }
}

/// Answers ModifyAvailabilityZoneGroup, with which an account opts in to local and wavelength zones.
pub(crate) fn modify_group(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let group = params.required("GroupName")?;
    let status = params.required("OptInStatus")?;
    params.refuse_unread("ModifyAvailabilityZoneGroup")?;
    let mut zones = regions::edge_zones(&ec2.region).iter();
    if !zones.any(|zone| zone.group == group) {
        let message = format!("Invalid group name: [{group}]");
        return Err(ServiceError::new(Code::InvalidParameterValue, message));
    }
    match status.as_str() {
        "opted-in" => ec2.zone_groups.insert(group),
        // EC2 reference: only AWS Support can opt an account out.
        "not-opted-in" => {
            return Err(ServiceError::unsupported("to opt out of a zone group"));
        }
        other => {
            let message = format!("Value ({other}) for parameter OptInStatus is invalid.");
            return Err(ServiceError::new(Code::InvalidParameterValue, message));
        }
    };
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}
