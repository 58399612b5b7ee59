//! The zones that offer an instance type.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::LocationType;

use super::filter::{filter, filters};
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

/// Returns the names of the places that offer each of these types, for those that are offered at all.
pub(crate) async fn by_type(
    aws: &Reader,
    places: LocationType,
    names: impl Iterator<Item = &'static str>,
) -> Result<BTreeMap<String, BTreeSet<String>>, AwsError> {
    let names: Vec<_> = names.collect();
    let offerings: Vec<_> = aws
        .ec2
        .describe_instance_type_offerings()
        .location_type(places)
        // Names that a region does not have make no error in a filter.
        .filters(filters("instance-type", &names))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeInstanceTypeOfferings"))?;
    let mut by_type: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for offering in offerings {
        let name = offering.instance_type().map(|it| it.as_str().to_owned());
        if let (Some(name), Some(place)) = (name, offering.location) {
            by_type.entry(name).or_default().insert(place);
        }
    }
    Ok(by_type)
}
