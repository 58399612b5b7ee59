//! Prefix lists that AWS manages.

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::PrefixListId;

/// The name of the prefix list with the addresses from which CloudFront reaches origins. Its id differs from region to
/// region.
///
/// Source: Amazon VPC User Guide, "AWS-managed prefix lists".
const CLOUDFRONT_ORIGIN_FACING: &str = "com.amazonaws.global.cloudfront.origin-facing";

/// Returns the prefix list of CloudFront's origin-facing servers in this region, if there is one.
pub(crate) async fn cloudfront_origin_facing(
    aws: &Reader,
) -> Result<Option<PrefixListId>, AwsError> {
    let reply = aws
        .ec2
        .describe_managed_prefix_lists()
        .filters(filter("prefix-list-name", CLOUDFRONT_ORIGIN_FACING))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeManagedPrefixLists"))?;
    let lists = reply.prefix_lists.unwrap_or_default();
    Ok(lists
        .into_iter()
        .find(|list| list.prefix_list_name() == Some(CLOUDFRONT_ORIGIN_FACING))
        .and_then(|list| list.prefix_list_id)
        .map(PrefixListId::from_aws))
}
