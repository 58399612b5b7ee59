//! The file system that the instances share.

use serde::{Deserialize, Serialize};

use crate::id::FileSystemId;

/// The file system that the instances share; by default a new one is created.
///
/// ```
/// use geusemaker_core::spec::Storage;
///
/// let storage = Storage::default();
/// assert_eq!(storage.file_system(), None);
/// assert!(!storage.keep_on_destroy());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Storage {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_system: Option<FileSystemId>,
    keep_on_destroy: bool,
}

impl Storage {
    /// Starts the settings from their defaults.
    pub fn builder() -> StorageBuilder {
        StorageBuilder::default()
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> StorageBuilder {
        self.clone().into()
    }

    /// Returns the existing file system to adopt, if any.
    pub fn file_system(&self) -> Option<&FileSystemId> {
        self.file_system.as_ref()
    }

    /// Returns true if the file system that the deployment created is kept when the deployment is destroyed. The
    /// default is false.
    pub fn keep_on_destroy(&self) -> bool {
        self.keep_on_destroy
    }
}

/// A builder of the [`Storage`] of a spec: from [`Storage::builder`], for
/// [`DeploymentSpecBuilder::storage`](super::DeploymentSpecBuilder::storage).
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Storage, Tier};
///
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute)
///     .storage(Storage::builder().keep_on_destroy(true))
///     .build()?;
/// assert!(spec.storage().keep_on_destroy());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`file_system`](Self::file_system) | a new one | never |
/// | [`keep_on_destroy`](Self::keep_on_destroy) | false | never |
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct StorageBuilder {
    file_system: Option<FileSystemId>,
    keep_on_destroy: bool,
}

impl StorageBuilder {
    /// Sets the existing file system to adopt, instead of a new one. An adopted file system is never deleted.
    pub fn file_system(mut self, file_system: FileSystemId) -> Self {
        self.file_system = Some(file_system);
        self
    }

    /// Sets if the file system that the deployment created is kept when the deployment is destroyed; false by default.
    pub fn keep_on_destroy(mut self, keep: bool) -> Self {
        self.keep_on_destroy = keep;
        self
    }

    /// Makes the settings. Nothing in them can be wrong.
    pub(super) fn finish(self) -> Storage {
        Storage {
            file_system: self.file_system,
            keep_on_destroy: self.keep_on_destroy,
        }
    }
}

impl From<Storage> for StorageBuilder {
    fn from(storage: Storage) -> Self {
        Self {
            file_system: storage.file_system,
            keep_on_destroy: storage.keep_on_destroy,
        }
    }
}
