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
/// assert!(!storage.access_points());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Storage {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_system: Option<FileSystemId>,
    keep_on_destroy: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    access_points: bool,
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

    /// Returns true if each volume on the file system is mounted through an access point of its own, as the user of its
    /// service. The default is false: the instances mount the whole file system.
    ///
    /// ```
    /// use geusemaker_core::spec::DeploymentSpec;
    ///
    /// let spec = DeploymentSpec::from_toml(
    ///     r#"
    ///     name = "llm-prod"
    ///     tier = 1
    ///     [compute]
    ///     instance_type = "g5.xlarge"
    ///     os = "amazon-linux-2023"
    ///     [storage]
    ///     access_points = true
    ///     [[service]]
    ///     name = "vllm"
    ///     port = 8000
    ///     image = "vllm/vllm-openai:v0.11.0"
    ///     user = "1000:1000"
    ///     "#,
    /// )?;
    /// assert!(spec.storage().access_points());
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn access_points(&self) -> bool {
        self.access_points
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
/// | [`access_points`](Self::access_points) | false | on Ubuntu; without a shared volume; if a service with one has no `user` with a group, or a generated secret |
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct StorageBuilder {
    file_system: Option<FileSystemId>,
    keep_on_destroy: bool,
    access_points: bool,
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

    /// Sets if each volume on the file system is mounted through an access point of its own, as the user of its service;
    /// false by default.
    ///
    /// ```
    /// use geusemaker_core::spec::{
    ///     Compute, DeploymentSpec, OperatingSystem, Service, Storage, Tier,
    /// };
    ///
    /// let compute = Compute::builder("g5.xlarge".parse()?).os(OperatingSystem::AmazonLinux2023);
    /// let vllm = Service::builder("vllm".parse()?, 8000, "vllm/vllm-openai:v0.11.0".parse()?)
    ///     .user("1000:1000".parse()?);
    /// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute)
    ///     .storage(Storage::builder().access_points(true))
    ///     .service(vllm)
    ///     .build()?;
    /// assert!(spec.storage().access_points());
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn access_points(mut self, access_points: bool) -> Self {
        self.access_points = access_points;
        self
    }

    /// Makes the settings. Nothing in them is wrong by itself.
    pub(super) fn finish(self) -> Storage {
        Storage {
            file_system: self.file_system,
            keep_on_destroy: self.keep_on_destroy,
            access_points: self.access_points,
        }
    }
}

impl From<Storage> for StorageBuilder {
    fn from(storage: Storage) -> Self {
        Self {
            file_system: storage.file_system,
            keep_on_destroy: storage.keep_on_destroy,
            access_points: storage.access_points,
        }
    }
}
