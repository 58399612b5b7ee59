//! The error of a library as the source of an error of this crate.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The error of a library that this crate uses, as the source of an error of this crate.
///
/// Libraries repeat in their messages what their own sources say. This type says once what the errors before it do not
/// say, and has no source of its own. The library's error is in it:
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session, LibraryError};
/// # use geusemaker_testkit::{Aws, Fault};
/// # let aws = Aws::builder().fault(Fault::on("DescribeVpcs").denied()).build();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'").unwrap();
/// use std::error::Error;
///
/// use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
/// use aws_sdk_ec2::operation::describe_vpcs::DescribeVpcsError;
///
/// let error = session.plan(spec).await.unwrap_err();
/// let sources = std::iter::successors(error.source(), |&error| error.source());
/// let library = sources.filter_map(|source| source.downcast_ref::<LibraryError>()).next().unwrap();
/// let sdk: &SdkError<DescribeVpcsError> = library.downcast_ref().unwrap();
/// assert_eq!(sdk.code(), Some("UnauthorizedOperation"));
/// # }
/// ```
///
/// The type of the library's error is that of the version of the library that this crate uses: `aws-sdk-ec2` and the
/// others have to be of the same minor version in your `Cargo.toml`.
#[derive(Clone)]
pub struct LibraryError(Arc<Inner>);

struct Inner {
    message: String,
    error: Box<dyn Error + Send + Sync>,
}

impl LibraryError {
    /// Wraps the error with a message that says what the errors before it do not say.
    pub(crate) fn new(
        message: impl Into<String>,
        error: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            message: message.into(),
            error: Box::new(error),
        }))
    }

    /// Returns the library's error.
    #[must_use]
    pub fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0.error
    }

    /// Returns the library's error if it has this type: `SdkError<RunInstancesError>` for a call to AWS,
    /// `object_store::Error` for the store of the journals.
    #[must_use]
    pub fn downcast_ref<T: Error + 'static>(&self) -> Option<&T> {
        self.0.error.downcast_ref()
    }
}

/// Shows the message: the library's error may hold a whole HTTP response.
impl fmt::Debug for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LibraryError")
            .field(&self.0.message)
            .finish()
    }
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Error for LibraryError {}
