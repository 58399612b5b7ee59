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
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 3\ncompute.instance_type = 'g5.xlarge'\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// # let balanced = session.plan(spec).await?.launch().await?.balance().await?;
/// # let stack = balanced.publish().await?.commit().await?;
/// use geusemaker_core::Invalidation;
/// use geusemaker_core::spec::{InvalidationPath, InvalidationPaths};
///
/// let paths: Vec<InvalidationPath> = vec!["/index.html".parse()?];
/// let accepted: Invalidation = session.invalidate(&stack.name, InvalidationPaths::try_from(paths)?).await?;
/// assert!(!accepted.is_completed);
/// println!("{} of {}", accepted.id, accepted.distribution);
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
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
