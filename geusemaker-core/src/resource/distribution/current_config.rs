//! The configuration of a distribution as it is now, with the ETag that a change or a deletion needs.

use aws_sdk_cloudfront::operation::get_distribution_config::GetDistributionConfigOutput;

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;

pub(super) const OPERATION: &str = "cloudfront:GetDistributionConfig";

/// Returns the configuration and its ETag.
pub(super) async fn current_config(
    aws: &Reader,
    id: &str,
) -> Result<GetDistributionConfigOutput, AwsError> {
    aws.cloudfront
        .get_distribution_config()
        .id(id)
        .send()
        .await
        .map_err(AwsError::of(OPERATION))
}
