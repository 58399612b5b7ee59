//! The removal of a deployment: `destroy` for one that is in use, `rollback` for one that was never finished.

use std::sync::Arc;

use super::Session;
use crate::error::Error;
use crate::ledger::on_drop::OnDrop;
use crate::ledger::rollback_guard::RollbackGuard;
use crate::ledger::undone::{FileSystems, Undone};
use crate::spec::StackName;

impl Session {
    /// Removes everything that the deployment has created. Adopted resources stay.
    ///
    /// # Errors
    /// Returns an error if there is no such stack, another process works on it, or its journal cannot be read; then
    /// nothing was removed. A resource that could not be removed is no error but is listed in [`Undone::left`];
    /// destroying again continues from there.
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

    /// Removes everything that a deployment has created, if the deployment was never committed.
    ///
    /// # Errors
    /// Returns the errors of [`Session::destroy`], and [`Error::Committed`] if the deployment is in use.
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
