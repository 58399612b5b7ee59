//! Availability Zones, told from Local Zones and Wavelength Zones.

use std::collections::BTreeSet;

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;

/// Returns the names of the Availability Zones of the region, without its Local Zones and Wavelength Zones, which have
/// no file systems.
pub(crate) async fn names(aws: &Reader) -> Result<BTreeSet<String>, AwsError> {
    let reply = aws
        .ec2
        .describe_availability_zones()
        .filters(filter("zone-type", "availability-zone"))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeAvailabilityZones"))?;
    let zones = reply.availability_zones.unwrap_or_default();
    Ok(zones
        .into_iter()
        .filter_map(|zone| zone.zone_name)
        .collect())
}
