//! The guard of a deployment that is not finished: dropping the guard undoes the deployment.

use std::sync::Arc;

use super::Ledger;
use super::cleanup::Cleanup;
use super::hold::Hold;
use super::on_drop::OnDrop;
use super::undone::{FileSystems, Undone};
use crate::error::Error;
use crate::journal::state::Savepoint;

const SESSION_CLOSED: &str = "its session was closed: the result of close() says what became of it";

/// The owner of everything that a deployment has created so far, until it is released.
///
/// Dropping the guard hands the work to the session, whose `close` waits for it. A guard that still exists when the
/// session is closed can change nothing more. If the process ends first, the journal still has everything.
#[derive(Debug)]
pub struct RollbackGuard {
    hold: Arc<Hold>,
    cleanup: Cleanup,
}

impl RollbackGuard {
    pub(super) fn new(hold: Arc<Hold>, cleanup: Cleanup) -> Self {
        Self { hold, cleanup }
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.hold.ledger
    }

    /// Makes the guard leave everything as it is when it is dropped, and list it as left over.
    pub(crate) fn leave_on_drop(&self) {
        // A closed session has decided already.
        let _ = self.hold.change(OnDrop::Leave);
    }

    /// Makes the guard keep everything when it is dropped, until it is armed.
    pub(crate) fn keep_on_drop(&self) {
        // A closed session has decided already.
        let _ = self.hold.change(OnDrop::Keep);
    }

    /// Makes the guard do again what it usually does when it is dropped: another attempt begins.
    ///
    /// # Errors
    /// Returns an error if the session was closed.
    pub(crate) fn rearm(&self) -> Result<(), Error> {
        self.hold.change(self.hold.usual)
    }

    /// Keeps everything, and lets other processes work on the stack.
    pub(crate) async fn release(self) -> Result<(), Error> {
        // The guard stays armed until the end: dropped half way, the session does the rest.
        self.hold.change(OnDrop::Keep)?;
        let released = self.ledger().release().await;
        self.hold.take();
        Ok(released?)
    }

    /// Removes everything, and returns the result. Dropped half way, the guard releases the claim, and the next removal
    /// continues from there.
    pub(crate) async fn end(self, file_systems: FileSystems) -> Undone {
        if self.hold.change(OnDrop::Keep).is_err() {
            return self.listed().await;
        }
        let undone = self.ledger().end(file_systems).await;
        self.hold.take();
        self.cleanup.remember(self.ledger(), &undone);
        undone
    }

    /// Undoes what is not in use, and returns the result.
    pub(crate) async fn rollback(self, file_systems: FileSystems) -> Undone {
        if self.hold.change(self.hold.usual).is_err() {
            return self.listed().await;
        }
        let ledger = self.ledger();
        let undone = match self.hold.usual {
            OnDrop::UndoAll => ledger.end(file_systems).await,
            OnDrop::UndoSince(_) | OnDrop::Keep | OnDrop::Leave => {
                let from = self.hold.usual.savepoint(ledger);
                ledger.undo_since(from, file_systems).await
            }
        };
        self.hold.take();
        self.cleanup.remember(ledger, &undone);
        undone
    }

    /// Lists what exists after the session was closed.
    async fn listed(&self) -> Undone {
        self.ledger()
            .leave(Savepoint::default(), SESSION_CLOSED)
            .await
    }
}

impl Drop for RollbackGuard {
    fn drop(&mut self) {
        self.cleanup.let_go(&self.hold);
    }
}
