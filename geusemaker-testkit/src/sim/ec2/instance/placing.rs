//! The capacity in which the instances of a launch run: that of reservations, or what the zone has left.

use jiff::Timestamp;

use super::end::InstanceEnd;
use super::launch_request::LaunchRequest;
use crate::sim::catalog::InstanceType;
use crate::sim::context::RequestContext;
use crate::sim::ec2::capacity_reservation::CapacityReservation;
use crate::sim::ec2::validation::invalid;
use crate::sim::ec2::{Code, Ec2};
use crate::sim::timings::Step;
use crate::wire::ServiceError;

impl Ec2 {
    /// Returns the reservation of each instance that is to be launched; `None` stands for capacity without reservation.
    /// There are as many as AWS can launch, and at least as many as the caller needs.
    pub(super) fn places_for(
        &self,
        context: &RequestContext<'_>,
        instance_type: &InstanceType,
        launch: &LaunchRequest,
        zone: &str,
    ) -> Result<Vec<Option<String>>, ServiceError> {
        let mut places = self.reserved_places(launch, zone, context.now)?;
        let reserved = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let needed = launch.min_count.saturating_sub(reserved);
        if launch.needs_reservation() {
            if needed > 0 {
                return Err(full_reservation());
            }
            return Ok(places);
        }
        let wanted = launch.max_count.saturating_sub(reserved);
        if wanted == 0 {
            return Ok(places);
        }
        let is_spot = launch.spot.is_some();
        let allowed = self.admit_vcpus(context, instance_type, is_spot, (needed, wanted))?;
        let more = match launch.admit_capacity(self, context, instance_type, zone) {
            Ok(()) => allowed,
            Err(_) if needed == 0 => 0,
            Err(refusal) => return Err(refusal),
        };
        places.extend((0..more).map(|_| None));
        Ok(places)
    }

    /// Returns the end of an instance: the one that is planned already, or that of its capacity block if it is earlier.
    pub(super) fn earlier_end(
        &self,
        context: &mut RequestContext<'_>,
        planned: Option<InstanceEnd>,
        reservation: Option<&str>,
    ) -> Option<InstanceEnd> {
        let reservation = reservation.and_then(|id| self.capacity_reservations.get(id));
        let Some(begins_at) = reservation.and_then(CapacityReservation::instances_end_at) else {
            return planned;
        };
        if planned
            .as_ref()
            .is_some_and(|end| end.begins_at < begins_at)
        {
            return planned;
        }
        let begins_at = begins_at.max(context.now);
        let ends_at = begins_at + context.rng.duration(Step::InstanceTerminated);
        let reason = "Server.CapacityBlockExpired";
        Some(InstanceEnd::because(reason, begins_at, ends_at))
    }

    /// Returns the places in reservations that the launch can take, at most as many as it wants.
    fn reserved_places(
        &self,
        launch: &LaunchRequest,
        zone: &str,
        now: Timestamp,
    ) -> Result<Vec<Option<String>>, ServiceError> {
        let suits = |it: &&CapacityReservation| it.suits(&launch.instance_type, zone, now);
        let reservations: Vec<&CapacityReservation> = match &launch.reservation_target {
            Some(id) => {
                let target = self.known_reservation(id)?;
                launch.refuse_market(target)?;
                Some(target).into_iter().filter(suits).collect()
            }
            None if launch.is_block => {
                let message = "A launch in the capacity-block market must target a Capacity Block by the ID of its Capacity Reservation.";
                return Err(ServiceError::new(
                    Code::InvalidParameterCombination,
                    message,
                ));
            }
            None if launch.avoids_reservations() => Vec::new(),
            None => self
                .capacity_reservations
                .values()
                .filter(|it| it.is_open())
                .filter(suits)
                .collect(),
        };
        let wanted = usize::try_from(launch.max_count).unwrap_or(usize::MAX);
        let places = reservations.into_iter().flat_map(|reservation| {
            let room = self.room_in(reservation, now);
            (0..room).map(|_| Some(reservation.id.clone()))
        });
        Ok(places.take(wanted).collect())
    }
}

impl LaunchRequest {
    /// Returns true if the instances run in a reservation or not at all.
    fn needs_reservation(&self) -> bool {
        self.reservation_target.is_some()
            || self.capacity_reservation.as_deref() == Some("capacity-reservations-only")
    }

    /// Returns true if the instances do not run in a reservation that they do not name.
    fn avoids_reservations(&self) -> bool {
        self.spot.is_some() || self.capacity_reservation.as_deref() == Some("none")
    }

    /// Refuses a capacity block outside its market, and any other reservation in it.
    fn refuse_market(&self, target: &CapacityReservation) -> Result<(), ServiceError> {
        if target.is_block() == self.is_block && self.spot.is_none() {
            return Ok(());
        }
        Err(invalid(
            "The market type (purchasing) option is not valid. Choose a different market type and try again",
        ))
    }
}

fn full_reservation() -> ServiceError {
    let message = "The requested reservation does not have sufficient compatible and available capacity for this request.";
    ServiceError::new(Code::ReservationCapacityExceeded, message)
}
