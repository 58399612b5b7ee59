//! The zones that offer an instance type.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::LocationType;

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::InstanceType;

/// Returns the names of the zones that offer the instance type.
pub(crate) async fn zones(
    aws: &Reader,
    instance_type: &InstanceType,
) -> Result<BTreeSet<String>, AwsError> {
    let reply = aws
        .ec2
        .describe_instance_type_offerings()
        .location_type(LocationType::AvailabilityZone)
        .filters(filter("instance-type", instance_type.name()))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeInstanceTypeOfferings"))?;
    let offerings = reply.instance_type_offerings.unwrap_or_default();
    Ok(offerings
        .into_iter()
        .filter_map(|offering| offering.location)
        .collect())
}
