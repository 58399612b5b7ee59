//! Snapshots: a whole account, saved and restored.

use jiff::Timestamp;

use crate::sim::account::Account;

pub(super) const SNAPSHOT_VERSION: u32 = 1;

/// A whole account and its time, to save and to restore.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Snapshot {
    pub(super) version: u32,
    pub(super) now: Timestamp,
    pub(super) account: Account,
}

impl Snapshot {
    pub(super) fn of(account: &Account, now: Timestamp) -> Self {
        Self {
            version: SNAPSHOT_VERSION,
            now,
            account: account.clone(),
        }
    }
}

/// Error returned when a snapshot has a format version that this crate does not know.
#[derive(Debug, thiserror::Error)]
#[error(
    "the snapshot has format version {found}, but this version of the simulator reads version {SNAPSHOT_VERSION}"
)]
#[non_exhaustive]
pub struct UnknownSnapshotVersion {
    /// The snapshot's format version.
    pub found: u32,
}
