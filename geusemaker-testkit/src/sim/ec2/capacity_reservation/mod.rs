//! Capacity reservations, both those on demand and capacity blocks.

pub(super) mod block;
pub(super) mod creation;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::instance::InstanceState;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::partition::Partition;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The platform of all images here.
const LINUX: &str = "Linux/UNIX";

/// The time for which a reservation that has ended is still described. EC2 model: an hour for failed ones; for the
/// others it is assumed.
const SHOWN_FOR: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CapacityReservation {
    pub(super) id: String,
    pub(super) instance_type: String,
    platform: String,
    pub(super) zone: String,
    zone_id: String,
    pub(super) count: u32,
    ebs_optimized: bool,
    /// True if any matching instance runs in the reservation, without naming it.
    is_open: bool,
    client_token: Option<String>,
    created_at: Timestamp,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    /// True if the reservation could not be made.
    has_failed: bool,
    cancelled_at: Option<Timestamp>,
    block: Option<Block>,
}

/// The part of a reservation that only a capacity block has.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Block {
    id: String,
    /// The time at which the payment goes through.
    paid_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReservationState {
    Active,
    Cancelled,
    Expired,
    Failed,
    PaymentPending,
    Pending,
    Scheduled,
}

impl ReservationState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::PaymentPending => "payment-pending",
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
        }
    }

    /// Returns true if the reservation will not hold capacity any more.
    pub(super) fn is_over(self) -> bool {
        match self {
            Self::Cancelled | Self::Expired | Self::Failed => true,
            Self::Active | Self::PaymentPending | Self::Pending | Self::Scheduled => false,
        }
    }
}

impl CapacityReservation {
    pub(super) fn state(&self, now: Timestamp) -> ReservationState {
        let is_past = |at: &Timestamp| *at <= now;
        if self.cancelled_at.as_ref().is_some_and(is_past) {
            return ReservationState::Cancelled;
        }
        if self.has_failed {
            return ReservationState::Failed;
        }
        if self.ends_at.as_ref().is_some_and(is_past) {
            return ReservationState::Expired;
        }
        match &self.block {
            Some(block) if now < block.paid_at => ReservationState::PaymentPending,
            Some(_) if now < self.starts_at => ReservationState::Scheduled,
            None if now < self.starts_at => ReservationState::Pending,
            Some(_) | None => ReservationState::Active,
        }
    }

    pub(super) fn is_active(&self, now: Timestamp) -> bool {
        self.state(now) == ReservationState::Active
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) fn is_block(&self) -> bool {
        self.block.is_some()
    }

    /// Returns the time at which a capacity block begins to terminate its instances. EC2 user guide: half an hour before
    /// its end.
    pub(super) fn instances_end_at(&self) -> Option<Timestamp> {
        self.block.as_ref()?;
        self.ends_at.map(|at| at - Duration::from_secs(30 * 60))
    }

    /// Returns true if instances of that type in that zone can run in the reservation.
    pub(super) fn suits(&self, instance_type: &str, zone: &str, now: Timestamp) -> bool {
        self.is_active(now)
            && self.instance_type == instance_type
            && self.zone == zone
            && self.platform == LINUX
    }

    /// Returns true if no call can see the reservation any more.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        let failed_at = self.has_failed.then_some(self.created_at);
        let ends = [self.cancelled_at, self.ends_at, failed_at];
        let end = ends.into_iter().flatten().min();
        end.is_some_and(|end| now >= end + SHOWN_FOR)
    }

    fn arn(&self, ec2: &Ec2) -> String {
        let (region, account) = (&ec2.region, &ec2.account_id);
        format!(
            "arn:{}:ec2:{region}:{account}:capacity-reservation/{}",
            Partition::of(region),
            self.id
        )
    }

    fn end_type(&self) -> &'static str {
        match self.ends_at {
            Some(_) => "limited",
            None => "unlimited",
        }
    }

    fn match_criteria(&self) -> &'static str {
        if self.is_open { "open" } else { "targeted" }
    }

    fn element(&self, ec2: &Ec2, now: Timestamp) -> Element {
        let used = ec2.instances_in(&self.id, now);
        let allocation = (used > 0).then(|| {
            Element::new("item")
                .with("allocationType", "used")
                .with("count", used)
        });
        Element::new("item")
            .with("capacityReservationId", &self.id)
            .with("ownerId", &ec2.account_id)
            .with("capacityReservationArn", self.arn(ec2))
            .with("availabilityZone", &self.zone)
            .with("availabilityZoneId", &self.zone_id)
            .with("instanceType", &self.instance_type)
            .with("instancePlatform", &self.platform)
            .with("tenancy", "default")
            .with("totalInstanceCount", self.count)
            .with("availableInstanceCount", ec2.room_in(self, now))
            .with("ebsOptimized", self.ebs_optimized)
            .with("ephemeralStorage", false)
            .with("state", self.state(now).name())
            .with("startDate", format_args!("{:.3}", self.starts_at))
            .with_some("endDate", self.ends_at.map(|at| format!("{at:.3}")))
            .with("endDateType", self.end_type())
            .with("instanceMatchCriteria", self.match_criteria())
            .with("createDate", format_args!("{:.3}", self.created_at))
            .child(Element::list("capacityAllocationSet", "item", allocation))
            // AWS shows the type of blocks only.
            .with_some(
                "reservationType",
                self.block.as_ref().map(|_| "capacity-block"),
            )
            .with_some("capacityBlockId", self.block.as_ref().map(|block| &block.id))
            .child(ec2.tags.element(&self.id))
    }
}

impl Described for CapacityReservation {
    const IDS: Option<&'static str> = Some("CapacityReservationId");
    const PAGE_SIZES: std::ops::RangeInclusive<usize> = 1..=1000;
    const FIELDS: &'static [Field<Self>] = &[
        ("availability-zone", |_, _, it| vec![it.zone.clone()]),
        ("availability-zone-id", |_, _, it| vec![it.zone_id.clone()]),
        ("end-date", |_, _, it| {
            let end = it.ends_at.map(|at| format!("{at:.3}"));
            end.into_iter().collect()
        }),
        ("end-date-type", |_, _, it| vec![it.end_type().to_owned()]),
        ("instance-match-criteria", |_, _, it| {
            vec![it.match_criteria().to_owned()]
        }),
        ("instance-platform", |_, _, it| vec![it.platform.clone()]),
        ("instance-type", |_, _, it| vec![it.instance_type.clone()]),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        ("start-date", |_, _, it| {
            vec![format!("{:.3}", it.starts_at)]
        }),
        ("state", |_, now, it| vec![it.state(now).name().to_owned()]),
        ("tenancy", |_, _, _| vec!["default".to_owned()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::CapacityReservation.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeCapacityReservations")?;
    let page = selection.choose(ec2, context.now, ec2.capacity_reservations.values())?;
    Ok(page.reply(
        "capacityReservationSet",
        |reservation: &CapacityReservation| reservation.element(ec2, context.now),
    ))
}

/// Answers CancelCapacityReservation. Instances that run in the reservation go on.
pub(crate) fn cancel(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("CapacityReservationId")?;
    params.refuse_unread("CancelCapacityReservation")?;
    ec2.changeable_reservation(&id, context.now)?;
    if let Some(reservation) = ec2.capacity_reservations.get_mut(&id) {
        reservation.cancelled_at = Some(context.now);
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

impl Ec2 {
    pub(super) fn known_reservation(&self, id: &str) -> Result<&CapacityReservation, ServiceError> {
        self.capacity_reservations
            .get(id)
            .ok_or_else(|| ResourceKind::CapacityReservation.unknown(id))
    }

    /// Returns a reservation that can be modified and cancelled. EC2 model: a capacity block cannot.
    fn changeable_reservation(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<&CapacityReservation, ServiceError> {
        let reservation = self.known_reservation(id)?;
        if reservation.is_block() {
            let message = format!("The Capacity Block {id} cannot be modified or cancelled.");
            return Err(ServiceError::new(Code::OperationNotPermitted, message));
        }
        let state = reservation.state(now);
        if state != ReservationState::Active {
            let message = format!("The Capacity Reservation {id} is {}.", state.name());
            return Err(ServiceError::new(
                Code::InvalidCapacityReservationState,
                message,
            ));
        }
        Ok(reservation)
    }

    /// Returns the number of instances that use up a reservation.
    pub(super) fn instances_in(&self, reservation: &str, now: Timestamp) -> u32 {
        let instances = self.instances.values();
        let inside = instances
            .filter(|instance| instance.capacity_reservation.as_deref() == Some(reservation))
            .filter(|instance| match instance.state(now) {
                InstanceState::Pending
                | InstanceState::Running
                | InstanceState::Stopping
                | InstanceState::ShuttingDown => true,
                InstanceState::Stopped | InstanceState::Terminated => false,
            });
        u32::try_from(inside.count()).unwrap_or(u32::MAX)
    }

    /// Returns the number of instances that can still be launched in a reservation.
    pub(super) fn room_in(&self, reservation: &CapacityReservation, now: Timestamp) -> u32 {
        if !reservation.is_active(now) {
            return 0;
        }
        let used = self.instances_in(&reservation.id, now);
        reservation.count.saturating_sub(used)
    }
}
