//! CreateCapacityReservation and ModifyCapacityReservation.

use std::time::Duration;

use jiff::Timestamp;

use super::{CapacityReservation, LINUX};
use crate::sim::catalog::{self, InstanceType};
use crate::sim::context::RequestContext;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::tags::TagSpecifications;
use crate::sim::ec2::validation::{invalid, one_of};
use crate::sim::ec2::{Code, Ec2};
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::regions::{self, Zone};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// EC2 model, CapacityReservationInstancePlatform.
const PLATFORMS: [&str; 18] = [
    LINUX,
    "Red Hat Enterprise Linux",
    "SUSE Linux",
    "Windows",
    "Windows with SQL Server",
    "Windows with SQL Server Enterprise",
    "Windows with SQL Server Standard",
    "Windows with SQL Server Web",
    "Linux with SQL Server Standard",
    "Linux with SQL Server Web",
    "Linux with SQL Server Enterprise",
    "RHEL with SQL Server Standard",
    "RHEL with SQL Server Enterprise",
    "RHEL with SQL Server Web",
    "RHEL with HA",
    "RHEL with HA and SQL Server Standard",
    "RHEL with HA and SQL Server Enterprise",
    "Ubuntu Pro",
];

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let instance_type = read_instance_type(params)?;
    let platform = read_platform(params)?;
    let zone = read_zone(params, context.region)?;
    params.required("InstanceCount")?;
    let count = read_count(params)?.unwrap_or(1);
    if params.optional("Tenancy").is_some_and(|it| it != "default") {
        return Err(ServiceError::unsupported("a tenancy other than default"));
    }
    let criteria = one_of(params, "InstanceMatchCriteria", &["open", "targeted"])?;
    let ends_at = read_end(params, context.now)?.flatten();
    // EC2 model: deprecated.
    params.accept("EphemeralStorage");
    let ebs_optimized = params.parsed("EbsOptimized")?.unwrap_or(false);
    let client_token = params.optional("ClientToken");
    let kinds = [ResourceKind::CapacityReservation];
    let tags = TagSpecifications::read_from(params, "TagSpecifications", &kinds)?;
    params.refuse_unread("CreateCapacityReservation")?;
    let now = context.now;
    let reservation = CapacityReservation {
        id: ResourceKind::CapacityReservation.new_id(context.rng),
        instance_type: instance_type.name.clone(),
        platform,
        zone: zone.name.clone(),
        zone_id: zone.id.clone(),
        count,
        ebs_optimized,
        is_open: criteria.as_deref() != Some("targeted"),
        client_token,
        created_at: now,
        starts_at: now + context.lifecycle.duration(Duration::ZERO),
        ends_at,
        has_failed: matches!(context.lifecycle, LifecycleOverride::Fails { .. }),
        cancelled_at: None,
        block: None,
    };
    if let Some(earlier) = ec2.reserved_by(&reservation)? {
        return Ok(reply(ec2, earlier, now));
    }
    ec2.admit_reservation(context, instance_type, &reservation.zone, count)?;
    let id = reservation.id.clone();
    ec2.tags
        .attach(&id, tags.of(ResourceKind::CapacityReservation));
    let reply = reply(ec2, &reservation, now);
    ec2.capacity_reservations.insert(id, reservation);
    Ok(reply)
}

fn reply(ec2: &Ec2, reservation: &CapacityReservation, now: Timestamp) -> Reply {
    let element = reservation.element(ec2, now);
    Reply::xml(Element::new("reply").child(element.renamed("capacityReservation")))
}

pub(crate) fn modify(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("CapacityReservationId")?;
    let count = read_count(params)?;
    let criteria = one_of(params, "InstanceMatchCriteria", &["open", "targeted"])?;
    let ends_at = read_end(params, context.now)?;
    params.refuse_unread("ModifyCapacityReservation")?;
    let reservation = ec2.changeable_reservation(&id, context.now)?;
    if let Some(count) = count {
        let used = ec2.instances_in(&id, context.now);
        if count < used {
            return Err(invalid(&format!(
                "The instance count {count} is less than the {used} instances that run in the Capacity Reservation."
            )));
        }
        let more = count.saturating_sub(reservation.count);
        if let Some(known) = catalog::instance_type(&reservation.instance_type)
            && more > 0
        {
            ec2.admit_reservation(context, known, &reservation.zone, more)?;
        }
    }
    if let Some(reservation) = ec2.capacity_reservations.get_mut(&id) {
        reservation.count = count.unwrap_or(reservation.count);
        reservation.ends_at = ends_at.unwrap_or(reservation.ends_at);
        if let Some(criteria) = criteria {
            reservation.is_open = criteria == "open";
        }
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

pub(super) fn read_platform(params: &mut Params) -> Result<String, ServiceError> {
    params.required("InstancePlatform")?;
    let platform = one_of(params, "InstancePlatform", &PLATFORMS)?;
    Ok(platform.unwrap_or_else(|| LINUX.to_owned()))
}

fn read_instance_type(params: &mut Params) -> Result<&'static InstanceType, ServiceError> {
    let name = params.required("InstanceType")?;
    catalog::instance_type(&name)
        .ok_or_else(|| invalid(&format!("Invalid value '{name}' for InstanceType.")))
}

fn read_zone(params: &mut Params, region: &str) -> Result<&'static Zone, ServiceError> {
    let name = params.optional("AvailabilityZone");
    let id = params.optional("AvailabilityZoneId");
    if name.is_none() && id.is_none() {
        let message =
            "The request must contain the parameter AvailabilityZone or AvailabilityZoneId";
        return Err(ServiceError::new(Code::MissingParameter, message));
    }
    let mut zones = regions::zones(region).iter();
    zones
        .find(|zone| {
            name.as_ref().is_none_or(|name| zone.name == *name)
                && id.as_ref().is_none_or(|id| zone.id == *id)
        })
        .ok_or_else(|| {
            let zone = name.or(id).unwrap_or_default();
            invalid(&format!("Invalid availability zone: [{zone}]"))
        })
}

/// Reads the number of instances: 1 to 1000.
fn read_count(params: &mut Params) -> Result<Option<u32>, ServiceError> {
    match params.parsed("InstanceCount")? {
        Some(count) if !(1..=1000).contains(&count) => Err(invalid(&format!(
            "{count} is an invalid value for InstanceCount. InstanceCount must be between 1 and 1000."
        ))),
        count => Ok(count),
    }
}

/// Reads the end, if the call says anything about it: a time, or that there is none.
fn read_end(
    params: &mut Params,
    now: Timestamp,
) -> Result<Option<Option<Timestamp>>, ServiceError> {
    let kind = one_of(params, "EndDateType", &["unlimited", "limited"])?;
    let end: Option<Timestamp> = params.parsed("EndDate")?;
    match (kind.as_deref(), end) {
        (Some("limited") | None, Some(end)) if end > now => Ok(Some(Some(end))),
        (Some("limited") | None, Some(_)) => Err(invalid("The end date must be in the future.")),
        (Some("limited"), None) => Err(invalid(
            "The end date must be specified if the end date type is limited.",
        )),
        (Some(_), Some(_)) => Err(invalid(
            "The end date must not be specified if the end date type is unlimited.",
        )),
        (Some(_), None) => Ok(Some(None)),
        (None, None) => Ok(None),
    }
}

impl Ec2 {
    /// Returns the reservation that an earlier call with the same token created.
    fn reserved_by(
        &self,
        new: &CapacityReservation,
    ) -> Result<Option<&CapacityReservation>, ServiceError> {
        if new.client_token.is_none() {
            return Ok(None);
        }
        let mut reservations = self.capacity_reservations.values();
        let Some(earlier) = reservations.find(|it| it.client_token == new.client_token) else {
            return Ok(None);
        };
        let asked = |it: &CapacityReservation| {
            let kind = (it.instance_type.clone(), it.platform.clone());
            (kind, it.zone.clone(), it.ends_at)
        };
        if asked(earlier) != asked(new) {
            let message = "The client token has been used before, with other parameters.";
            return Err(ServiceError::new(
                Code::IdempotentParameterMismatch,
                message,
            ));
        }
        Ok(Some(earlier))
    }

    /// Refuses to reserve that many more instances if the quota of vCPUs or the zone's capacity does not allow them.
    fn admit_reservation(
        &self,
        context: &RequestContext<'_>,
        instance_type: &InstanceType,
        zone: &str,
        more: u32,
    ) -> Result<(), ServiceError> {
        let zones = regions::zones(&self.region).iter();
        let offered: Vec<String> = zones
            .map(|zone| zone.name.clone())
            .filter(|zone| instance_type.is_offered_in(zone))
            .collect();
        if !offered.iter().any(|other| other == zone) {
            let message = format!(
                "The requested instance type ({}) is not supported in the requested Availability Zone ({zone}).",
                instance_type.name
            );
            return Err(ServiceError::new(Code::Unsupported, message));
        }
        self.admit_vcpus(context, instance_type, false, (more, more))?;
        context
            .capacity
            .admit(&instance_type.name, zone, false, &offered)
    }
}
