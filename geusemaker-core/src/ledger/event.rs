//! What the journal says: one record per event, versioned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claim::Holder;
use crate::aws::error::AwsError;
use crate::deployment::plan::Plan;
use crate::deployment::state::Reached;
use crate::resource::lookup::Lookup;
use crate::spec::Tier;

/// The version of the records that this crate writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 2;

/// One object of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JournalRecord {
    pub(crate) version: u32,
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
    pub(crate) event: JournalEvent,
}

/// The logical name of a resource in its deployment: `alb/listener/80`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that has happened, or is about to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum JournalEvent {
    /// A deployment begins.
    Planned { deployment: String, plan: Box<Plan> },
    /// A process works on it, until then at the latest.
    Claimed { holder: Holder, until: Timestamp },
    /// No process works on it.
    Released,
    /// A resource is about to be asked for.
    Intent { key: Key, lookup: Lookup },
    /// It exists.
    Created { key: Key, id: String },
    /// It was refused and does not exist.
    Refused { key: Key, error: AwsError },
    /// It exists and belongs to somebody else: it is never deleted.
    Adopted {
        key: Key,
        lookup: Lookup,
        id: String,
    },
    /// It is about to be deleted.
    Deleting { key: Key },
    /// It is gone.
    Deleted { key: Key },
    /// It stays on purpose when the rest goes.
    Kept { key: Key },
    /// A transition is complete.
    Reached { state: Box<Reached> },
    /// What came after the last state that was reached is about to go: it is not built upon any more.
    Undoing,
    /// It is gone, and the transition can be tried again.
    Undone,
    /// The deployment is in use: from here on a failure no longer undoes it.
    Committed { tier: Tier },
    /// All of it is about to go: from here on there is nothing to resume.
    Ending,
    /// Nothing of it is left but what was kept.
    Gone,
}
