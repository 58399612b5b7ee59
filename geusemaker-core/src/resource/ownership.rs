//! Whose a load balancer or target group is: names are unique in a region, and tags say who made it.

use super::tags::DEPLOYMENT;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;

/// The ARN that was found by name, if its tag says that it is this deployment's.
pub(super) async fn if_ours(
    aws: &Reader,
    found: Option<String>,
    deployment: &str,
) -> Result<Option<String>, AwsError> {
    let Some(arn) = found else { return Ok(None) };
    let reply = aws
        .elastic_load_balancing
        .describe_tags()
        .resource_arns(&arn)
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeTags"))?;
    let is_ours = reply
        .tag_descriptions()
        .iter()
        .flat_map(|description| description.tags())
        .any(|tag| tag.key() == Some(DEPLOYMENT) && tag.value() == Some(deployment));
    Ok(is_ours.then_some(arn))
}

/// Whether a look by name found anything, whoever made it.
pub(super) fn is_taken(found: Result<Option<String>, AwsError>) -> Result<bool, AwsError> {
    match found {
        Ok(found) => Ok(found.is_some()),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
