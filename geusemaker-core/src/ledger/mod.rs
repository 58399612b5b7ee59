//! The ledger: the record of everything that exists, so that no resource is ever lost.
//!
//! Every change to AWS goes through [`Ledger::create`], [`Ledger::apply`] or the teardown. What makes or deletes a
//! resource writes to the journal what it is about to do before it does it. A process may end at any moment: the journal
//! then knows every resource that exists, and every one that may exist with the way to look it up.

mod apply;
pub(crate) mod cleanup;
mod create;
mod deletion;
mod hold;
mod kept_back;
pub(crate) mod on_drop;
mod protections;
pub(crate) mod rollback_guard;
pub(crate) mod target;
pub(crate) mod teardown;
#[cfg(test)]
mod tests;
mod undo;
pub(crate) mod undone;
pub(crate) mod unfinished;
pub(crate) mod unstarted;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::account::Account;
use crate::error::Error;
use crate::id::{DeploymentId, ResourceId};
use crate::journal::claim::{Holder, LEASE};
use crate::journal::event::JournalEvent;
use crate::journal::state::{Claim, Entry, Header, JournalState, Savepoint};
use crate::journal::{Journal, JournalError};
use crate::plan::Plan;
use crate::plan::reached::Reached;
use crate::resource::kinds::AnyLookup;
use crate::resource::tags::Owner;
use crate::resource_key::ResourceKey;
use crate::resource_ref::ResourceRef;
use crate::spec::{StackName, Tier};
use crate::{mutex, task};

/// The journal of one deployment, with the account and the plan that it works with.
pub(crate) struct Ledger {
    pub(crate) owner: Owner,
    pub(crate) plan: Plan,
    pub(crate) account: Account,
    /// Locked only in tasks of their own: a caller that waits for the lock and is not polled would block everybody.
    journal: Arc<Mutex<Journal>>,
    /// The state after the last record that was written.
    state: Arc<mutex::Mutex<Arc<JournalState>>>,
    /// The ids that AWS has answered for names that may be another owner's. They are not in the journal, which has the
    /// names.
    answered: mutex::Mutex<BTreeMap<ResourceKey, String>>,
    /// Held by the undo that is under way, in a task of its own.
    undo: Mutex<()>,
    /// Cancelled once the session is closed: from then on, only the session may change anything.
    closed: CancellationToken,
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
            return Err(exists(&journal, stack, account.clock.now()));
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
        let account = account.of_deployment(plan.spec.name(), &deployment);
        let ledger = Arc::new(Self {
            owner: Owner {
                stack: plan.spec.name().clone(),
                deployment,
            },
            plan,
            account,
            state: Arc::new(mutex::Mutex::new(Arc::clone(&journal.state))),
            journal: Arc::new(Mutex::new(journal)),
            answered: mutex::Mutex::default(),
            undo: Mutex::default(),
            closed: CancellationToken::new(),
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
        let state = Arc::clone(&self.state);
        let clock = self.account.clock.clone();
        let write = self.running.spawn(async move {
            let mut journal = journal.lock().await;
            let written = journal.append(clock.now(), event).await;
            *state.lock() = Arc::clone(&journal.state);
            written
        });
        task::join(write).await.unwrap_or_else(|| {
            Err(JournalError::Stopped {
                stack: self.owner.stack.clone(),
            })
        })
    }

    /// Leaves all changes to the session: the deployment can make nothing more.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Returns an error if the session was closed.
    pub(crate) fn ensure_open(&self) -> Result<(), Error> {
        if self.is_closed() {
            return Err(self.session_closed());
        }
        Ok(())
    }

    /// Does the work of a transition, which ends at once when the session is closed. The work is boxed: its futures are
    /// large, and callers keep those of several transitions on their stack.
    pub(crate) async fn unless_closed<T>(
        &self,
        work: Pin<Box<impl Future<Output = Result<T, Error>>>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            () = self.closed.cancelled() => Err(self.session_closed()),
            done = work => done,
        }
    }

    fn session_closed(&self) -> Error {
        Error::SessionClosed {
            stack: self.owner.stack.clone(),
        }
    }

    /// Records that a transition is complete.
    pub(crate) async fn reach(&self, state: Reached) -> Result<(), Error> {
        self.ensure_open()?;
        let state = Box::new(state);
        Ok(self.append(JournalEvent::Reached { state }).await?)
    }

    /// Records that the deployment is in use.
    pub(crate) async fn commit(&self, tier: Tier) -> Result<(), Error> {
        self.ensure_open()?;
        Ok(self.append(JournalEvent::Committed { tier }).await?)
    }

    /// Records a resource of another owner as adopted. Recording it again changes nothing.
    pub(crate) async fn adopt(
        &self,
        key: ResourceKey,
        lookup: AnyLookup,
        id: &str,
    ) -> Result<(), Error> {
        self.ensure_open()?;
        if self.entry(&key).is_some() {
            return Ok(());
        }
        let id = id.to_owned();
        let event = JournalEvent::Adopted { key, lookup, id };
        Ok(self.append(event).await?)
    }

    pub(crate) fn state(&self) -> Arc<JournalState> {
        Arc::clone(&self.state.lock())
    }

    pub(crate) fn entry(&self, key: &ResourceKey) -> Option<Entry> {
        self.state().entry(key).cloned()
    }

    /// Returns the resource with this id in AWS, as the journal names it.
    pub(crate) fn resource(&self, id: impl AsRef<str>) -> Option<ResourceRef> {
        let entries = self.state().entries();
        let entry = entries
            .iter()
            .find(|entry| entry.id() == Some(id.as_ref()))?;
        Some(ResourceRef {
            key: entry.key.clone(),
            kind: entry.lookup.kind(),
            id: ResourceId::from_aws(entry.id()?),
        })
    }

    /// Returns the savepoint to which a transition can be undone.
    pub(crate) fn savepoint(&self) -> Savepoint {
        self.state().savepoint()
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
    let held = journal.state.claim_at(now);
    if let Some(claim) = held.filter(|claim| claim.holder != *holder) {
        return Err(locked(claim, stack));
    }
    let event = JournalEvent::Claimed {
        holder: holder.clone(),
        until: now + LEASE,
    };
    Ok(journal.append(now, event).await?)
}

/// Returns the error for a stack that another process works on.
pub(crate) fn locked(claim: &Claim, stack: &StackName) -> Error {
    Error::Locked {
        stack: stack.clone(),
        holder: Box::new(claim.holder.clone()),
        since: claim.since,
    }
}

/// Returns the error for a new deployment of a stack that exists already: somebody else may just be deploying it.
pub(crate) fn exists(journal: &Journal, stack: &StackName, now: Timestamp) -> Error {
    let held = journal.state.claim_at(now);
    match held.filter(|claim| !claim.holder.is_this_process()) {
        Some(claim) => locked(claim, stack),
        None => Error::Exists {
            stack: stack.clone(),
        },
    }
}
