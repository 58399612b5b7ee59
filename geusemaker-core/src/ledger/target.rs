//! The targets of a teardown: the resources that have to be deleted.

use jiff::Timestamp;

use crate::id::ResourceId;
use crate::journal::state::{Entry, Status};
use crate::kind::ResourceKind;
use crate::leftover::Leftover;
use crate::resource::kinds::AnyLookup;
use crate::resource::protection::Protection;
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
    /// The id that AWS has answered, if nobody could find out yet whose resource it is.
    pub(crate) answered: Option<String>,
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
            answered: None,
        })
    }

    pub(super) fn id(&self) -> Option<&str> {
        match &self.id {
            TargetId::Id(id) => Some(id),
            TargetId::Unresolved(_) => None,
        }
    }

    /// Returns the name by which a resource of unknown id is looked up, if it has one that people know.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.id {
            TargetId::Id(_) => None,
            TargetId::Unresolved(lookup) => lookup.name(),
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

    /// Returns the resource as left over, with the command that deletes it by hand.
    pub(super) fn leftover(&self, id: Option<&str>, why: String, region: &Region) -> Leftover {
        Leftover {
            command: id.map(|id| self.kind.removal_command(id, region.as_str())),
            ..self.refused(id, why, None)
        }
    }

    /// Returns the resource as left over, with what the user can do: no command deletes it, because AWS refuses that.
    pub(super) fn refused(
        &self,
        id: Option<&str>,
        why: String,
        remedy: Option<String>,
    ) -> Leftover {
        Leftover {
            key: self.key.clone(),
            kind: self.kind,
            id: id.or(self.answered.as_deref()).map(ResourceId::from_aws),
            name: self.name().filter(|_| id.is_none()).map(str::to_owned),
            why,
            since: self.since,
            remedy,
            command: None,
        }
    }

    /// Returns the protected resource as left over: its command lifts the protection first.
    pub(super) fn protected(&self, id: &str, protection: Protection, region: &Region) -> Leftover {
        let lift = protection.lift_command(id, region.as_str());
        Leftover {
            command: lift.map(|lift| {
                let removal = self.kind.removal_command(id, region.as_str());
                format!("{lift} && {removal}")
            }),
            ..self.refused(
                Some(id),
                protection.why().to_owned(),
                Some(protection.remedy().to_owned()),
            )
        }
    }
}
