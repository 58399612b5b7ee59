//! The guard of a deployment that is not finished: to drop it is to undo.

use std::sync::Arc;

use super::Ledger;
use super::undo::{FileSystems, Undone};
use super::cleanup::Cleanup;

/// Owns what a deployment has made so far, until somebody says that it stays.
///
/// Dropping it while it is armed hands the undo to the session, whose `close` waits for it; dropping it unarmed undoes
/// only what was begun after the last state, and gives back the claim. If the process ends first, the journal still has everything.
#[derive(Debug)]
pub(crate) struct RollbackGuard {
    ledger: Option<Arc<Ledger>>,
    is_armed: bool,
    cleanup: Cleanup,
}

impl RollbackGuard {
    /// A guard of nothing yet.
    pub(crate) fn empty(cleanup: Cleanup) -> Self {
        Self {
            ledger: None,
            is_armed: false,
            cleanup,
        }
    }

    /// A guard of what the ledger holds; one that is committed is not undone for a failure.
    pub(crate) fn of(ledger: Arc<Ledger>, is_armed: bool, cleanup: Cleanup) -> Self {
        Self {
            ledger: Some(ledger),
            is_armed,
            cleanup,
        }
    }

    pub(crate) fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// Lets everything stay.
    pub(crate) fn disarm(mut self) -> Option<Arc<Ledger>> {
        self.is_armed = false;
        self.ledger.take()
    }

    /// Undoes everything, and says what became of it.
    pub(crate) async fn rollback(self, file_systems: FileSystems) -> Undone {
        match self.disarm() {
            Some(ledger) => ledger.end(file_systems).await,
            None => Undone::default(),
        }
    }
}

impl Drop for RollbackGuard {
    fn drop(&mut self) {
        match self.ledger.take() {
            Some(ledger) if self.is_armed => self.cleanup.hand_over(ledger),
            Some(ledger) => self.cleanup.release(ledger),
            None => {}
        }
    }
}
