//! The events of the journal, one versioned record for each.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::claim::Holder;
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, InstanceId};
use crate::plan::Plan;
use crate::plan::reached::Reached;
use crate::resource::kinds::AnyLookup;
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, Tier};

/// The newest version of the records that this crate reads.
pub(crate) const VERSION: u32 = 3;

/// A record: one object of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JournalRecord {
    pub(crate) version: u32,
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
    pub(crate) event: JournalEvent,
}

/// An event that has happened, or is about to happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum JournalEvent {
    /// A deployment begins.
    Planned {
        deployment: DeploymentId,
        plan: Box<Plan>,
    },
    /// The deployment has another spec from now on, which makes the same resources.
    Adjusted {
        #[serde(deserialize_with = "deserialize_stored")]
        spec: Box<DeploymentSpec>,
    },
    /// The end of an instance's console, before a failure removes the instance.
    Console {
        instance: InstanceId,
        lines: Vec<String>,
    },
    /// A process works on the deployment, until the given time at the latest.
    Claimed { holder: Holder, until: Timestamp },
    /// No process works on the deployment.
    Released,
    /// A resource is about to be requested.
    Intent { key: ResourceKey, lookup: AnyLookup },
    /// The resource exists.
    Created { key: ResourceKey, id: String },
    /// AWS refused to create the resource, so it does not exist.
    Refused { key: ResourceKey, error: AwsError },
    /// The resource exists and belongs to another owner: it is never deleted.
    Adopted {
        key: ResourceKey,
        lookup: AnyLookup,
        id: String,
    },
    /// The resource is about to be deleted.
    Deleting { key: ResourceKey },
    /// The resource is deleted.
    Deleted { key: ResourceKey },
    /// The resource is kept on purpose when the rest is deleted.
    Kept { key: ResourceKey },
    /// A transition is complete.
    Reached { state: Box<Reached> },
    /// Everything created after the last reached state is about to be deleted: nothing may build on it any more.
    Undoing,
    /// Everything created after the last reached state is deleted, and the transition can be tried again.
    Undone,
    /// The deployment is in use: from now on, a failure no longer undoes it.
    Committed { tier: Tier },
    /// The whole deployment is about to be deleted: from now on, there is nothing to resume.
    Ending,
    /// The deployment is deleted, except for what was kept.
    Gone,
    /// A resource that an earlier removal had kept is deleted. Since version 3.
    KeptDeleted { id: String },
}

impl JournalEvent {
    /// Returns the version of a record with this event: the first one that knows the event, so that earlier versions of
    /// this crate read what they understand.
    pub(crate) fn version(&self) -> u32 {
        match self {
            Self::Adjusted { .. } | Self::Console { .. } | Self::KeptDeleted { .. } => 3,
            Self::Planned { .. }
            | Self::Claimed { .. }
            | Self::Released
            | Self::Intent { .. }
            | Self::Created { .. }
            | Self::Refused { .. }
            | Self::Adopted { .. }
            | Self::Deleting { .. }
            | Self::Deleted { .. }
            | Self::Kept { .. }
            | Self::Reached { .. }
            | Self::Undoing
            | Self::Undone
            | Self::Committed { .. }
            | Self::Ending
            | Self::Gone => 2,
        }
    }
}

fn deserialize_stored<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Box<DeploymentSpec>, D::Error> {
    DeploymentSpec::deserialize_stored(deserializer).map(Box::new)
}
