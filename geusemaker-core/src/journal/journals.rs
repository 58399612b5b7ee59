//! The place where the journals of a session's stacks are kept.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use super::JournalError;

/// The place where a session keeps its journals, one for each stack. Whoever has the journals can resume and remove the
/// stacks.
///
/// ```
/// # fn main() -> Result<(), geusemaker_core::Error> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("journals");
/// use std::sync::Arc;
///
/// use geusemaker_core::Journals;
/// use geusemaker_core::object_store::memory::InMemory;
///
/// // On this machine: the folder is created if there is none.
/// let journals = Journals::in_folder(path)?;
/// // For tests: at the end of the process, nothing knows the stacks any more.
/// let journals = Journals::in_memory();
/// // In any other store that can refuse to overwrite an object, such as Amazon S3.
/// let journals = Journals::from(Arc::new(InMemory::new()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Journals(Arc<dyn ObjectStore>);

impl Journals {
    /// Keeps the journals in a folder on this machine, which only its owner can open. Each record is synced to disk
    /// before anything else happens. The folder is created if it does not exist.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created or opened.
    pub fn in_folder(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        create_private(path).map_err(|error| JournalError::folder(path, error))?;
        let store = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| JournalError::folder(path, error))?;
        Ok(Self(Arc::new(store.with_fsync(true))))
    }

    /// Keeps the journals in memory, for tests: when the process ends, nothing knows the stacks any more. Clones share
    /// the journals.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Arc::new(InMemory::new()))
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.0
    }
}

impl From<Arc<dyn ObjectStore>> for Journals {
    fn from(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }
}

impl<S: ObjectStore> From<Arc<S>> for Journals {
    fn from(store: Arc<S>) -> Self {
        Self(store)
    }
}

impl fmt::Debug for Journals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journals({})", self.0)
    }
}

/// Creates a folder that only its owner can open.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
