//! The targets of a teardown: the resources that have to be deleted.

use jiff::Timestamp;

use crate::id::ResourceId;
use crate::journal::state::{Entry, Status};
use crate::kind::ResourceKind;
use crate::leftover::Leftover;
use crate::resource::kinds::AnyLookup;
use crate::resource_key::ResourceKey;
use crate::resource_ref::ResourceRef;
use crate::spec::{Region, StackName};

/// A resource that has to be deleted.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) key: ResourceKey,
    pub(crate) kind: ResourceKind,
    pub(crate) id: TargetId,
    /// The stack of a resource that was found by its tags.
    pub(crate) stack: Option<StackName>,
    /// The time since which the resource may exist.
    pub(crate) since: Option<Timestamp>,
    /// True if its deletion was requested already.
    pub(crate) is_going: bool,
}

/// The id of a resource, or the way to find it.
#[derive(Clone, Debug)]
pub(crate) enum TargetId {
    Id(String),
    /// It is unknown whether the resource exists.
    Unresolved(AnyLookup),
}

impl Target {
    /// Returns the target for an entry of the journal, or `None` if the resource was adopted.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let id = match &entry.status {
            Status::Created { id } | Status::Kept { id } | Status::Deleting { id: Some(id) } => {
                TargetId::Id(id.clone())
            }
            Status::Intended | Status::Deleting { id: None } => {
                TargetId::Unresolved(entry.lookup.clone())
            }
            Status::Adopted { .. } => return None,
        };
        Some(Self {
            key: entry.key.clone(),
            kind: entry.lookup.kind(),
            id,
            stack: None,
            since: Some(entry.since),
            is_going: matches!(entry.status, Status::Deleting { .. }),
        })
    }

    pub(super) fn id(&self) -> Option<&str> {
        match &self.id {
            TargetId::Id(id) => Some(id),
            TargetId::Unresolved(_) => None,
        }
    }
}

impl Target {
    /// Returns the resource as deleted or kept.
    pub(super) fn reference(&self, id: &str) -> ResourceRef {
        ResourceRef {
            key: self.key.clone(),
            kind: self.kind,
            id: ResourceId::from_aws(id),
        }
    }

    /// Returns the resource as left over.
    pub(super) fn leftover(&self, id: Option<&str>, why: String, region: &Region) -> Leftover {
        Leftover {
            key: self.key.clone(),
            kind: self.kind,
            id: id.map(ResourceId::from_aws),
            why,
            since: self.since,
            command: id.map(|id| self.kind.removal_command(id, region.as_str())),
        }
    }
}
