//! A deployment that is planned and has no journal yet.

use std::sync::Arc;

use object_store::ObjectStore;

use super::cleanup::Cleanup;
use super::on_drop::OnDrop;
use super::rollback_guard::RollbackGuard;
use super::{Ledger, exists};
use crate::account::Account;
use crate::error::Error;
use crate::journal::claim::Holder;
use crate::journal::{Journal, JournalError};
use crate::plan::Plan;

/// Everything that a deployment needs to begin its journal.
#[derive(Clone, Debug)]
pub struct Unstarted {
    store: Arc<dyn ObjectStore>,
    account: Account,
    cleanup: Cleanup,
}

impl Unstarted {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, account: Account, cleanup: Cleanup) -> Self {
        Self {
            store,
            account,
            cleanup,
        }
    }

    /// Begins the journal of the deployment, which is guarded from its first record on.
    pub(crate) async fn begin(&self, plan: &Plan) -> Result<RollbackGuard, Error> {
        let stack = plan.spec.name();
        let plan = plan.clone();
        let Self {
            store,
            account,
            cleanup,
        } = self.clone();
        let beginning = async move {
            let stack = plan.spec.name();
            let journal = Journal::open(Arc::clone(&store), stack).await?;
            let now = account.clock.now();
            let begun = Ledger::begin(journal, account, &Holder::this_process(), &plan).await;
            let ledger = match begun {
                // Another process was quicker by a moment, and the journal now names it.
                Err(Error::Journal(JournalError::TakenOver { .. })) => {
                    let journal = Journal::open(store, stack).await?;
                    return Err(exists(&journal, stack, now));
                }
                begun => begun?,
            };
            Ok(cleanup.guard(ledger, OnDrop::UndoAll))
        };
        self.cleanup.finish(stack, beginning).await
    }
}
