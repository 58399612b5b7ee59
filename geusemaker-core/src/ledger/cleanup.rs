//! The task that undoes what was dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::Ledger;
use super::rollback_guard::OnDrop;
use super::undo::{FileSystems, Undone};

/// The task, until it is stopped.
#[derive(Debug)]
pub(crate) struct Cleaner {
    handle: Cleanup,
    task: Mutex<Option<JoinHandle<Vec<Undone>>>>,
    /// What is begun and may have to be undone, and the calls of removals that have no journal.
    begun: TaskTracker,
}

impl Cleaner {
    /// Starts the task on the current runtime.
    pub(crate) fn start() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            handle: Cleanup {
                tasks: sender,
                keeps: Arc::default(),
            },
            task: Mutex::new(Some(tokio::spawn(clean(receiver)))),
            begun: TaskTracker::new(),
        }
    }

    /// Finishes what is begun, whether or not anybody still waits for it; nothing if the runtime stops first. What
    /// nobody takes is dropped before the task is stopped.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        beginning: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.begun
            .spawn(async move { drop(sender.send(beginning.await)) });
        receiver.await.ok()
    }

    /// What is waited for before the task is stopped.
    pub(crate) fn begun(&self) -> TaskTracker {
        self.begun.clone()
    }

    pub(crate) fn handle(&self) -> Cleanup {
        self.handle.clone()
    }

    /// Waits until what was handed over so far is done: until then it holds the claims of its stacks.
    pub(crate) async fn settle(&self) {
        let (sender, receiver) = oneshot::channel();
        let _ = self.handle.tasks.send(Task::Report(sender));
        // A task that was stopped has nothing left to do.
        let _ = receiver.await;
    }

    /// Waits until everything that was handed over is undone, and says what became of it.
    pub(crate) async fn stop(&self) -> Vec<Undone> {
        self.begun.close();
        self.begun.wait().await;
        let _ = self.handle.tasks.send(Task::Stop);
        match self.task.lock().await.take() {
            Some(task) => match task.await {
                Ok(done) => done,
                // What it had not undone is in the journal; to say nothing of it would be to say that all went well.
                Err(stopped) if stopped.is_panic() => {
                    std::panic::resume_unwind(stopped.into_panic())
                }
                Err(_) => Vec::new(),
            },
            None => Vec::new(),
        }
    }
}

/// The way to the session's clean-up task.
#[derive(Clone, Debug)]
pub(crate) struct Cleanup {
    tasks: mpsc::UnboundedSender<Task>,
    /// Whether what is dropped from now on stays as it is.
    keeps: Arc<AtomicBool>,
}

enum Task {
    HandOver(Arc<Ledger>, OnDrop),
    /// Somebody wants to know when all before it is done.
    Report(oneshot::Sender<()>),
    Stop,
}

impl Cleanup {
    /// From now on what is dropped stays as it is.
    pub(crate) fn keep_dropped(&self) {
        self.keeps.store(true, Ordering::Relaxed);
    }

    /// Has done what is to be done about a deployment that nobody holds any more.
    pub(crate) fn hand_over(&self, ledger: Arc<Ledger>, on_drop: OnDrop) {
        let on_drop = if self.keeps.load(Ordering::Relaxed) {
            OnDrop::Keep
        } else {
            on_drop
        };
        // A session that is closed has no task any more; the journal keeps what there is, and the claim runs out.
        let _ = self.tasks.send(Task::HandOver(ledger, on_drop));
    }
}

/// Deals with what is handed over, one after another, until the session is closed.
async fn clean(mut tasks: mpsc::UnboundedReceiver<Task>) -> Vec<Undone> {
    let mut done = Vec::new();
    while let Some(task) = tasks.recv().await {
        let (ledger, on_drop) = match task {
            Task::HandOver(ledger, on_drop) => (ledger, on_drop),
            Task::Report(done) => {
                // Who asked may have gone away.
                let _ = done.send(());
                continue;
            }
            Task::Stop => break,
        };
        let undone = match on_drop {
            OnDrop::UndoAll => {
                ledger.account.progress.step("Rolling back...");
                // Nobody was asked about the data, but it is minutes old.
                ledger.end(FileSystems::Delete).await
            }
            OnDrop::UndoUnfinished => {
                let undone = ledger
                    .undo(ledger.savepoint().await, FileSystems::Delete)
                    .await;
                // A claim that cannot be given back runs out by itself.
                let _ = ledger.release().await;
                undone
            }
            OnDrop::Leave => ledger.leave_for_a_sign_in().await,
            OnDrop::Keep => {
                // The calls under way are finished and recorded before others may work on it.
                ledger.drain().await;
                let _ = ledger.release().await;
                continue;
            }
        };
        done.push(undone);
    }
    done
}
