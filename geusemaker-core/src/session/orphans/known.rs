//! The combined knowledge of all journals in one store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use object_store::ObjectStore;
use serde::Serialize;

use crate::error_chain;
use crate::id::{DeploymentId, FileSystemId, MountTargetId, VpcId};
use crate::journal::{Journal, JournalError, stacks};
use crate::kind::ResourceKind;
use crate::resource::tagged::TaggedResource;
use crate::spec::StackName;

/// The reason to keep a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeepReason {
    /// The resource is part of a stack that exists.
    #[non_exhaustive]
    BelongsTo {
        /// The stack.
        by: StackName,
    },
    /// A stack that exists uses the resource.
    #[non_exhaustive]
    AdoptedBy {
        /// The stack.
        by: StackName,
    },
    /// The resource was kept on purpose when the stack was removed.
    #[non_exhaustive]
    KeptBy {
        /// The stack.
        by: StackName,
    },
    /// Any of these reasons may apply: the journal that would tell cannot be read.
    #[non_exhaustive]
    Unreadable {
        /// The stack whose journal it is.
        by: StackName,
        /// The reason why the journal cannot be read.
        error: String,
    },
    /// The resource is a security group of mount targets that are not tagged as created by this program: mount targets
    /// carry no tags, and their file systems do not carry this program's tags.
    #[non_exhaustive]
    HeldBy {
        /// The mount targets.
        mount_targets: Vec<ForeignMountTarget>,
    },
}

/// A mount target of a file system that does not belong to this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ForeignMountTarget {
    /// The mount target id: `fsmt-…`.
    pub id: MountTargetId,
    /// The file system id: `fs-…`.
    pub file_system: FileSystemId,
}

impl ForeignMountTarget {
    pub(crate) fn new(id: MountTargetId, file_system: FileSystemId) -> Self {
        Self { id, file_system }
    }
}

impl fmt::Display for ForeignMountTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.id, self.file_system)
    }
}

impl fmt::Display for KeepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BelongsTo { by } => write!(f, "part of stack {by}"),
            Self::AdoptedBy { by } => write!(f, "in use by stack {by}"),
            Self::KeptBy { by } => write!(f, "kept when stack {by} was removed"),
            Self::Unreadable { by, error } => {
                write!(f, "perhaps part of stack {by}: {error}")
            }
            Self::HeldBy { mount_targets } => {
                let (that, they) = match mount_targets.len() {
                    1 => ("that mount target", "it is"),
                    _ => ("those mount targets", "they are"),
                };
                let holders: Vec<_> = mount_targets.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "held by {}, not tagged as created by gm; delete {that} if {they} not used any more",
                    holders.join(" and ")
                )
            }
        }
    }
}

/// The combined content of all journals.
pub(crate) struct Known {
    /// The deployments that exist.
    deployments: BTreeMap<DeploymentId, StackName>,
    ids: BTreeMap<String, KeepReason>,
    /// The VPCs that stacks which exist use.
    networks: BTreeMap<VpcId, StackName>,
    unreadable: BTreeMap<StackName, String>,
}

impl Known {
    /// Reads all journals, and remembers those that cannot be read.
    pub(crate) async fn read(store: &Arc<dyn ObjectStore>) -> Result<Self, JournalError> {
        let mut known = Self {
            deployments: BTreeMap::new(),
            ids: BTreeMap::new(),
            networks: BTreeMap::new(),
            unreadable: BTreeMap::new(),
        };
        for by in stacks(store.as_ref()).await? {
            match Journal::open(Arc::clone(store), &by).await {
                Ok(journal) => known.take_in(&by, &journal),
                Err(error) => {
                    known.unreadable.insert(by, error_chain::joined(&error));
                }
            }
        }
        Ok(known)
    }

    fn take_in(&mut self, by: &StackName, journal: &Journal) {
        let state = &journal.state;
        if let Some(deployment) = &state.deployment {
            self.deployments.insert(deployment.id.clone(), by.clone());
            if let Some(vpc) = deployment.plan.network.existing_vpc() {
                self.networks.insert(vpc.clone(), by.clone());
            }
        }
        for entry in state.entries() {
            let Some(id) = entry.id() else { continue };
            let by = by.clone();
            let spared = if entry.is_owned() {
                KeepReason::BelongsTo { by }
            } else {
                KeepReason::AdoptedBy { by }
            };
            self.ids.insert(id.to_owned(), spared);
        }
        for id in state.retained.keys() {
            let kept = KeepReason::KeptBy { by: by.clone() };
            self.ids.entry(id.clone()).or_insert(kept);
        }
    }

    /// Returns the reason to keep a resource, or `None` if no journal knows it.
    pub(crate) fn spares(&self, resource: &TaggedResource) -> Option<KeepReason> {
        if let Some(by) = self.deployments.get(&resource.deployment) {
            return Some(KeepReason::BelongsTo { by: by.clone() });
        }
        // Any stack may have adopted a file system.
        if resource.kind == ResourceKind::FileSystem {
            return self.user_of(resource.id.as_str());
        }
        let known = self.ids.get(resource.id.as_str()).cloned();
        known.or_else(|| {
            let journal = self.unreadable.get_key_value(&resource.stack);
            journal.map(unreadable)
        })
    }

    /// Returns the reason to keep a file system of any owner, or `None` if no stack can be using it.
    pub(crate) fn user_of(&self, file_system: &str) -> Option<KeepReason> {
        let user = self.ids.get(file_system).cloned();
        user.or_else(|| self.unreadable.iter().next().map(unreadable))
    }
}

impl Known {
    /// Returns the deployments among those of these resources whose networks must be kept: the parts of a network that
    /// a stack uses, or may use.
    pub(crate) fn networks_in_use(
        &self,
        resources: &[TaggedResource],
    ) -> BTreeMap<DeploymentId, KeepReason> {
        let vpcs = resources.iter().filter(|it| it.kind == ResourceKind::Vpc);
        vpcs.filter_map(|vpc| {
            let id = VpcId::from_aws(vpc.id.as_str());
            let user = self
                .networks
                .get(&id)
                .map(|by| KeepReason::AdoptedBy { by: by.clone() });
            let why = user.or_else(|| self.unreadable.iter().next().map(unreadable))?;
            Some((vpc.deployment.clone(), why))
        })
        .collect()
    }
}

fn unreadable((by, error): (&StackName, &String)) -> KeepReason {
    KeepReason::Unreadable {
        by: by.clone(),
        error: error.clone(),
    }
}
