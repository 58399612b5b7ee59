//! The ledger: the record of everything that exists, so that no resource is ever lost.
//!
//! Every change to AWS goes through [`Ledger::create`] or the teardown. Both write to the journal what they are about
//! to do before they do it. A process may end at any moment: the journal then knows every resource that exists, and
//! every one that may exist with the way to look it up.

pub(crate) mod cleanup;
mod create;
pub(crate) mod on_drop;
pub(crate) mod rollback_guard;
pub(crate) mod target;
pub(crate) mod teardown;
#[cfg(test)]
mod tests;
mod undo;
pub(crate) mod undone;
pub(crate) mod unstarted;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::account::Account;
use crate::error::Error;
use crate::id::DeploymentId;
use crate::journal::claim::{Holder, LEASE};
use crate::journal::event::{JournalEvent, Key};
use crate::journal::state::{Entry, Header, JournalState, Savepoint};
use crate::journal::{Journal, JournalError};
use crate::plan::Plan;
use crate::plan::reached::Reached;
use crate::resource::kinds::AnyLookup;
use crate::resource::tags::Owner;
use crate::spec::StackName;
use crate::{mutex, task};

/// The journal of one deployment, with the account and the plan that it works with.
pub(crate) struct Ledger {
    pub(crate) owner: Owner,
    pub(crate) plan: Plan,
    pub(crate) account: Account,
    journal: Arc<Mutex<Journal>>,
    holder: Holder,
    /// The calls and the writes that are under way; an undo waits for them first.
    running: TaskTracker,
    renewal: mutex::Mutex<Option<AbortOnDropHandle<()>>>,
}

impl Ledger {
    /// Begins a deployment.
    pub(crate) async fn begin(
        mut journal: Journal,
        account: Account,
        holder: &Holder,
        plan: &Plan,
    ) -> Result<Arc<Self>, Error> {
        let stack = plan.spec.name();
        if !journal.state.is_gone() {
            return Err(Error::Exists {
                stack: stack.to_string(),
            });
        }
        take(&mut journal, stack, holder, account.clock.now()).await?;
        let deployment = DeploymentId::random();
        let event = JournalEvent::Planned {
            deployment: deployment.clone(),
            plan: Box::new(plan.clone()),
        };
        journal.append(account.clock.now(), event).await?;
        Ok(Self::at_work(
            journal,
            account,
            holder,
            deployment,
            plan.clone(),
        ))
    }

    /// Acquires a deployment that was begun earlier.
    pub(crate) async fn acquire(
        mut journal: Journal,
        header: Header,
        account: Account,
        holder: &Holder,
    ) -> Result<Arc<Self>, Error> {
        let Header { id, plan, .. } = header;
        take(&mut journal, plan.spec.name(), holder, account.clock.now()).await?;
        Ok(Self::at_work(journal, account, holder, id, plan))
    }

    fn at_work(
        journal: Journal,
        account: Account,
        holder: &Holder,
        deployment: DeploymentId,
        plan: Plan,
    ) -> Arc<Self> {
        let ledger = Arc::new(Self {
            owner: Owner {
                stack: plan.spec.name().clone(),
                deployment,
            },
            plan,
            account,
            journal: Arc::new(Mutex::new(journal)),
            holder: holder.clone(),
            running: TaskTracker::new(),
            renewal: mutex::Mutex::new(None),
        });
        ledger.keep_claim();
        ledger
    }

    /// Renews the claim as long as the ledger is in use.
    fn keep_claim(self: &Arc<Self>) {
        let ledger = Arc::downgrade(self);
        let clock = self.account.clock.of_this_machine();
        let renewal = tokio::spawn(async move {
            let mut pause = LEASE / 3;
            loop {
                clock.sleep(pause).await;
                let Some(ledger) = ledger.upgrade() else {
                    return;
                };
                pause = match ledger.claim().await {
                    Ok(()) => LEASE / 3,
                    // The next append fails too, and its error says why.
                    Err(JournalError::TakenOver { .. }) => return,
                    // The store may come back before the lease runs out.
                    Err(_) => LEASE / 30,
                };
            }
        });
        self.set_renewal(Some(AbortOnDropHandle::new(renewal)));
    }

    fn set_renewal(&self, renewal: Option<AbortOnDropHandle<()>>) {
        *self.renewal.lock() = renewal;
    }

    async fn claim(&self) -> Result<(), JournalError> {
        let holder = self.holder.clone();
        let until = self.account.clock.now() + LEASE;
        self.append(JournalEvent::Claimed { holder, until }).await
    }

    /// Releases the claim, so that other processes can work on the stack.
    pub(crate) async fn release(&self) -> Result<(), JournalError> {
        self.set_renewal(None);
        self.append(JournalEvent::Released).await
    }

    /// Writes an event to the journal.
    ///
    /// The write is a separate task: dropped half way, it would leave a record that this journal does not know.
    pub(crate) async fn append(&self, event: JournalEvent) -> Result<(), JournalError> {
        let journal = Arc::clone(&self.journal);
        let clock = self.account.clock.clone();
        let write = self.running.spawn(async move {
            let mut journal = journal.lock().await;
            journal.append(clock.now(), event).await
        });
        task::join(write).await.unwrap_or_else(|| {
            Err(JournalError::Stopped {
                stack: self.owner.stack.to_string(),
            })
        })
    }

    /// Records that a transition is complete.
    pub(crate) async fn reach(&self, state: Reached) -> Result<(), JournalError> {
        let state = Box::new(state);
        self.append(JournalEvent::Reached { state }).await
    }

    /// Records a resource of another owner as adopted. Recording it again changes nothing.
    pub(crate) async fn adopt(
        &self,
        key: Key,
        lookup: AnyLookup,
        id: &str,
    ) -> Result<(), JournalError> {
        if self.entry(&key).await.is_some() {
            return Ok(());
        }
        let id = id.to_owned();
        self.append(JournalEvent::Adopted { key, lookup, id }).await
    }

    pub(crate) async fn state(&self) -> JournalState {
        self.journal.lock().await.state.clone()
    }

    pub(crate) async fn entry(&self, key: &Key) -> Option<Entry> {
        self.journal.lock().await.state.entry(key).cloned()
    }

    /// Returns the savepoint to which a transition can be undone.
    pub(crate) async fn savepoint(&self) -> Savepoint {
        self.journal.lock().await.state.savepoint()
    }
}

/// Omits the journal, whose records fill pages.
impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// Claims a journal, unless another process that may still be alive holds the claim.
async fn take(
    journal: &mut Journal,
    stack: &StackName,
    holder: &Holder,
    now: Timestamp,
) -> Result<(), Error> {
    if let Some(claim) = &journal.state.claim {
        let is_held = claim.holder != *holder && claim.until > now && !claim.holder.is_dead();
        if is_held {
            return Err(Error::Locked {
                stack: stack.to_string(),
                holder: claim.holder.clone(),
                since: claim.since.to_string(),
            });
        }
    }
    let event = JournalEvent::Claimed {
        holder: holder.clone(),
        until: now + LEASE,
    };
    Ok(journal.append(now, event).await?)
}
