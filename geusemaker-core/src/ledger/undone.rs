//! The result of an undo: what was deleted, what was kept, and what is left.

use serde::Serialize;

use crate::aws::error::AwsError;
use crate::error::Error;
use crate::leftover::Leftover;
use crate::resource_ref::ResourceRef;

/// The result of an undo: of a rollback, or of [`Session::destroy`](crate::Session::destroy).
///
/// A resource that could not be deleted is no error of the undo, which goes on with the others. [`Undone::into_result`]
/// makes it one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// let undone = session.plan(spec).await?.launch().await?.rollback().await;
/// for resource in &undone.deleted {
///     println!("{} {} deleted", resource.kind, resource.id);
/// }
/// // An error if anything is left.
/// undone.into_result()?;
/// # assert!(aws.leftovers().is_empty());
/// # session.close().await.into_result()
/// # }
/// ```
#[must_use = "it lists what is left in AWS"]
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Undone {
    /// The deleted resources.
    pub deleted: Vec<ResourceRef>,
    /// The resources that are kept on purpose.
    pub kept: Vec<ResourceRef>,
    /// The resources that still exist, or may exist.
    pub left: Vec<Leftover>,
    /// The error about expired credentials, if it lasted longer than the undo waits for a sign-in.
    #[serde(skip)]
    pub(crate) signed_out: Option<AwsError>,
}

impl Undone {
    /// Returns true if nothing is left that should have been deleted.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left.is_empty()
    }

    /// Returns true if nothing was deleted or kept, and nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.deleted.is_empty() && self.kept.is_empty() && self.left.is_empty()
    }

    /// Returns nothing, or an error, for use with `?`.
    ///
    /// # Errors
    /// Returns [`Error::Leftovers`] if something is left that should have been deleted.
    pub fn into_result(self) -> Result<(), Error> {
        if self.is_complete() {
            Ok(())
        } else {
            Err(Error::Leftovers { left: self.left })
        }
    }
}

/// The treatment of the file systems that a deployment has created.
///
/// A committed deployment whose spec says `storage.keep_on_destroy` keeps them in any case.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// use geusemaker_core::FileSystems;
///
/// let undone = session.destroy(&stack.name, FileSystems::Keep).await?;
/// // A later spec can name it in `storage.file_system`.
/// println!("kept {}", undone.kept[0].id);
/// undone.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSystems {
    /// Deletes the file systems with the rest, including their data.
    Delete,
    /// Keeps the file systems, without mount targets; AWS still charges for their data.
    Keep,
}
