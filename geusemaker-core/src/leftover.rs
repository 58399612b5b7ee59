//! A resource that still exists, or may exist.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::id::ResourceId;
use crate::kind::ResourceKind;
use crate::resource_key::ResourceKey;
use crate::timestamp;

/// A resource that still exists, or may exist.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::{Aws, Fault};
/// # let aws = Aws::builder().fault(Fault::on("DeleteFileSystem").denied().forever()).build();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// use geusemaker_core::FileSystems;
///
/// let undone = session.destroy(&stack.name, FileSystems::Delete).await?;
/// for leftover in &undone.left {
///     println!("{leftover}");
///     if let Some(command) = &leftover.command {
///         println!("  {command}");
///     }
/// }
/// # assert!(!undone.is_complete());
/// # let _ = aws.lift_faults();
/// // Once the reason is gone: destroying again continues from there.
/// session.destroy(&stack.name, FileSystems::Delete).await?.into_result()?;
/// # assert!(aws.leftovers().is_empty());
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Leftover {
    /// The resource's name in the journal, or its `Name` tag if no journal knows it.
    pub key: ResourceKey,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS; none if it is unknown whether the resource exists.
    pub id: Option<ResourceId>,
    /// The name by which AWS was asked for the resource, if its id is unknown and its kind has names.
    pub name: Option<String>,
    /// The reason why it still exists.
    pub why: String,
    /// The time since which it exists, if known.
    #[serde(serialize_with = "timestamp::serialize_option")]
    pub since: Option<Timestamp>,
    /// The user's way out, if AWS has refused the deletion for good.
    pub remedy: Option<String>,
    /// The AWS CLI command that deletes it by hand: for a protected resource, the call that lifts the protection comes
    /// first. There is none if AWS would refuse it as it has refused the same call before. Words in capitals stand for
    /// values that only AWS knows by then, such as `GROUP` or `ETAG`.
    pub command: Option<String>,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.id, &self.name) {
            (Some(id), _) => write!(f, "{} {id}", self.kind)?,
            (None, Some(name)) => write!(f, "{} {name} (id unknown)", self.kind)?,
            (None, None) => write!(f, "{} {} (id unknown)", self.kind, self.key)?,
        }
        if let Some(since) = self.since {
            write!(f, " since {since:.0}")?;
        }
        write!(f, ": {}", self.why)
    }
}
