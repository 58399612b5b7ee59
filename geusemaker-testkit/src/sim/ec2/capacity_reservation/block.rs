//! Capacity blocks: their offerings, and the purchase of one.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::creation::read_platform;
use super::{Block, CapacityReservation};
use crate::sim::catalog::{self, InstanceType};
use crate::sim::context::RequestContext;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::tags::TagSpecifications;
use crate::sim::ec2::validation::invalid;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::regions::{self, Zone};
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The families that AWS offers in blocks (the usage classes in the data of moto).
const FAMILIES: [&str; 7] = ["p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300"];

/// An offering of a capacity block. It can be bought until the block would start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlockOffering {
    id: String,
    instance_type: String,
    zone: String,
    zone_id: String,
    count: u32,
    starts_at: Timestamp,
    hours: u32,
}

impl BlockOffering {
    fn ends_at(&self) -> Timestamp {
        self.starts_at + Duration::from_secs(u64::from(self.hours) * 3600)
    }

    /// Returns true if nobody can buy the block any more.
    pub(in crate::sim::ec2) fn is_past(&self, now: Timestamp) -> bool {
        self.starts_at <= now
    }

    /// Returns the price, which is assumed: ten cents an hour for each vCPU.
    fn fee(&self) -> String {
        let vcpus = catalog::instance_type(&self.instance_type).map_or(0, |known| known.vcpus);
        let vcpu_hours = f64::from(vcpus) * f64::from(self.count) * f64::from(self.hours);
        format!("{:.4}", vcpu_hours / 10.0)
    }

    fn element(&self) -> Element {
        Element::new("item")
            .with("capacityBlockOfferingId", &self.id)
            .with("instanceType", &self.instance_type)
            .with("availabilityZone", &self.zone)
            .with("instanceCount", self.count)
            .with("startDate", format_args!("{:.3}", self.starts_at))
            .with("endDate", format_args!("{:.3}", self.ends_at()))
            .with("capacityBlockDurationHours", self.hours)
            .with("capacityBlockDurationMinutes", 0)
            .with("upfrontFee", self.fee())
            .with("currencyCode", "USD")
            .with("tenancy", "default")
    }
}

/// Answers DescribeCapacityBlockOfferings: in each zone that offers the type there is one block, from the next possible
/// start.
pub(crate) fn describe_offerings(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let instance_type = params.required("InstanceType")?;
    let count = params.parsed("InstanceCount")?.unwrap_or(1);
    params.required("CapacityDurationHours")?;
    let hours: u32 = params.parsed("CapacityDurationHours")?.unwrap_or_default();
    let earliest: Option<Timestamp> = params.parsed("StartDateRange")?;
    let latest: Option<Timestamp> = params.parsed("EndDateRange")?;
    // No region here has more offerings than fit on a page.
    params.accept("MaxResults");
    params.refuse_unread("DescribeCapacityBlockOfferings")?;
    // EC2 model: the limits of the number and of the duration.
    if !(1..=64).contains(&count) {
        return Err(invalid(&format!(
            "Value ({count}) for parameter instanceCount is invalid. A Capacity Block has 1 to 64 instances."
        )));
    }
    let is_in_days = hours.is_multiple_of(24) && (1..=14).contains(&(hours / 24));
    let is_in_weeks = hours.is_multiple_of(168) && (1..=26).contains(&(hours / 168));
    if !is_in_days && !is_in_weeks {
        return Err(invalid(&format!(
            "Value ({hours}) for parameter capacityDurationHours is invalid. Specify days up to 14, or weeks up to 26."
        )));
    }
    let known = catalog::instance_type(&instance_type)
        .filter(|known| FAMILIES.contains(&known.family()))
        .ok_or_else(|| {
            invalid(&format!(
                "The instance type {instance_type} is not supported for Capacity Blocks."
            ))
        })?;
    let earliest = earliest.unwrap_or(context.now).max(context.now);
    let starts_at = next_start(earliest + Duration::from_secs(30 * 60));
    let zones = regions::zones(context.region).iter();
    let offerings: Vec<BlockOffering> = zones
        .filter(|zone| known.is_offered_in(&zone.name))
        .map(|zone| offering(known, zone, count, starts_at, hours))
        .filter(|offering| latest.is_none_or(|latest| offering.ends_at() <= latest))
        .collect();
    let items = offerings.iter().map(BlockOffering::element);
    let set = Element::list("capacityBlockOfferingSet", "item", items);
    for offering in offerings {
        ec2.block_offerings.insert(offering.id.clone(), offering);
    }
    Ok(Reply::xml(Element::new("reply").child(set)))
}

fn offering(
    known: &InstanceType,
    zone: &Zone,
    count: u32,
    starts_at: Timestamp,
    hours: u32,
) -> BlockOffering {
    let name = format!("{} {} {count} {starts_at} {hours}", known.name, zone.name);
    let digits = ResourceKind::CapacityReservation.fixed_id(&name);
    BlockOffering {
        id: digits.replace("cr-", "cb-"),
        instance_type: known.name.clone(),
        zone: zone.name.clone(),
        zone_id: zone.id.clone(),
        count,
        starts_at,
        hours,
    }
}

/// Returns the next time at which blocks start. EC2 user guide: they end at 11:30 UTC, so whole days start then too.
fn next_start(from: Timestamp) -> Timestamp {
    let day = from.to_zoned(TimeZone::UTC).date();
    let start = |day: jiff::civil::Date| {
        let at = day.to_datetime(time(11, 30, 0, 0));
        at.to_zoned(TimeZone::UTC).map(|at| at.timestamp())
    };
    match (start(day), day.tomorrow().and_then(start)) {
        (Ok(today), _) if today >= from => today,
        (_, Ok(tomorrow)) => tomorrow,
        // Beyond the last day of the calendar.
        (_, Err(_)) => from,
    }
}

pub(crate) fn purchase(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("CapacityBlockOfferingId")?;
    let platform = read_platform(params)?;
    let kinds = [ResourceKind::CapacityReservation];
    let tags = TagSpecifications::read(params, &kinds)?;
    params.refuse_unread("PurchaseCapacityBlock")?;
    let now = context.now;
    let offering = ec2
        .block_offerings
        .remove(&id)
        .filter(|offering| !offering.is_past(now))
        .ok_or_else(|| {
            let message = format!("The capacity block offering ID '{id}' does not exist");
            ServiceError::new(Code::InvalidCapacityBlockOfferingIdNotFound, message)
        })?;
    let block = Block {
        id: format!("cb-{}", context.rng.hex(17)),
        paid_at: now + context.duration(Step::CapacityBlockPaid),
    };
    let reservation = CapacityReservation {
        id: ResourceKind::CapacityReservation.new_id(context.rng),
        ends_at: Some(offering.ends_at()),
        instance_type: offering.instance_type,
        platform,
        zone: offering.zone,
        zone_id: offering.zone_id,
        count: offering.count,
        ebs_optimized: true,
        is_open: false,
        client_token: None,
        created_at: now,
        starts_at: offering.starts_at,
        has_failed: false,
        cancelled_at: None,
        block: Some(block.clone()),
    };
    let reservation_tags = tags.of(ResourceKind::CapacityReservation);
    ec2.tags.attach(&reservation.id, reservation_tags);
    let ids = [Element::leaf("item", &reservation.id)];
    let bought = Element::new("item")
        .with("capacityBlockId", &block.id)
        .with("availabilityZone", &reservation.zone)
        .with("availabilityZoneId", &reservation.zone_id)
        .child(Element::list("capacityReservationIdSet", "item", ids))
        .with("startDate", format_args!("{:.3}", reservation.starts_at))
        .with_some("endDate", reservation.ends_at.map(|at| format!("{at:.3}")))
        .with("createDate", format_args!("{now:.3}"))
        .with("state", reservation.state(now).name());
    let element = reservation.element(ec2, now);
    ec2.capacity_reservations
        .insert(reservation.id.clone(), reservation);
    Ok(Reply::xml(
        Element::new("reply")
            .child(element.renamed("capacityReservation"))
            .child(Element::list("capacityBlockSet", "item", [bought])),
    ))
}
