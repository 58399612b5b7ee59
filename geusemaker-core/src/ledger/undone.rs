//! The result of an undo: what was deleted, what was kept, and what is left.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::aws::error::AwsError;
use crate::kind::ResourceKind;

/// The result of an undo.
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
}

/// A resource that an undo has deleted or kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResourceRef {
    /// The resource's name in the journal, or its `Name` tag if no journal knows it.
    pub key: String,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS.
    pub id: String,
}

/// A resource that still exists, or may exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Leftover {
    /// The resource's name in the journal, or its `Name` tag if no journal knows it.
    pub key: String,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS; none if it is unknown whether the resource exists.
    pub id: Option<String>,
    /// The reason why it still exists.
    pub why: String,
    /// The time since which it exists, if known.
    pub since: Option<Timestamp>,
    /// The AWS CLI command that deletes it by hand.
    pub command: Option<String>,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().unwrap_or("(id unknown)");
        write!(f, "{} {id}", self.kind)?;
        if let Some(since) = self.since {
            write!(f, " since {since}")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// The treatment of the file systems that a deployment has created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSystems {
    /// Deletes the file systems with the rest, including their data.
    Delete,
    /// Keeps the file systems, without mount targets; AWS still charges for their data.
    Keep,
}
