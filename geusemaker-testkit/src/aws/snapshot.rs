//! A whole account, kept and restored.

use jiff::Timestamp;

use crate::sim::account::Account;

/// A whole account and its time, to be kept and restored.
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

/// Why a snapshot cannot be restored.
#[derive(Debug, thiserror::Error)]
#[error(
    "the snapshot has format version {found}, and this version of the simulator reads {SNAPSHOT_VERSION}"
)]
#[non_exhaustive]
pub struct UnknownSnapshotVersion {
    /// The version that it has.
    pub found: u32,
}

pub(super) const SNAPSHOT_VERSION: u32 = 1;
