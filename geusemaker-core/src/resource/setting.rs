//! The trait of the settings that are not made together with their resource.

use std::future::Future;

use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::kind::ResourceKind;

/// A setting of a resource of the deployment. Applying it again changes nothing, and it ends with its resource.
pub(crate) trait Setting: Send + Sync + 'static {
    /// The kind of the resource.
    const KIND: ResourceKind;
    /// The activity for people: `giving names to instances`.
    const DOING: &'static str;

    /// Sends the request once.
    fn apply(
        &self,
        aws: &Writer,
        reader: &Reader,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Returns true if AWS shows the setting as applied.
    fn is_applied(&self, aws: &Reader) -> impl Future<Output = Result<bool, AwsError>> + Send;
}
