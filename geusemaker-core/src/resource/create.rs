//! The trait of everything that a deployment can create.

use std::future::Future;

use super::kind::Kind;
use crate::aws::clients::Writer;
use crate::aws::error::AwsError;
use crate::id::AwsId;

/// A description of a new resource, complete enough to send the request more than once.
pub(crate) trait Create: Send + Sync + 'static {
    /// The type of the resource's id.
    type Id: AwsId;
    /// The kind of the resource, and the lookup that finds it again.
    type Lookup: Kind;

    /// True if AWS may answer a create with a resource of another owner that has the same name and settings, so that
    /// the tags must be checked.
    const VERIFY_OWNER: bool = false;

    /// Returns the lookup that finds the resource again, given the token of the request.
    fn lookup(&self, token: &str) -> Self::Lookup;

    /// Sends the create request once. The id comes from the reply alone.
    fn create(
        &self,
        aws: &Writer,
        token: &str,
    ) -> impl Future<Output = Result<Self::Id, AwsError>> + Send;
}
