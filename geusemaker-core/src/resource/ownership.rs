//! The owners of load balancers and target groups: names are unique in a region, and tags name the owner.

use aws_sdk_elasticloadbalancingv2::types::TagDescription;

use super::tagged::TaggedResource;
use super::tags::DEPLOYMENT;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::DeploymentId;
use crate::kind::ResourceKind;

/// The most ARNs in one call of DescribeTags.
///
/// Source: Elastic Load Balancing API Reference, DescribeTags: "up to 20 resources in a single call".
const MOST_ARNS: usize = 20;

/// Returns the ARN that was found by name, if its tag names this deployment.
pub(super) async fn if_ours(
    aws: &Reader,
    found: Option<String>,
    deployment: &DeploymentId,
) -> Result<Option<String>, AwsError> {
    let Some(arn) = found else { return Ok(None) };
    let descriptions = tags_of(aws, std::slice::from_ref(&arn)).await?;
    let is_ours = descriptions
        .iter()
        .flat_map(|description| description.tags())
        .any(|tag| tag.key() == Some(DEPLOYMENT) && tag.value() == Some(deployment.as_str()));
    Ok(is_ours.then_some(arn))
}

/// Returns those of these load balancers or target groups that carry this program's tags.
pub(super) async fn ours(
    aws: &Reader,
    kind: ResourceKind,
    arns: impl Iterator<Item = &str>,
) -> Result<Vec<TaggedResource>, AwsError> {
    let arns: Vec<_> = arns.map(str::to_owned).collect();
    let mut found = Vec::new();
    for batch in arns.chunks(MOST_ARNS) {
        match tags_of(aws, batch).await {
            Ok(descriptions) => found.extend(descriptions),
            // One of them was deleted in the meantime, and then AWS describes none of them.
            Err(error) if error.is_not_found() => {
                for arn in batch.chunks(1) {
                    match tags_of(aws, arn).await {
                        Ok(descriptions) => found.extend(descriptions),
                        Err(error) if error.is_not_found() => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
    let ours = found.iter().filter_map(|description| {
        let tags = description.tags().iter();
        let tags = tags.map(|tag| (tag.key(), tag.value()));
        TaggedResource::read(kind, description.resource_arn()?, tags)
    });
    Ok(ours.collect())
}

async fn tags_of(aws: &Reader, arns: &[String]) -> Result<Vec<TagDescription>, AwsError> {
    let reply = aws
        .elastic_load_balancing
        .describe_tags()
        .set_resource_arns(Some(arns.to_vec()))
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeTags"))?;
    Ok(reply.tag_descriptions.unwrap_or_default())
}

/// Returns true if a lookup by name found a resource, of any owner.
pub(super) fn is_taken(found: Result<Option<String>, AwsError>) -> Result<bool, AwsError> {
    match found {
        Ok(found) => Ok(found.is_some()),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
