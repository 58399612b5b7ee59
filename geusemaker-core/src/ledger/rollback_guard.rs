//! The guard of a deployment that is not finished: dropping the guard undoes the deployment.

use std::sync::Arc;

use super::Ledger;
use super::cleanup::Cleanup;
use super::on_drop::OnDrop;
use super::undone::{FileSystems, Undone};
use crate::journal::JournalError;

/// The owner of everything that a deployment has created so far, until it is released.
///
/// Dropping the guard hands the work to the session, whose `close` waits for it. If the process ends first, the journal
/// still has everything.
#[derive(Debug)]
pub struct RollbackGuard {
    ledger: Arc<Ledger>,
    /// Taken once there is nothing left to do when the guard is dropped.
    on_drop: Option<OnDrop>,
    cleanup: Cleanup,
}

impl RollbackGuard {
    /// Creates a guard that owns what the ledger holds.
    pub(crate) fn of(ledger: Arc<Ledger>, on_drop: OnDrop, cleanup: Cleanup) -> Self {
        Self {
            ledger,
            on_drop: Some(on_drop),
            cleanup,
        }
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Makes the guard leave everything as it is when it is dropped.
    pub(crate) fn leave_on_drop(&mut self) {
        self.on_drop = Some(OnDrop::Leave);
    }

    /// Keeps everything, and lets other processes work on the stack.
    pub(crate) async fn release(mut self) -> Result<(), JournalError> {
        // The guard stays armed until the end: dropped half way, the session does the rest.
        self.on_drop = Some(OnDrop::Keep);
        let released = self.ledger.release().await;
        self.on_drop = None;
        released
    }

    /// Removes everything, and returns the result. Dropped half way, the guard releases the claim, and the next removal
    /// continues from there.
    pub(crate) async fn end(mut self, file_systems: FileSystems) -> Undone {
        self.on_drop = Some(OnDrop::Keep);
        let undone = self.ledger.end(file_systems).await;
        self.on_drop = None;
        undone
    }

    /// Undoes what is not in use, and returns the result.
    pub(crate) async fn rollback(mut self, file_systems: FileSystems) -> Undone {
        let ledger = &self.ledger;
        let undone = match self.on_drop {
            Some(OnDrop::UndoAll) => ledger.end(file_systems).await,
            Some(OnDrop::UndoUnfinished | OnDrop::Keep | OnDrop::Leave) | None => {
                let undone = ledger.undo(ledger.savepoint().await, file_systems).await;
                let _ = ledger.release().await;
                undone
            }
        };
        self.on_drop = None;
        undone
    }
}

impl Drop for RollbackGuard {
    fn drop(&mut self) {
        if let Some(on_drop) = self.on_drop {
            self.cleanup.hand_over(Arc::clone(&self.ledger), on_drop);
        }
    }
}
