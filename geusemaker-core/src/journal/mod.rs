//! The journal: a sequence of small JSON objects, each of which is written only if it does not exist yet.

pub(crate) mod claim;
pub(crate) mod event;
pub(crate) mod journals;
pub(crate) mod state;
#[cfg(test)]
pub(crate) mod state_tests;

use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

use self::event::{JournalEvent, JournalRecord, VERSION};
use self::state::{IllegalEvent, JournalState};
use crate::error_chain;
use crate::library_error::LibraryError;
use crate::spec::StackName;

/// Error returned when a journal cannot be read or written. Nothing was overwritten.
///
/// ```
/// # fn main() -> Result<(), std::io::Error> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("file");
/// use geusemaker_core::{Journals, JournalError};
///
/// // A file is where the folder should be.
/// std::fs::write(&path, "")?;
/// let error = Journals::in_folder(&path).unwrap_err();
/// assert!(matches!(error, JournalError::Folder { .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The store failed: no space, no permission, or no network.
    #[error("{} cannot be {doing}", journal_of(.stack))]
    #[non_exhaustive]
    Store {
        /// The stack of the journal; none if the journals could not be listed.
        stack: Option<StackName>,
        /// The action that failed: `read` or `written`.
        doing: &'static str,
        /// The store's error, with its `object_store::Error`.
        source: LibraryError,
    },
    /// The folder of the journals cannot be used.
    #[error("the journals cannot be kept in {}", .path.display())]
    #[non_exhaustive]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the system, in a [`LibraryError`].
        source: LibraryError,
    },
    /// A record is invalid or incomplete.
    #[error(
        "record {path} of the journal is damaged ({reason}); restore it from a backup, or move the folder away if nothing of the stack is left in AWS"
    )]
    #[non_exhaustive]
    Damaged {
        /// The object's path in the store.
        path: String,
        /// The problem with the record.
        reason: String,
    },
    /// A newer version of this program wrote the record.
    #[error(
        "record {path} of the journal has format version {found}, but this program reads up to {VERSION}; use a newer version"
    )]
    #[non_exhaustive]
    Newer {
        /// The object's path in the store.
        path: String,
        /// The format version of the record.
        found: u32,
    },
    /// A record is missing.
    #[error(
        "the journal of {stack} lacks record {sequence}, but has later ones; restore it from a backup"
    )]
    #[non_exhaustive]
    Missing {
        /// The stack of the journal.
        stack: StackName,
        /// The number of the missing record.
        sequence: u64,
    },
    /// The records contradict one another.
    #[error("record {sequence} of the journal of {stack} is illegal")]
    #[non_exhaustive]
    Illegal {
        /// The stack of the journal.
        stack: StackName,
        /// The record's number.
        sequence: u64,
        /// The contradiction.
        source: IllegalEvent,
    },
    /// The runtime is shutting down.
    #[error("the runtime stopped during a write to the journal of {stack}")]
    #[non_exhaustive]
    Stopped {
        /// The stack of the journal.
        stack: StackName,
    },
    /// Another process wrote the record that this one was about to write.
    #[error("another process has taken over the journal of {stack}; this one stops")]
    #[non_exhaustive]
    TakenOver {
        /// The stack of the journal.
        stack: StackName,
    },
}

impl JournalError {
    fn store(stack: Option<&StackName>, doing: &'static str, error: object_store::Error) -> Self {
        Self::Store {
            stack: stack.cloned(),
            doing,
            source: LibraryError::new(error_chain::said_once(&error), error),
        }
    }
}

impl JournalError {
    fn folder(
        path: &std::path::Path,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Folder {
            path: path.to_owned(),
            source: LibraryError::new(error_chain::said_once(&error), error),
        }
    }
}

fn journal_of(stack: &Option<StackName>) -> String {
    match stack {
        Some(stack) => format!("the journal of {stack}"),
        None => "the folder of the journals".to_owned(),
    }
}

/// The journal of one stack, and the state that its records add up to.
#[derive(Debug)]
pub(crate) struct Journal {
    store: Arc<dyn ObjectStore>,
    stack: StackName,
    next: u64,
    pub(crate) state: Arc<JournalState>,
}

impl Journal {
    /// Reads the whole journal of a stack, which is empty if there is none.
    pub(crate) async fn open(
        store: Arc<dyn ObjectStore>,
        stack: &StackName,
    ) -> Result<Self, JournalError> {
        let stack = stack.clone();
        let records = read_all(store.as_ref(), &stack).await?;
        let state =
            JournalState::replay(&records).map_err(|(sequence, source)| JournalError::Illegal {
                stack: stack.clone(),
                sequence,
                source,
            })?;
        Ok(Self {
            store,
            stack,
            next: records.len() as u64,
            state: Arc::new(state),
        })
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// Writes an event to the store, and applies it to the state.
    pub(crate) async fn append(
        &mut self,
        at: Timestamp,
        event: JournalEvent,
    ) -> Result<(), JournalError> {
        // The event is applied to a copy first, so that no illegal event is ever written.
        let mut state = (*self.state).clone();
        state
            .apply(at, &event)
            .map_err(|source| JournalError::Illegal {
                stack: self.stack.clone(),
                sequence: self.next,
                source,
            })?;
        let record = JournalRecord {
            version: event.version(),
            sequence: self.next,
            at,
            event,
        };
        let path = object_path(&self.stack, self.next);
        let body = serde_json::to_vec_pretty(&record).map_err(|error| JournalError::Damaged {
            path: path.to_string(),
            reason: error.to_string(),
        })?;
        let payload = PutPayload::from(body.clone());
        let written = self
            .store
            .put_opts(&path, payload, PutMode::Create.into())
            .await;
        match written {
            Ok(_) => {}
            // A store on a network repeats a write whose reply was lost, and then finds its own record.
            Err(object_store::Error::AlreadyExists { .. }) if self.has(&path, &body).await => {}
            Err(object_store::Error::AlreadyExists { .. }) => {
                return Err(JournalError::TakenOver {
                    stack: self.stack.clone(),
                });
            }
            Err(source) => {
                return Err(JournalError::store(Some(&self.stack), "written", source));
            }
        }
        self.next += 1;
        self.state = Arc::new(state);
        Ok(())
    }

    async fn has(&self, path: &Path, body: &[u8]) -> bool {
        match self.store.get(path).await {
            Ok(found) => found.bytes().await.is_ok_and(|bytes| bytes == body),
            Err(_) => false,
        }
    }
}

/// Returns the names of the stacks that have a journal, sorted.
pub(crate) async fn stacks(store: &dyn ObjectStore) -> Result<Vec<StackName>, JournalError> {
    let listed = store
        .list_with_delimiter(None)
        .await
        .map_err(|source| JournalError::store(None, "read", source))?;
    let mut names: Vec<StackName> = listed
        .common_prefixes
        .iter()
        .filter_map(|prefix| prefix.filename()?.parse().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Returns all records of a stack, in order; none if it has no journal.
pub(crate) async fn read_all(
    store: &dyn ObjectStore,
    stack: &StackName,
) -> Result<Vec<JournalRecord>, JournalError> {
    let failed = |source| JournalError::store(Some(stack), "read", source);
    let mut paths: Vec<Path> = store
        .list(Some(&Path::from(stack.as_str())))
        .map_ok(|object| object.location)
        .try_collect()
        .await
        .map_err(failed)?;
    paths.retain(|path| path.extension() == Some("json"));
    paths.sort();
    let mut records = Vec::with_capacity(paths.len());
    for (sequence, path) in paths.into_iter().enumerate() {
        let sequence = sequence as u64;
        if path != object_path(stack, sequence) {
            return Err(JournalError::Missing {
                stack: stack.clone(),
                sequence,
            });
        }
        let bytes = store
            .get(&path)
            .await
            .map_err(failed)?
            .bytes()
            .await
            .map_err(failed)?;
        records.push(parse(&path, &bytes)?);
    }
    Ok(records)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<JournalRecord, JournalError> {
    /// The field that every version has.
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u32,
    }
    let damaged = |error: serde_json::Error| JournalError::Damaged {
        path: path.to_string(),
        reason: error.to_string(),
    };
    let Versioned { version } = serde_json::from_slice(bytes).map_err(damaged)?;
    if version > VERSION {
        return Err(JournalError::Newer {
            path: path.to_string(),
            found: version,
        });
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

fn object_path(stack: &StackName, sequence: u64) -> Path {
    Path::from(format!("{stack}/{sequence:08}.json"))
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;
    use crate::journal::state_tests::{created, intent, planned};

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    async fn open(store: &Arc<InMemory>) -> Journal {
        Journal::open(Arc::clone(store) as _, &"llm".parse().unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn slower_of_two_writers_stays_refused() {
        let store = Arc::new(InMemory::new());
        let mut first = open(&store).await;
        first.append(AT, planned()).await.unwrap();
        let mut second = open(&store).await;

        let (one, other) = tokio::join!(
            first.append(AT, intent("a")),
            second.append(AT, intent("b"))
        );
        assert!(one.is_ok());
        assert!(matches!(other, Err(JournalError::TakenOver { .. })));
        // It cannot write any later record either: its state is no longer that of the journal.
        let again = second.append(AT, intent("c")).await;
        assert!(matches!(again, Err(JournalError::TakenOver { .. })));
        first.append(AT, created("a")).await.unwrap();
        assert_eq!(open(&store).await.state.entries().len(), 1);
    }

    /// A store on a network repeats a write that got no answer.
    #[tokio::test]
    async fn record_with_lost_reply_counts_as_written() {
        let store = Arc::new(InMemory::new());
        let mut journal = open(&store).await;
        journal.append(AT, planned()).await.unwrap();
        let mut as_before = open(&store).await;
        journal.append(AT, intent("a")).await.unwrap();

        as_before.append(AT, intent("a")).await.unwrap();
        as_before.append(AT, created("a")).await.unwrap();
        assert_eq!(open(&store).await.state.entries().len(), 1);
    }

    #[tokio::test]
    async fn illegal_event_is_not_written() {
        let store = Arc::new(InMemory::new());
        let mut journal = open(&store).await;
        let error = journal.append(AT, created("a")).await.unwrap_err();
        assert!(
            matches!(error, JournalError::Illegal { sequence: 0, .. }),
            "{error}"
        );
        assert_eq!(open(&store).await.next, 0);
        journal.append(AT, planned()).await.unwrap();
    }

    #[tokio::test]
    async fn stacks_are_folders_with_stack_names() {
        let store = InMemory::new();
        for path in [
            "web/00000000.json",
            "llm/00000000.json",
            "Not a stack/00000000.json",
            "notes.txt",
        ] {
            store.put(&Path::from(path), "{}".into()).await.unwrap();
        }
        let names: Vec<_> = stacks(&store)
            .await
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["llm", "web"]);
    }
}
