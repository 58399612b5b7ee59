//! Availability zones.

use super::selection::{Described, Field, Selection};
use super::{Code, Ec2};
use crate::sim::catalog::{self, Zone};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

impl Described for Zone {
    const IDS: Option<&'static str> = Some("ZoneName");
    const NAMES: Option<&'static str> = Some("ZoneId");
    const FIELDS: &'static [Field<Self>] = &[
        ("zone-name", |_, _, zone| vec![zone.name.clone()]),
        ("zone-id", |_, _, zone| vec![zone.id.clone()]),
        ("zone-type", |_, _, _| vec!["availability-zone".to_owned()]),
        ("region-name", |ec2, _, _| vec![ec2.region.clone()]),
        ("opt-in-status", |_, _, _| {
            vec!["opt-in-not-required".to_owned()]
        }),
        ("group-name", |ec2, _, _| {
            vec![format!("{}-zg-1", ec2.region)]
        }),
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
    // Every zone here is one that the account has opted in to.
    params.accept("AllAvailabilityZones");
    let selection = Selection::read(params, "DescribeAvailabilityZones")?;
    let zones = catalog::zones(context.region);
    let page = selection.choose(ec2, context.now, &zones)?;
    Ok(page.reply("availabilityZoneInfo", |zone| {
        Element::new("item")
            .with("zoneName", &zone.name)
            .with("zoneId", &zone.id)
            .with("zoneState", "available")
            .with("zoneType", "availability-zone")
            .with("regionName", context.region)
            .with("groupName", format_args!("{}-zg-1", context.region))
            .with("networkBorderGroup", context.region)
            .with("optInStatus", "opt-in-not-required")
    }))
}
