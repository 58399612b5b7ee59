//! The quotas that a network of its own counts against, and what the account has of each.

use std::fmt;

use super::service_quota;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::Region;

/// A quota of an account in a Region that a network of its own counts against.
///
/// ```
/// use geusemaker_core::NetworkQuota;
///
/// let region = "eu-west-1".parse()?;
/// assert_eq!(NetworkQuota::Vpcs.to_string(), "VPCs per Region");
/// assert!(NetworkQuota::Vpcs.console_page(&region).ends_with("/vpc/quotas/L-F678F1CE"));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NetworkQuota {
    /// VPCs, L-F678F1CE: 5 by default.
    Vpcs,
    /// Elastic IP addresses, L-0263D0A3: 5 by default. A NAT gateway needs one.
    ElasticIps,
}

impl NetworkQuota {
    /// Returns the service under which Service Quotas lists it.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Vpcs => "vpc",
            Self::ElasticIps => "ec2",
        }
    }

    /// Returns its code in Service Quotas.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Vpcs => "L-F678F1CE",
            Self::ElasticIps => "L-0263D0A3",
        }
    }

    /// Returns the address of the page of the AWS console on which a higher quota can be asked for.
    #[must_use]
    pub fn console_page(self, region: &Region) -> String {
        region.quota_page(self.service(), Some(self.code()))
    }
}

impl fmt::Display for NetworkQuota {
    /// Writes the name that Service Quotas gives it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vpcs => "VPCs per Region",
            Self::ElasticIps => "EC2-VPC Elastic IPs",
        })
    }
}

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
