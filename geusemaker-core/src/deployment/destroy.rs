//! The end of a deployment: destroyed when it is in use, rolled back when it was never finished.

use std::sync::Arc;

use crate::error::Error;
use crate::ledger::rollback_guard::{OnDrop, RollbackGuard};
use crate::ledger::undo::{FileSystems, Undone};
use crate::session::Session;
use crate::spec::StackName;

impl Session {
    /// Removes everything that the deployment has made. What was adopted stays.
    ///
    /// # Errors
    /// Nothing was removed: there is no such stack, somebody else works on it, or its journal cannot be read. What
    /// could not be removed is no error here but listed in [`Undone::left`]; destroying again goes on from there.
    pub async fn destroy(
        &self,
        stack: &StackName,
        file_systems: FileSystems,
    ) -> Result<Undone, Error> {
        let ledger = self.acquire(stack).await?;
        ledger
            .account
            .progress
            .step(format!("Destroying {stack}..."));
        let guard = RollbackGuard::of(ledger, OnDrop::Keep, self.cleanup());
        Ok(guard.end(file_systems).await)
    }

    /// Removes everything that a deployment has made which was never committed.
    ///
    /// # Errors
    /// As [`Session::destroy`], and [`Error::Committed`] if the deployment is in use.
    pub async fn rollback(&self, stack: &StackName) -> Result<Undone, Error> {
        let ledger = self.acquire(stack).await?;
        let guard = RollbackGuard::of(Arc::clone(&ledger), OnDrop::Keep, self.cleanup());
        let state = ledger.state().await;
        if state.committed.is_some() && !state.is_tearing_down {
            guard.release().await?;
            return Err(Error::Committed {
                stack: stack.to_string(),
            });
        }
        ledger
            .account
            .progress
            .step(format!("Rolling back {stack}..."));
        Ok(guard.end(FileSystems::Delete).await)
    }
}
