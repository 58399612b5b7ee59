//! Snapshots: a whole account, saved and restored.

use jiff::Timestamp;

use crate::sim::account::Account;

pub(super) const SNAPSHOT_VERSION: u32 = 1;

/// A whole account and its time, to save and to restore.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::{Aws, Snapshot};
///
/// let aws = Aws::new();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// ec2.create_vpc().cidr_block("10.0.0.0/16").send().await?;
/// let saved = serde_json::to_string(&aws.snapshot())?;
///
/// let snapshot: Snapshot = serde_json::from_str(&saved)?;
/// let restored = Aws::builder().restore(snapshot)?.build();
/// assert_eq!(restored.inventory(), aws.inventory());
/// assert_eq!(restored.clock().now(), aws.clock().now());
/// # Ok(())
/// # }
/// ```
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
