//! The quotas that a network of its own counts against: what the account has of each kind.

use super::service_quota;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::plan::network_quota::NetworkQuota;

/// Returns the value of the quota in the account, or `None` if Service Quotas does not have it.
pub(crate) async fn limit(aws: &Reader, quota: NetworkQuota) -> Result<Option<u32>, AwsError> {
    service_quota::value(aws, quota.service(), quota.code()).await
}

/// Returns the number of resources that count against the quota now.
pub(crate) async fn used(aws: &Reader, quota: NetworkQuota) -> Result<u32, AwsError> {
    let count = match quota {
        NetworkQuota::Vpcs => {
            let all = aws.ec2.describe_vpcs().into_paginator().items().send();
            let all = all.try_collect().await;
            all.map_err(AwsError::of("ec2:DescribeVpcs"))?.len()
        }
        NetworkQuota::ElasticIps => {
            let reply = aws.ec2.describe_addresses().send().await;
            let reply = reply.map_err(AwsError::of("ec2:DescribeAddresses"))?;
            reply.addresses().len()
        }
    };
    Ok(count.try_into().unwrap_or(u32::MAX))
}
