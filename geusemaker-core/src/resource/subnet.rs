//! Subnets.

use aws_sdk_ec2::types::Subnet as SdkSubnet;
use serde::{Deserialize, Serialize};

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::{SubnetId, VpcId};

/// A subnet, its VPC and its zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subnet {
    /// The subnet id: `subnet-0123…`.
    pub id: SubnetId,
    /// The VPC that the subnet belongs to.
    pub vpc: VpcId,
    /// The Availability Zone: `us-east-1a`.
    pub zone: String,
    /// True if the subnet has a route to an internet gateway, so that its instances need public addresses.
    #[serde(default)]
    pub is_public: bool,
}

/// A subnet as AWS describes it.
#[derive(Clone, Debug)]
pub(crate) struct DescribedSubnet {
    pub(crate) id: SubnetId,
    pub(crate) vpc: VpcId,
    pub(crate) zone: String,
    /// The range of the addresses, such as `172.31.0.0/20`.
    pub(crate) range: String,
    /// The number of addresses that nothing uses.
    pub(crate) free_addresses: u32,
}

/// Returns the subnets of a VPC; with `default_only`, the subnets that AWS created with the default VPC.
pub(crate) async fn of_vpc(
    aws: &Reader,
    vpc: &VpcId,
    default_only: bool,
) -> Result<Vec<DescribedSubnet>, AwsError> {
    let mut request = aws
        .ec2
        .describe_subnets()
        .filters(filter("vpc-id", vpc.as_str()));
    if default_only {
        request = request.filters(filter("default-for-az", "true"));
    }
    let all = request
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeSubnets"))?;
    let mut subnets: Vec<_> = all.into_iter().filter_map(DescribedSubnet::read).collect();
    subnets.sort_by(|a, b| (&a.zone, &a.id).cmp(&(&b.zone, &b.id)));
    Ok(subnets)
}

/// Returns the subnet with this id, if it exists.
pub(crate) async fn named(
    aws: &Reader,
    id: &SubnetId,
) -> Result<Option<DescribedSubnet>, AwsError> {
    let reply = aws
        .ec2
        .describe_subnets()
        .subnet_ids(id.as_str())
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeSubnets"));
    match reply {
        Ok(reply) => Ok(reply
            .subnets
            .and_then(|all| all.into_iter().next())
            .and_then(DescribedSubnet::read)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

impl DescribedSubnet {
    fn read(subnet: SdkSubnet) -> Option<Self> {
        let free = subnet.available_ip_address_count.unwrap_or_default();
        Some(Self {
            id: SubnetId::from_aws(subnet.subnet_id?),
            vpc: VpcId::from_aws(subnet.vpc_id?),
            zone: subnet.availability_zone?,
            range: subnet.cidr_block.unwrap_or_default(),
            free_addresses: free.try_into().unwrap_or_default(),
        })
    }

    /// Returns the subnet for a plan.
    pub(crate) fn planned(&self, is_public: bool) -> Subnet {
        Subnet {
            id: self.id.clone(),
            vpc: self.vpc.clone(),
            zone: self.zone.clone(),
            is_public,
        }
    }
}
