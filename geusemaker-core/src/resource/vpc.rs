//! VPCs: the one that the spec names, or the account's default.

use aws_sdk_ec2::types::VpcAttributeName;

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::VpcId;

/// Returns the region's default VPC, if it has not been deleted.
pub(crate) async fn default(aws: &Reader) -> Result<Option<VpcId>, AwsError> {
    let reply = aws
        .ec2
        .describe_vpcs()
        .filters(filter("is-default", "true"))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeVpcs"))?;
    let found = reply.vpcs.and_then(|all| all.into_iter().next());
    Ok(found.and_then(|vpc| vpc.vpc_id).map(VpcId::from_aws))
}

/// Returns true if the VPC exists.
pub(crate) async fn exists(aws: &Reader, id: &VpcId) -> Result<bool, AwsError> {
    let reply = aws
        .ec2
        .describe_vpcs()
        .vpc_ids(id.as_str())
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeVpcs"));
    match reply {
        Ok(reply) => Ok(!reply.vpcs().is_empty()),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// A VPC attribute without which the name of a file system has no address in the VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DnsAttribute {
    /// `enableDnsSupport`: AWS's name server answers in the VPC.
    Support,
    /// `enableDnsHostnames`: AWS's services have names in the VPC. A VPC made with `create-vpc` lacks it.
    HostNames,
}

impl DnsAttribute {
    pub(crate) const ALL: [Self; 2] = [Self::Support, Self::HostNames];

    /// Returns AWS's name of the attribute: `enableDnsHostnames`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Support => "enableDnsSupport",
            Self::HostNames => "enableDnsHostnames",
        }
    }

    /// Returns the option of the AWS CLI that sets the attribute: `--enable-dns-hostnames`.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Support => "--enable-dns-support",
            Self::HostNames => "--enable-dns-hostnames",
        }
    }
}

/// Returns true if the VPC has the attribute set.
pub(crate) async fn has_dns(
    aws: &Reader,
    vpc: &VpcId,
    attribute: DnsAttribute,
) -> Result<bool, AwsError> {
    let name = match attribute {
        DnsAttribute::Support => VpcAttributeName::EnableDnsSupport,
        DnsAttribute::HostNames => VpcAttributeName::EnableDnsHostnames,
    };
    let reply = aws
        .ec2
        .describe_vpc_attribute()
        .vpc_id(vpc.as_str())
        .attribute(name)
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeVpcAttribute"))?;
    let value = match attribute {
        DnsAttribute::Support => reply.enable_dns_support,
        DnsAttribute::HostNames => reply.enable_dns_hostnames,
    };
    Ok(value.and_then(|value| value.value) == Some(true))
}
