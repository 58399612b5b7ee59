//! The ids of resources to which AWS gives none: the ids or names of the two resources that they connect.

use std::fmt;

use crate::id::AwsId;

/// The id of a resource that connects two others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PairId(String);

impl PairId {
    pub(crate) fn new(first: &impl fmt::Display, second: &impl fmt::Display) -> Self {
        Self(format!("{first} {second}"))
    }

    /// Returns the two parts of an id, as the journal stores it.
    pub(super) fn parts(id: &str) -> (&str, &str) {
        id.split_once(' ').unwrap_or((id, ""))
    }
}

impl From<PairId> for String {
    fn from(id: PairId) -> Self {
        id.0
    }
}

impl AwsId for PairId {
    fn read(id: String) -> Self {
        Self(id)
    }
}

impl AsRef<str> for PairId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
