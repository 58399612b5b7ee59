//! The removal of a deployment: `destroy` for one that is in use, `rollback` for one that was never finished.

use super::Session;
use crate::error::Error;
use crate::ledger::on_drop::OnDrop;
use crate::ledger::rollback_guard::RollbackGuard;
use crate::ledger::undone::{FileSystems, Undone};
use crate::progress::step::Step;
use crate::spec::StackName;

impl Session {
    /// Removes everything that the deployment has created. Adopted resources stay.
    ///
    /// If a part of a stack in use is protected (a load balancer against its deletion, an instance against its
    /// termination), nothing is removed: everything is listed in [`Undone::left`], and the stack goes on. The command of
    /// a protected resource lifts its protection; this crate never does. Of a stack that is not in use, everything is
    /// removed except what is protected, what that holds, and the data: file systems and instances.
    ///
    /// # Errors
    /// Returns an error if there is no such stack, another process works on it, or its journal cannot be read; then
    /// nothing was removed. A resource that could not be removed is no error but is listed in [`Undone::left`], which
    /// [`Undone::into_result`] makes an error; destroying again continues from there.
    pub async fn destroy(
        &self,
        stack: &StackName,
        file_systems: FileSystems,
    ) -> Result<Undone, Error> {
        let guard = self.acquire_for_removal(stack).await?;
        guard.ledger().account.progress.step(Step::Destroying {
            stack: stack.clone(),
        });
        Ok(guard.end(file_systems).await)
    }

    /// Removes everything that a deployment has created, if the deployment was never committed.
    ///
    /// # Errors
    /// Returns the errors of [`Session::destroy`], and [`Error::Committed`] if the deployment is in use.
    pub async fn rollback(&self, stack: &StackName) -> Result<Undone, Error> {
        let guard = self.acquire_for_removal(stack).await?;
        let state = guard.ledger().state();
        if state.committed.is_some() && !state.is_tearing_down {
            guard.release().await?;
            return Err(Error::Committed {
                stack: stack.clone(),
            });
        }
        guard.ledger().account.progress.step(Step::RollingBack {
            stack: stack.clone(),
        });
        Ok(guard.end(FileSystems::Delete).await)
    }

    async fn acquire_for_removal(&self, stack: &StackName) -> Result<RollbackGuard, Error> {
        let (session, name) = (self.clone(), stack.clone());
        let acquiring = async move {
            let ledger = session.acquire(&name).await?;
            Ok(session.cleanup().guard(ledger, OnDrop::Keep))
        };
        self.cleanup().finish(stack, acquiring).await
    }
}
