//! VPCs: the one that the spec names, or the account's default.

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
