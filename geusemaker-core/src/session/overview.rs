//! The overview of all stacks, from their journals alone.

use std::collections::BTreeMap;

use super::Session;
use super::kept_file_systems::KeptFileSystem;
use super::status::DeploymentStatus;
use crate::error::Error;
use crate::id::FileSystemId;
use crate::journal::{Journal, JournalError};
use crate::kind::ResourceKind;
use crate::spec::StackName;

/// All stacks, as their journals have them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// let overview = session.overview().await?;
/// for status in &overview.stacks {
///     println!("{} in {}: {}", status.name, status.region, status.health);
/// }
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Keep).await?.into_result()?;
/// // The file systems that removals have kept; AWS charges for their data.
/// let kept = session.overview().await?.kept_file_systems;
/// assert_eq!(Some(&kept[0].id), stack.outputs.file_system.as_ref());
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Overview {
    /// The stacks that exist, sorted by their names.
    pub stacks: Vec<DeploymentStatus>,
    /// The file systems that were kept when their stacks were removed.
    pub kept_file_systems: Vec<KeptFileSystem>,
    /// The stacks whose journals cannot be read.
    pub unreadable: Vec<UnreadableStack>,
}

/// A stack whose journal cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnreadableStack {
    /// The stack's name.
    pub name: StackName,
    /// The reason.
    pub error: JournalError,
}

impl Session {
    /// Returns all stacks, and the file systems that were kept, as the journals have them; AWS is not asked.
    ///
    /// # Errors
    /// Returns an error if the journals cannot be listed. One that cannot be read hides no other.
    pub async fn overview(&self) -> Result<Overview, Error> {
        let mut overview = Overview {
            stacks: Vec::new(),
            kept_file_systems: Vec::new(),
            unreadable: Vec::new(),
        };
        let mut users = BTreeMap::new();
        for name in self.histories().await? {
            let journal = match Journal::open(self.store(), &name).await {
                Ok(journal) => journal,
                Err(error) => {
                    overview.unreadable.push(UnreadableStack { name, error });
                    continue;
                }
            };
            let state = &journal.state;
            for entry in state.entries() {
                if let (ResourceKind::FileSystem, Some(id)) = (entry.lookup.kind(), entry.id()) {
                    users.insert(FileSystemId::from_aws(id), name.clone());
                }
            }
            overview
                .kept_file_systems
                .extend(KeptFileSystem::of_journal(&name, state));
            if let Some(header) = state.deployment.clone() {
                overview.stacks.push(self.summary_of(&journal, header));
            }
        }
        for kept in &mut overview.kept_file_systems {
            kept.used_by = users.get(&kept.id).cloned();
        }
        Ok(overview)
    }
}
