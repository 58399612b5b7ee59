//! The deployments that were not finished when their session was closed.

use serde::Serialize;

use super::Ledger;
use super::undone::Undone;
use crate::error::Error;
use crate::id::DeploymentId;
use crate::leftover::Leftover;
use crate::spec::StackName;

/// The result of [`Session::close`](crate::Session::close): every deployment that was neither committed nor kept by its
/// owner, and what became of it; a committed one that something still held; and what removals could not delete.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # let aws = geusemaker_testkit::Aws::new();
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// let ready = session.plan(spec).await?.launch().await?;
/// // The program ends without `ready.commit()`.
/// drop(ready);
/// let closed = session.close().await;
/// for unfinished in &closed.unfinished {
///     println!("{}: {} resources deleted", unfinished.stack, unfinished.undone.deleted.len());
/// }
/// // An error if something is left that should be gone.
/// closed.into_result()?;
/// # assert!(aws.leftovers().is_empty());
/// # Ok(())
/// # }
/// ```
#[must_use = "it lists what is left in AWS"]
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Closed {
    /// The deployments, in the order in which they ended.
    pub unfinished: Vec<UnfinishedDeployment>,
}

/// A deployment that was neither committed nor kept by its owner, and what its session has done with it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct UnfinishedDeployment {
    /// The stack.
    pub stack: StackName,
    /// The deployment's id, which is in the tags of its resources.
    pub deployment: DeploymentId,
    /// True if something still held the deployment when the session was closed: a variable, or an error that contains
    /// a [`Failed`](crate::Failed).
    pub was_held: bool,
    /// The resources that were deleted, kept and left.
    pub undone: Undone,
}

impl UnfinishedDeployment {
    pub(super) fn of(ledger: &Ledger, was_held: bool, undone: Undone) -> Self {
        Self {
            stack: ledger.owner.stack.clone(),
            deployment: ledger.owner.deployment.clone(),
            was_held,
            undone,
        }
    }

    /// Returns true if anything was kept or left.
    pub(super) fn has_rest(&self) -> bool {
        !(self.undone.kept.is_empty() && self.undone.left.is_empty())
    }
}

impl Closed {
    /// Returns true if nothing is left that should have been deleted.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left().next().is_none()
    }

    /// Returns the resources that should have been deleted and still exist, or may exist.
    pub fn left(&self) -> impl Iterator<Item = &Leftover> {
        let undone = self.unfinished.iter().map(|unfinished| &unfinished.undone);
        undone.flat_map(|undone| &undone.left)
    }

    /// Returns nothing, or an error, for use with `?`.
    ///
    /// # Errors
    /// Returns [`Error::Leftovers`] if something is left that should have been deleted.
    pub fn into_result(self) -> Result<(), Error> {
        let left: Vec<_> = self.left().cloned().collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(Error::Leftovers { left })
        }
    }
}
