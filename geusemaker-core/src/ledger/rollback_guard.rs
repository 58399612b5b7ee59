//! The guard of a deployment that is not finished: dropping the guard undoes the deployment.

use std::sync::Arc;

use super::Ledger;
use super::cleanup::Cleanup;
use super::journal::JournalError;
use super::undo::{FileSystems, Undone};

/// The owner of everything that a deployment has created so far, until it is released.
///
/// Dropping the guard hands the work to the session, whose `close` waits for it. If the process ends first, the journal
/// still has everything.
#[derive(Debug)]
pub(crate) struct RollbackGuard {
    ledger: Option<Arc<Ledger>>,
    on_drop: OnDrop,
    cleanup: Cleanup,
}

/// The action for a deployment whose guard is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDrop {
    /// Undoes everything.
    UndoAll,
    /// Undoes only what was begun after the last reached state, which is in use.
    UndoUnfinished,
    /// Keeps everything as it is.
    Keep,
    /// Keeps everything as it is and lists it as left over, because the credentials have expired.
    Leave,
}

impl RollbackGuard {
    /// Creates a guard that owns nothing yet.
    pub(crate) fn empty(cleanup: Cleanup) -> Self {
        Self {
            ledger: None,
            on_drop: OnDrop::UndoAll,
            cleanup,
        }
    }

    /// Creates a guard that owns what the ledger holds.
    pub(crate) fn of(ledger: Arc<Ledger>, on_drop: OnDrop, cleanup: Cleanup) -> Self {
        Self {
            ledger: Some(ledger),
            on_drop,
            cleanup,
        }
    }

    pub(crate) fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// Makes the guard leave everything as it is when it is dropped.
    pub(crate) fn leave_on_drop(&mut self) {
        self.on_drop = OnDrop::Leave;
    }

    /// Keeps everything, and lets other processes work on the stack.
    pub(crate) async fn release(mut self) -> Result<(), JournalError> {
        // The guard keeps the ledger until the end: dropped half way, the session does the rest.
        self.on_drop = OnDrop::Keep;
        let released = match &self.ledger {
            Some(ledger) => ledger.release().await,
            None => Ok(()),
        };
        self.ledger = None;
        released
    }

    /// Removes everything, and returns the result. Dropped half way, the guard releases the claim, and the next removal
    /// continues from there.
    pub(crate) async fn end(mut self, file_systems: FileSystems) -> Undone {
        self.on_drop = OnDrop::Keep;
        let undone = match &self.ledger {
            Some(ledger) => ledger.end(file_systems).await,
            None => Undone::default(),
        };
        self.ledger = None;
        undone
    }

    /// Undoes what is not in use, and returns the result.
    pub(crate) async fn rollback(mut self, file_systems: FileSystems) -> Undone {
        let undone = match (&self.ledger, self.on_drop) {
            (None, _) => Undone::default(),
            (Some(ledger), OnDrop::UndoAll) => ledger.end(file_systems).await,
            (Some(ledger), OnDrop::UndoUnfinished | OnDrop::Keep | OnDrop::Leave) => {
                let undone = ledger.undo(ledger.savepoint().await, file_systems).await;
                let _ = ledger.release().await;
                undone
            }
        };
        self.ledger = None;
        undone
    }
}

impl Drop for RollbackGuard {
    fn drop(&mut self) {
        if let Some(ledger) = self.ledger.take() {
            self.cleanup.hand_over(ledger, self.on_drop);
        }
    }
}
