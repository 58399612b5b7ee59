//! The task that undoes the deployments that nobody works on any more: dropped ones, and those that are left when the
//! session is closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::Ledger;
use super::hold::Hold;
use super::on_drop::OnDrop;
use super::rollback_guard::RollbackGuard;
use super::undone::{FileSystems, Undone};
use super::unfinished::{Closed, UnfinishedDeployment};
use crate::error::Error;
use crate::progress::step::Step;
use crate::spec::StackName;
use crate::{mutex, task};

/// The clean-up task, until it is stopped.
#[derive(Debug)]
pub(crate) struct Cleaner {
    handle: Cleanup,
    /// The result of the task, once it has stopped. Any number of callers can wait for it, and stop waiting.
    closed: watch::Receiver<Option<Closed>>,
    /// Taken by whoever finds that the task has ended without a result.
    task: mutex::Mutex<Option<JoinHandle<()>>>,
}

impl Cleaner {
    /// Starts the task on the current runtime.
    pub(crate) fn start() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (result, closed) = watch::channel(None);
        let task = async move {
            let closed = clean(receiver).await;
            result.send_replace(Some(closed));
        };
        Self {
            handle: Cleanup {
                tasks: sender,
                keeps: Arc::default(),
                held: Arc::default(),
                begun: TaskTracker::new(),
            },
            closed,
            task: mutex::Mutex::new(Some(tokio::spawn(task))),
        }
    }

    pub(crate) fn handle(&self) -> Cleanup {
        self.handle.clone()
    }

    /// Drains the task: waits until everything handed over so far is done. Until then the task holds the claims of its
    /// stacks.
    pub(crate) async fn drain(&self) {
        let (sender, receiver) = oneshot::channel();
        let _ = self.handle.tasks.send(Task::Report(sender));
        // A task that was stopped has nothing left to do.
        let _ = receiver.await;
    }

    /// Ends all deployments of the session: those that were dropped, and those that something still holds. Returns what
    /// became of them.
    pub(crate) async fn stop(&self) -> Closed {
        let Cleanup { held, begun, .. } = &self.handle;
        held.lock().is_closed = true;
        begun.close();
        begun.wait().await;
        let holds = std::mem::take(&mut held.lock().holds);
        for hold in holds.iter().filter_map(Weak::upgrade) {
            if let Some(on_drop) = hold.take() {
                hold.ledger.close();
                self.handle.hand_over(&hold, on_drop, true);
            }
        }
        let _ = self.handle.tasks.send(Task::Stop);
        let mut result = self.closed.clone();
        if let Ok(closed) = result.wait_for(Option::is_some).await {
            return closed.clone().unwrap_or_default();
        }
        let ended = self.task.lock().take();
        if let Some(task) = ended {
            // The journal has what was not undone. Without its panic, everything would seem to have gone well.
            task::join(task).await;
        }
        Closed::default()
    }
}

/// A handle of the session's clean-up task.
#[derive(Clone, Debug)]
pub(crate) struct Cleanup {
    tasks: mpsc::UnboundedSender<Task>,
    /// True if dropped deployments stay as they are from now on.
    keeps: Arc<AtomicBool>,
    held: Arc<mutex::Mutex<Held>>,
    /// The work that is begun and may have to be undone, and the calls of removals without a journal.
    begun: TaskTracker,
}

/// The deployments of a session that something holds.
#[derive(Debug, Default)]
struct Held {
    /// True once the session is closed: no work may begin any more.
    is_closed: bool,
    holds: Vec<Weak<Hold>>,
}

impl Held {
    fn ensure_open(&self, stack: &StackName) -> Result<(), Error> {
        if self.is_closed {
            return Err(Error::SessionClosed {
                stack: stack.clone(),
            });
        }
        Ok(())
    }
}

#[derive(Debug)]
enum Task {
    HandOver(HandedOver),
    /// Remembers what a removal could not delete.
    Remember(Arc<Ledger>, Undone),
    /// Reports that everything before it is done.
    Report(oneshot::Sender<()>),
    Stop,
}

/// A deployment that nobody works on any more.
#[derive(Debug)]
struct HandedOver {
    ledger: Arc<Ledger>,
    on_drop: OnDrop,
    was_held: bool,
}

impl Cleanup {
    /// Finishes work that is begun, even if the caller does not wait for it any more. A result that the caller does not
    /// take is dropped before the task is stopped.
    ///
    /// # Errors
    /// Returns an error if the session is closed, or the runtime stops first.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        stack: &StackName,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        {
            let held = self.held.lock();
            held.ensure_open(stack)?;
            // Begun under the lock, so that a session that is being closed waits for it.
            self.begun
                .spawn(async move { drop(sender.send(work.await)) });
        }
        let stack = stack.clone();
        receiver.await.unwrap_or(Err(Error::Stopped { stack }))
    }

    /// Returns an error if the session is closed.
    pub(crate) fn ensure_open(&self, stack: &StackName) -> Result<(), Error> {
        self.held.lock().ensure_open(stack)
    }

    /// Returns the work that is waited for before the task is stopped.
    pub(crate) fn begun(&self) -> TaskTracker {
        self.begun.clone()
    }

    /// Makes dropped deployments stay as they are from now on.
    pub(crate) fn keep_dropped(&self) {
        self.keeps.store(true, Ordering::Relaxed);
    }

    /// Creates the guard of a deployment, which the session ends if nothing else has ended it before.
    pub(crate) fn guard(&self, ledger: Arc<Ledger>, on_drop: OnDrop) -> RollbackGuard {
        let hold = Arc::new(Hold::new(ledger, on_drop));
        let mut held = self.held.lock();
        held.holds.retain(|hold| hold.strong_count() > 0);
        held.holds.push(Arc::downgrade(&hold));
        RollbackGuard::new(hold, self.clone())
    }

    /// Hands over a deployment whose guard is dropped, unless it has ended.
    pub(super) fn let_go(&self, hold: &Hold) {
        if let Some(on_drop) = hold.take() {
            self.hand_over(hold, on_drop, false);
        }
    }

    /// Remembers what a removal could not delete, so that the session lists it again when it is closed.
    pub(super) fn remember(&self, ledger: &Arc<Ledger>, undone: &Undone) {
        if !undone.is_complete() {
            let task = Task::Remember(Arc::clone(ledger), undone.clone());
            let _ = self.tasks.send(task);
        }
    }

    fn hand_over(&self, hold: &Hold, on_drop: OnDrop, was_held: bool) {
        let on_drop = if self.keeps.load(Ordering::Relaxed) {
            OnDrop::Keep
        } else {
            on_drop
        };
        // A closed session has no task any more; the journal keeps what there is, and the claim expires.
        let _ = self.tasks.send(Task::HandOver(HandedOver {
            ledger: Arc::clone(&hold.ledger),
            on_drop,
            was_held,
        }));
    }
}

/// Handles what is handed over, one after another, until the session is closed.
async fn clean(mut tasks: mpsc::UnboundedReceiver<Task>) -> Closed {
    let mut ended = Vec::new();
    while let Some(task) = tasks.recv().await {
        match task {
            Task::HandOver(handed_over) => ended.extend(handed_over.end().await),
            Task::Remember(ledger, undone) => {
                let unfinished = UnfinishedDeployment::of(&ledger, false, undone);
                ended.push((ledger, unfinished));
            }
            // The receiver may be gone.
            Task::Report(done) => drop(done.send(())),
            Task::Stop => break,
        }
    }
    let mut closed = Closed::default();
    for (ledger, mut unfinished) in ended {
        let had_rest = unfinished.has_rest();
        ledger.strike_off(&mut unfinished.undone).await;
        // Kept or left first, and resumed or removed later: then the deployment is finished after all.
        let is_finished = had_rest && unfinished.undone.is_empty();
        if !is_finished {
            closed.unfinished.push(unfinished);
        }
    }
    closed
}

impl HandedOver {
    /// Ends the deployment. Returns `None` if it was committed or removed after all.
    async fn end(self) -> Option<(Arc<Ledger>, UnfinishedDeployment)> {
        let Self {
            ledger,
            on_drop,
            was_held,
        } = self;
        let undone = match on_drop {
            OnDrop::UndoAll => {
                let stack = ledger.owner.stack.clone();
                ledger.account.progress.step(Step::RollingBack { stack });
                // The user was not asked about the data, but it is only minutes old.
                ledger.end(FileSystems::Delete).await
            }
            OnDrop::UndoSince(_) => {
                let from = on_drop.savepoint(&ledger);
                let undone = ledger.undo_since(from, FileSystems::Delete).await;
                if undone.is_empty() && !was_held {
                    return None;
                }
                undone
            }
            OnDrop::Leave => ledger.leave_for_a_sign_in().await,
            OnDrop::Keep => {
                // The calls under way are finished and recorded before another process may work on the stack.
                let kept = ledger.kept().await;
                let _ = ledger.release().await;
                kept.filter(|kept| !kept.is_empty())?
            }
        };
        let unfinished = UnfinishedDeployment::of(&ledger, was_held, undone);
        Some((ledger, unfinished))
    }
}
