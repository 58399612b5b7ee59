//! The task that undoes dropped deployments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::Ledger;
use super::on_drop::OnDrop;
use super::undone::{FileSystems, Undone};
use crate::task;

/// The clean-up task, until it is stopped.
#[derive(Debug)]
pub(crate) struct Cleaner {
    handle: Cleanup,
    task: Mutex<Option<JoinHandle<Vec<Undone>>>>,
}

impl Cleaner {
    /// Starts the task on the current runtime.
    pub(crate) fn start() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            handle: Cleanup {
                tasks: sender,
                keeps: Arc::default(),
                begun: TaskTracker::new(),
            },
            task: Mutex::new(Some(tokio::spawn(clean(receiver)))),
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

    /// Waits until everything that was handed over is undone, and returns the results.
    pub(crate) async fn stop(&self) -> Vec<Undone> {
        self.handle.begun.close();
        self.handle.begun.wait().await;
        let _ = self.handle.tasks.send(Task::Stop);
        match self.task.lock().await.take() {
            // The journal has what was not undone. Without its panic, everything would seem to have gone well.
            Some(task) => task::join(task).await.unwrap_or_default(),
            None => Vec::new(),
        }
    }
}

/// A handle of the session's clean-up task.
#[derive(Clone, Debug)]
pub(crate) struct Cleanup {
    tasks: mpsc::UnboundedSender<Task>,
    /// True if dropped deployments stay as they are from now on.
    keeps: Arc<AtomicBool>,
    /// The work that is begun and may have to be undone, and the calls of removals without a journal.
    begun: TaskTracker,
}

enum Task {
    HandOver(Arc<Ledger>, OnDrop),
    /// Reports that everything before it is done.
    Report(oneshot::Sender<()>),
    Stop,
}

impl Cleanup {
    /// Finishes work that is begun, even if the caller does not wait for it any more. Returns `None` if the runtime
    /// stops first. A result that the caller does not take is dropped before the task is stopped.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        beginning: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.begun
            .spawn(async move { drop(sender.send(beginning.await)) });
        receiver.await.ok()
    }

    /// Returns the work that is waited for before the task is stopped.
    pub(crate) fn begun(&self) -> TaskTracker {
        self.begun.clone()
    }

    /// Makes dropped deployments stay as they are from now on.
    pub(crate) fn keep_dropped(&self) {
        self.keeps.store(true, Ordering::Relaxed);
    }

    /// Hands over a deployment whose guard was dropped.
    pub(crate) fn hand_over(&self, ledger: Arc<Ledger>, on_drop: OnDrop) {
        let on_drop = if self.keeps.load(Ordering::Relaxed) {
            OnDrop::Keep
        } else {
            on_drop
        };
        // A closed session has no task any more; the journal keeps what there is, and the claim expires.
        let _ = self.tasks.send(Task::HandOver(ledger, on_drop));
    }
}

/// Handles what is handed over, one after another, until the session is closed.
async fn clean(mut tasks: mpsc::UnboundedReceiver<Task>) -> Vec<Undone> {
    let mut done = Vec::new();
    while let Some(task) = tasks.recv().await {
        let (ledger, on_drop) = match task {
            Task::HandOver(ledger, on_drop) => (ledger, on_drop),
            Task::Report(done) => {
                // The receiver may be gone.
                let _ = done.send(());
                continue;
            }
            Task::Stop => break,
        };
        let undone = match on_drop {
            OnDrop::UndoAll => {
                ledger.account.progress.step("Rolling back...");
                // The user was not asked about the data, but it is only minutes old.
                ledger.end(FileSystems::Delete).await
            }
            OnDrop::UndoUnfinished => {
                let undone = ledger
                    .undo(ledger.savepoint().await, FileSystems::Delete)
                    .await;
                // A claim that cannot be released expires by itself.
                let _ = ledger.release().await;
                undone
            }
            OnDrop::Leave => ledger.leave_for_a_sign_in().await,
            OnDrop::Keep => {
                // The calls under way are finished and recorded before another process may work on the stack.
                ledger.drain().await;
                let _ = ledger.release().await;
                continue;
            }
        };
        done.push(undone);
    }
    done
}
