//! The file system that the instances share.

use crate::id::FileSystemId;
use bon::Builder;
use serde::{Deserialize, Serialize};

/// The file system that the instances share. Nothing given: one is created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Storage {
    /// An existing file system to adopt. It is then never deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_system: Option<FileSystemId>,
    /// Whether destroying the deployment leaves the file system that it created.
    #[builder(default)]
    keep_on_destroy: bool,
}

impl Storage {
    /// The existing file system to adopt, if any.
    pub fn file_system(&self) -> Option<&FileSystemId> {
        self.file_system.as_ref()
    }

    /// Whether destroying the deployment leaves the file system that it created. By default it does not.
    pub fn keep_on_destroy(&self) -> bool {
        self.keep_on_destroy
    }
}
