//! What every kind of resource says of its creation.

use std::future::Future;

use super::lookup::Lookup;
use crate::aws::clients::Writer;
use crate::aws::error::AwsError;
use crate::id::AwsId;

/// What is wanted of AWS, complete enough to be asked for more than once.
pub(crate) trait Create: Send + Sync + 'static {
    /// The id by which AWS knows it.
    type Id: AwsId;

    /// Whether AWS answers a creation with what somebody else has made under the same name and settings, so that the
    /// tags have to be looked at.
    const VERIFY_OWNER: bool = false;

    /// How it is found again, given the token under which it is asked for.
    fn lookup(&self, token: &str) -> Lookup;

    /// Asks for it, once. The id comes from the reply alone.
    fn create(
        &self,
        aws: &Writer,
        token: &str,
    ) -> impl Future<Output = Result<Self::Id, AwsError>> + Send;
}
