//! The task that undoes what was dropped.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::Ledger;
use super::undo::{FileSystems, Undone};

/// The task, until it is stopped.
#[derive(Debug)]
pub(crate) struct Cleaner {
    handle: Cleanup,
    task: Mutex<Option<JoinHandle<Vec<Undone>>>>,
    /// What is begun and may have to be undone.
    begun: TaskTracker,
}

impl Cleaner {
    /// Starts the task on the current runtime.
    pub(crate) fn start() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            handle: Cleanup(sender),
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
        self.begun.spawn(async move { drop(sender.send(beginning.await)) });
        receiver.await.ok()
    }

    pub(crate) fn handle(&self) -> Cleanup {
        self.handle.clone()
    }

    /// Waits until everything that was handed over is undone, and says what became of it.
    pub(crate) async fn stop(&self) -> Vec<Undone> {
        self.begun.close();
        self.begun.wait().await;
        let _ = self.handle.0.send(Task::Stop);
        match self.task.lock().await.take() {
            // A clean-up that panicked has left the rest to the journal.
            Some(task) => task.await.unwrap_or_default(),
            None => Vec::new(),
        }
    }
}

/// The way to the session's clean-up task.
#[derive(Clone, Debug)]
pub(crate) struct Cleanup(mpsc::UnboundedSender<Task>);

enum Task {
    Undo(Arc<Ledger>),
    Release(Arc<Ledger>),
    Stop,
}

impl Cleanup {
    /// Has a deployment undone that nobody holds any more.
    pub(crate) fn hand_over(&self, ledger: Arc<Ledger>) {
        // A session that is closed has no task any more; the journal keeps what there is.
        let _ = self.0.send(Task::Undo(ledger));
    }

    /// Lets others work on a deployment that is in use and that nobody holds any more.
    pub(crate) fn release(&self, ledger: Arc<Ledger>) {
        // Without a task the claim runs out by itself.
        let _ = self.0.send(Task::Release(ledger));
    }
}

/// Undoes what is handed over, one after another, until the session is closed.
async fn clean(mut tasks: mpsc::UnboundedReceiver<Task>) -> Vec<Undone> {
    let mut done = Vec::new();
    while let Some(task) = tasks.recv().await {
        match task {
            Task::Undo(ledger) => {
                ledger.account.progress.step("Rolling back...");
                // Nobody was asked about the data, but it is minutes old.
                done.push(ledger.end(FileSystems::Delete).await);
            }
            Task::Release(ledger) => {
                // The state that was reached is in use; what was begun after it is nobody's.
                let undone = ledger.undo(ledger.savepoint().await, FileSystems::Delete).await;
                if !(undone.deleted.is_empty() && undone.is_complete()) {
                    done.push(undone);
                }
                // A claim that cannot be given back runs out by itself.
                let _ = ledger.release().await;
            }
            Task::Stop => break,
        }
    }
    done
}
