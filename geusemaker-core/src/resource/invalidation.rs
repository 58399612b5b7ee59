//! Invalidations: requests to drop cached answers from all edge locations.

use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use serde::Serialize;

use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::DistributionId;
use crate::spec::InvalidationPaths;
use crate::wait::PollState;

const COMPLETED: &str = "Completed";

/// A request to CloudFront to drop cached answers, from [`Session::invalidate`](crate::Session::invalidate).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Invalidation {
    /// The id of the invalidation: `I1ABCDEF…`.
    pub id: String,
    /// The distribution.
    pub distribution: DistributionId,
    /// The paths.
    pub paths: InvalidationPaths,
    /// True if all edge locations have dropped the answers.
    pub is_completed: bool,
}

/// Requests the invalidation. A second request with the same reference and paths is the same invalidation.
pub(crate) async fn create(
    aws: &Writer,
    distribution: &DistributionId,
    paths: &InvalidationPaths,
    reference: &str,
) -> Result<Invalidation, AwsError> {
    const OPERATION: &str = "cloudfront:CreateInvalidation";
    let items = paths.as_slice().iter().map(ToString::to_string);
    let items: Vec<_> = items.collect();
    let incomplete = |missing: &dyn ToString| AwsError::incomplete(OPERATION, &missing.to_string());
    let paths_of_batch = Paths::builder()
        .quantity(items.len().try_into().unwrap_or(i32::MAX))
        .set_items(Some(items))
        .build()
        .map_err(|missing| incomplete(&missing))?;
    let batch = InvalidationBatch::builder()
        .caller_reference(reference)
        .paths(paths_of_batch)
        .build()
        .map_err(|missing| incomplete(&missing))?;
    let reply = aws
        .cloudfront
        .create_invalidation()
        .distribution_id(distribution.as_str())
        .invalidation_batch(batch)
        .send()
        .await
        .map_err(AwsError::of(OPERATION))?;
    let created = reply
        .invalidation
        .ok_or_else(|| incomplete(&"invalidation"))?;
    Ok(Invalidation {
        is_completed: created.status == COMPLETED,
        id: created.id,
        distribution: distribution.clone(),
        paths: paths.clone(),
    })
}

/// Polls the invalidation, which is ready once all edge locations have dropped the answers.
pub(crate) async fn completed(
    aws: &Reader,
    invalidation: &Invalidation,
) -> Result<PollState<Invalidation>, AwsError> {
    const OPERATION: &str = "cloudfront:GetInvalidation";
    let reply = aws
        .cloudfront
        .get_invalidation()
        .distribution_id(invalidation.distribution.as_str())
        .id(&invalidation.id)
        .send()
        .await
        .map_err(AwsError::of(OPERATION))?;
    let found = reply
        .invalidation
        .ok_or_else(|| AwsError::incomplete(OPERATION, "invalidation"))?;
    Ok(if found.status == COMPLETED {
        PollState::Ready(Invalidation {
            is_completed: true,
            ..invalidation.clone()
        })
    } else {
        PollState::Pending(found.status)
    })
}
