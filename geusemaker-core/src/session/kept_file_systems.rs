//! File systems that were kept when their stacks were removed.

use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::Session;
use crate::error::Error;
use crate::id::{AccountId, FileSystemId};
use crate::journal::Journal;
use crate::journal::event::JournalEvent;
use crate::journal::state::JournalState;
use crate::kind::ResourceKind;
use crate::ledger::target::{Target, TargetId};
use crate::ledger::teardown::Teardown;
use crate::ledger::undone::{FileSystems, Undone};
use crate::resource::file_system;
use crate::resource_key::ResourceKey;
use crate::spec::{Region, StackName};
use crate::timestamp;

/// A file system that was kept when its stack was removed. AWS charges for its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeptFileSystem {
    /// The stack that was removed.
    pub stack: StackName,
    /// The file system id: `fs-…`.
    pub id: FileSystemId,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The time of its creation.
    #[serde(serialize_with = "timestamp::serialize")]
    pub since: Timestamp,
    /// The time of the removal that has kept it.
    #[serde(serialize_with = "timestamp::serialize")]
    pub kept_at: Timestamp,
    /// The size of its data, if AWS was asked.
    pub bytes: Option<u64>,
    /// The stack that uses it now, if one does.
    pub used_by: Option<StackName>,
}

impl KeptFileSystem {
    pub(super) fn of_journal(stack: &StackName, state: &JournalState) -> Vec<Self> {
        let kept = state.retained.iter();
        let kept = kept.filter(|(_, kept)| kept.kind == ResourceKind::FileSystem);
        kept.map(|(id, kept)| Self {
            stack: stack.clone(),
            id: FileSystemId::from_aws(id),
            account: kept.account.clone(),
            region: kept.region.clone(),
            since: kept.since,
            kept_at: kept.kept_at,
            bytes: None,
            used_by: None,
        })
        .collect()
    }
}

impl Session {
    /// Returns the file systems that were kept when stacks of this name were removed, as the journal has them; AWS is
    /// not asked.
    ///
    /// # Errors
    /// Returns an error if a journal cannot be read.
    pub async fn kept_file_systems(&self, stack: &StackName) -> Result<Vec<KeptFileSystem>, Error> {
        let journal = Journal::open(self.store(), stack).await?;
        Ok(KeptFileSystem::of_journal(stack, &journal.state))
    }

    /// Asks AWS for the sizes of kept file systems, and leaves out those that do not exist any more.
    ///
    /// # Errors
    /// Returns an error if AWS cannot be asked.
    pub async fn measure(&self, kept: Vec<KeptFileSystem>) -> Result<Vec<KeptFileSystem>, Error> {
        let asked = kept.into_iter().map(|mut kept| async move {
            let account = self.account(kept.region.clone());
            let doing = Error::aws(format!("asking for the size of {}", kept.id));
            let bytes = file_system::bytes(&account.reader, &kept.id).await;
            Ok(bytes.map_err(doing)?.map(|bytes| {
                kept.bytes = Some(bytes);
                kept
            }))
        });
        let asked: Result<Vec<_>, Error> = join_all(asked).await.into_iter().collect();
        Ok(asked?.into_iter().flatten().collect())
    }

    /// Deletes these file systems, which were kept when stacks of this name were removed, with all their data. One that
    /// anybody uses again stays, and is listed in [`Undone::left`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, FileSystems, Journals, Session};
    /// # let aws = geusemaker_testkit::Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
    /// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
    /// session.destroy(&stack.name, FileSystems::Keep).await?.into_result()?;
    /// let kept = session.kept_file_systems(&stack.name).await?;
    /// session.delete_kept(&stack.name, &kept).await?.into_result()?;
    /// # assert!(aws.leftovers().is_empty());
    /// # session.close().await.into_result()
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the journal cannot be read or written, or AWS cannot be asked.
    pub async fn delete_kept(
        &self,
        stack: &StackName,
        kept: &[KeptFileSystem],
    ) -> Result<Undone, Error> {
        let mut all = Undone::default();
        for kept in kept {
            let account = self.account(kept.region.clone()).of_stack(stack);
            let actual = account.identity().await?.account;
            if actual != kept.account {
                return Err(Error::OtherAccount {
                    stack: stack.clone(),
                    recorded: kept.account.clone(),
                    actual,
                });
            }
            let target = Target {
                stack: Some(stack.clone()),
                key: ResourceKey::new("file-system"),
                kind: ResourceKind::FileSystem,
                id: TargetId::Id(kept.id.to_string()),
                since: Some(kept.since),
                is_going: false,
                answered: None,
            };
            let targets = vec![target];
            let delete = FileSystems::Delete;
            let undone = Teardown::without_journal(&account, self.calls(), targets, delete)
                .run()
                .await;
            if undone.is_complete() {
                let mut journal = Journal::open(self.store(), stack).await?;
                let id = kept.id.to_string();
                if journal.state.retained.contains_key(&id) {
                    let deleted = JournalEvent::KeptDeleted { id };
                    journal.append(self.clock().now(), deleted).await?;
                }
            }
            all.deleted.extend(undone.deleted);
            all.left.extend(undone.left);
        }
        Ok(all)
    }
}
