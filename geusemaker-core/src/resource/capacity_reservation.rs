//! Capacity reservations and capacity blocks, which the account has bought beforehand.

use aws_sdk_ec2::types::{CapacityReservation, CapacityReservationType};

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::CapacityReservationId;

/// A capacity reservation as AWS describes it.
pub(crate) struct DescribedReservation {
    pub(crate) instance_type: String,
    pub(crate) zone: String,
    /// The state: `active`.
    pub(crate) state: String,
    /// The operating system that it is for: `Linux/UNIX`.
    pub(crate) platform: String,
    /// The number of instances that can still be launched in it.
    pub(crate) available: u32,
    pub(crate) is_block: bool,
}

/// Returns the reservation with this id, if the account has it.
pub(crate) async fn described(
    aws: &Reader,
    id: &CapacityReservationId,
) -> Result<Option<DescribedReservation>, AwsError> {
    let reply = aws
        .ec2
        .describe_capacity_reservations()
        .capacity_reservation_ids(id.as_str())
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeCapacityReservations"));
    let found = match reply {
        Ok(reply) => reply.capacity_reservations.unwrap_or_default(),
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(found.into_iter().next().map(DescribedReservation::read))
}

impl DescribedReservation {
    fn read(reservation: CapacityReservation) -> Self {
        let available = reservation.available_instance_count.unwrap_or_default();
        let state = reservation.state.map(|state| state.as_str().to_owned());
        let platform = reservation.instance_platform;
        Self {
            instance_type: reservation.instance_type.unwrap_or_default(),
            zone: reservation.availability_zone.unwrap_or_default(),
            state: state.unwrap_or_default(),
            platform: platform
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
            available: available.try_into().unwrap_or_default(),
            is_block: reservation.reservation_type == Some(CapacityReservationType::CapacityBlock),
        }
    }
}
