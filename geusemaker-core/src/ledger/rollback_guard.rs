//! The guard of a deployment that is not finished: to drop it is to undo.

use std::sync::Arc;

use super::Ledger;
use super::cleanup::Cleanup;
use super::journal::JournalError;
use super::undo::{FileSystems, Undone};

/// Owns what a deployment has made so far, until somebody says that it stays.
///
/// Dropping it hands what is to be done to the session, whose `close` waits for it. If the process ends first, the
/// journal still has everything.
#[derive(Debug)]
pub(crate) struct RollbackGuard {
    ledger: Option<Arc<Ledger>>,
    on_drop: OnDrop,
    cleanup: Cleanup,
}

/// What becomes of a deployment that nobody holds any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDrop {
    /// All of it goes.
    UndoAll,
    /// The state that was reached is in use; what was begun after it goes.
    UndoUnfinished,
    /// It stays as it is.
    Keep,
    /// The same, and is listed as left over: the credentials have run out.
    Leave,
}

impl RollbackGuard {
    /// A guard of nothing yet.
    pub(crate) fn empty(cleanup: Cleanup) -> Self {
        Self {
            ledger: None,
            on_drop: OnDrop::UndoAll,
            cleanup,
        }
    }

    /// A guard of what the ledger holds.
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

    /// From now on to drop it is to leave everything as it is.
    pub(crate) fn leave_on_drop(&mut self) {
        self.on_drop = OnDrop::Leave;
    }

    /// Lets everything stay, and others work on it.
    pub(crate) async fn release(mut self) -> Result<(), JournalError> {
        // The ledger leaves the guard only at the end: dropped half way, the session does the rest.
        self.on_drop = OnDrop::Keep;
        let released = match &self.ledger {
            Some(ledger) => ledger.release().await,
            None => Ok(()),
        };
        self.ledger = None;
        released
    }

    /// Removes everything, and says what became of it. Dropped half way, it gives back the claim, and the next removal
    /// goes on from there.
    pub(crate) async fn end(mut self, file_systems: FileSystems) -> Undone {
        self.on_drop = OnDrop::Keep;
        let undone = match &self.ledger {
            Some(ledger) => ledger.end(file_systems).await,
            None => Undone::default(),
        };
        self.ledger = None;
        undone
    }

    /// Undoes what is not in use, and says what became of it.
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
