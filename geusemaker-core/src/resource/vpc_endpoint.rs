//! VPC endpoints: ways to AWS's services that need no route to the internet.

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::VpcId;

/// Returns true if images of Amazon ECR can be pulled in the VPC without a route to the internet.
pub(crate) async fn reach_ecr(aws: &Reader, vpc: &VpcId) -> Result<bool, AwsError> {
    let endpoints = aws
        .ec2
        .describe_vpc_endpoints()
        .filters(filter("vpc-id", vpc.as_str()))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeVpcEndpoints"))?;
    let mut services = endpoints
        .iter()
        .filter_map(|endpoint| endpoint.service_name());
    Ok(services.any(|service| service.ends_with(".ecr.dkr")))
}
