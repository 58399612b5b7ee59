//! The hold that a deployment has on its ledger, until the deployment ends or its session is closed.

use std::sync::Arc;

use super::Ledger;
use super::on_drop::OnDrop;
use crate::error::Error;
use crate::mutex::Mutex;

/// A deployment's hold on its ledger. The deployment's guard and its session share it: whichever lets go first decides
/// what happens to the resources.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(super) ledger: Arc<Ledger>,
    /// The action for the resources if nothing else is said: the one that the deployment was opened with.
    pub(super) usual: OnDrop,
    /// Taken once there is nothing left to do when the guard is dropped.
    on_drop: Mutex<Option<OnDrop>>,
}

impl Hold {
    pub(super) fn new(ledger: Arc<Ledger>, on_drop: OnDrop) -> Self {
        Self {
            ledger,
            usual: on_drop,
            on_drop: Mutex::new(Some(on_drop)),
        }
    }

    /// Changes the action for the resources.
    ///
    /// # Errors
    /// Returns an error if the session was closed: the resources are in the session's hands.
    pub(super) fn change(&self, on_drop: OnDrop) -> Result<(), Error> {
        match &mut *self.on_drop.lock() {
            Some(current) => {
                *current = on_drop;
                Ok(())
            }
            None => Err(self.ledger.session_closed()),
        }
    }

    /// Takes the action: the caller carries it out, or nothing is left to do.
    pub(super) fn take(&self) -> Option<OnDrop> {
        self.on_drop.lock().take()
    }
}
