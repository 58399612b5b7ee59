//! The file system that the instances share.

use bon::Builder;
use serde::{Deserialize, Serialize};

use crate::id::FileSystemId;

/// The file system that the instances share; by default a new one is created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Storage {
    /// An existing file system to adopt. An adopted file system is never deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_system: Option<FileSystemId>,
    /// If true, the file system that the deployment created is kept when the deployment is destroyed.
    #[builder(default)]
    keep_on_destroy: bool,
}

impl Storage {
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
