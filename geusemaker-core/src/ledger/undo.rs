//! Undo: deletes what a deployment has created.

use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::Ledger;
use super::protections::Protections;
use super::target::Target;
use super::teardown::Teardown;
use super::undone::{FileSystems, Undone};
use crate::error::Error;
use crate::journal::Journal;
use crate::journal::event::JournalEvent;
use crate::journal::state::Savepoint;
use crate::kind::ResourceKind;
use crate::leftover::Leftover;
use crate::progress::step::Step;
use crate::resource_key::ResourceKey;
use crate::task;

const LEFT_FOR_A_SIGN_IN: &str =
    "the credentials are no longer accepted: sign in, then resume the stack or roll it back";

const REMOVAL_INTERRUPTED: &str = "its removal was interrupted: destroy the stack again";

const UNKNOWN: &str = "its creation was interrupted: resume the stack or roll it back";

const RUNTIME_STOPPED: &str = "the runtime stopped before it was deleted";

impl Ledger {
    /// Undoes the whole deployment, and closes its journal once nothing is left.
    pub(crate) async fn end(self: &Arc<Self>, file_systems: FileSystems) -> Undone {
        let keeps = self.plan.spec.storage().keep_on_destroy();
        let file_systems = if keeps && self.state().committed.is_some() {
            FileSystems::Keep
        } else {
            file_systems
        };
        let is_in_use = self.state().committed.is_some() && !self.state().is_tearing_down;
        let protections = if is_in_use {
            let targets = self.owned_since(Savepoint::default());
            let protections = Protections::ask(&self.account, &targets).await;
            if !protections.is_empty() {
                // A stack that works is not taken apart for a removal that cannot be finished.
                let _ = self.release().await;
                return protections.nothing_removed(&targets, &self.account.region);
            }
            Some(protections)
        } else {
            None
        };
        // After an interrupted removal, the next process has to know that there is nothing to resume. If the journal
        // cannot be written, every step below fails too, and everything is reported as left.
        let _ = self.append(JournalEvent::Ending).await;
        let undone = self.undo_knowing(Savepoint::default(), file_systems, protections);
        let undone = undone.await;
        if undone.is_complete() {
            // A journal that cannot be closed still says that the removal has begun; the next command closes it.
            if self.append(JournalEvent::Gone).await.is_ok() {
                let stack = self.owner.stack.clone();
                self.account.progress.step(Step::Gone { stack });
            }
        }
        let _ = self.release().await;
        undone
    }

    /// Returns true if anything created after the savepoint has to be undone.
    pub(crate) fn has_since(&self, from: Savepoint) -> bool {
        !self.owned_since(from).is_empty()
    }

    /// Lists what was created after the savepoint, and leaves it.
    pub(crate) async fn leave(&self, from: Savepoint, why: &str) -> Undone {
        self.drain().await;
        let owned = self.owned_since(from);
        let left = owned
            .iter()
            .map(|target| target.leftover(target.id(), why.to_owned(), &self.account.region));
        Undone {
            left: left.collect(),
            ..Undone::default()
        }
    }

    /// Lists what is not in use, and leaves it until the user signs in. With expired credentials nothing can be undone,
    /// and expired credentials are no reason to undo anything.
    pub(super) async fn leave_for_a_sign_in(self: &Arc<Self>) -> Undone {
        let state = self.state();
        let from = match state.committed {
            Some(_) => state.savepoint(),
            None => Savepoint::default(),
        };
        let undone = self.leave(from, LEFT_FOR_A_SIGN_IN).await;
        if undone.is_complete() && state.committed.is_none() {
            // Nothing was created, and a journal would block the next attempt.
            return self.end(FileSystems::Delete).await;
        }
        let _ = self.release().await;
        undone
    }

    /// Keeps everything as it is, once no undo is under way any more, and lists it. Returns `None` if the deployment is
    /// committed or gone.
    pub(super) async fn kept(self: &Arc<Self>) -> Option<Undone> {
        let _one_at_a_time = self.undo.lock().await;
        self.drain().await;
        let state = self.state();
        if state.is_gone() || (state.committed.is_some() && !state.is_tearing_down) {
            return None;
        }
        if state.is_tearing_down {
            return Some(self.leave(Savepoint::default(), REMOVAL_INTERRUPTED).await);
        }
        let owned = self.owned_since(Savepoint::default());
        let (known, unknown): (Vec<_>, Vec<_>) =
            owned.iter().partition(|target| target.id().is_some());
        let kept = known
            .iter()
            .filter_map(|target| Some(target.reference(target.id()?)));
        let unknown = unknown
            .iter()
            .map(|target| target.leftover(None, UNKNOWN.to_owned(), &self.account.region));
        Some(Undone {
            kept: kept.collect(),
            left: unknown.collect(),
            ..Undone::default()
        })
    }

    /// Strikes off what was kept or left in the meantime but is in use or gone by now: another removal or `resume` may
    /// have gone on from there.
    pub(super) async fn strike_off(&self, undone: &mut Undone) {
        let store = self.journal.lock().await.store();
        let Ok(journal) = Journal::open(store, &self.owner.stack).await else {
            return;
        };
        let state = &journal.state;
        let is_same = state
            .deployment
            .as_ref()
            .is_some_and(|header| header.id == self.owner.deployment);
        let is_in_use = state.committed.is_some() && !state.is_tearing_down;
        let exists = |key: &ResourceKey| is_same && state.entry(key).is_some();
        undone.left.retain(|left| exists(&left.key));
        if is_in_use {
            undone.kept.clear();
        }
        // A file system that a removal has kept on purpose is no longer in the journal.
        undone
            .kept
            .retain(|kept| kept.kind == ResourceKind::FileSystem || exists(&kept.key));
    }

    /// Undoes what was created after the savepoint, and lets other processes work on the rest. If there is no rest, the
    /// journal is closed.
    pub(super) async fn undo_since(
        self: &Arc<Self>,
        from: Savepoint,
        file_systems: FileSystems,
    ) -> Undone {
        let undone = self.undo(from, file_systems).await;
        let is_begun = self.state().committed.is_none();
        if is_begun && undone.is_complete() && !self.has_since(Savepoint::default()) {
            let mut all = self.end(file_systems).await;
            all.deleted.splice(0..0, undone.deleted);
            return all;
        }
        // A claim that cannot be released expires by itself.
        let _ = self.release().await;
        undone
    }

    /// Undoes what was created after the savepoint. The undo continues after every failure, and can be run again.
    ///
    /// The work is a separate task, which ends with the caller: it makes progress even while the caller is not polled,
    /// so that a session that is being closed never waits in vain.
    pub(crate) async fn undo(
        self: &Arc<Self>,
        from: Savepoint,
        file_systems: FileSystems,
    ) -> Undone {
        self.undo_knowing(from, file_systems, None).await
    }

    /// Undoes what was created after the savepoint. Asks AWS about protections unless the answers are known.
    async fn undo_knowing(
        self: &Arc<Self>,
        from: Savepoint,
        file_systems: FileSystems,
        protections: Option<Protections>,
    ) -> Undone {
        let ledger = Arc::clone(self);
        let work = AbortOnDropHandle::new(tokio::spawn(async move {
            let _one_at_a_time = ledger.undo.lock().await;
            ledger.undo_now(from, file_systems, protections).await
        }));
        match task::join(work).await {
            Some(undone) => undone,
            None => self.leave(from, RUNTIME_STOPPED).await,
        }
    }

    async fn undo_now(
        self: &Arc<Self>,
        from: Savepoint,
        file_systems: FileSystems,
        protections: Option<Protections>,
    ) -> Undone {
        self.drain().await;
        let targets = self.owned_since(from);
        let is_step = !targets.is_empty() && !self.state().is_tearing_down;
        if is_step {
            // Nothing may build on half of a step: an instance may refer to a file system that is gone. If the journal
            // cannot be written, every step below fails too, and everything is reported as left.
            let _ = self.append(JournalEvent::Undoing).await;
        }
        let teardown = Teardown::of_deployment(self, targets, file_systems);
        let undone = teardown.run_knowing(protections).await;
        if is_step && undone.is_complete() {
            // If this fails, the next undo finds nothing left to delete.
            let _ = self.append(JournalEvent::Undone).await;
        }
        undone
    }

    /// Deletes one resource that the deployment has created, so that another one can be created under its key.
    pub(crate) async fn discard(self: &Arc<Self>, key: &ResourceKey) -> Result<(), Error> {
        let targets = self.owned_since(Savepoint::default()).into_iter();
        let targets = targets.filter(|target| target.key == *key).collect();
        let undone = Teardown::of_deployment(self, targets, FileSystems::Delete)
            .run()
            .await;
        match undone.left.into_iter().next() {
            None => Ok(()),
            Some(Leftover { key, kind, why, .. }) => Err(Error::BeingDeleted { key, kind, why }),
        }
    }

    /// Finishes the undo of a step that another process, or a failure, has left unfinished.
    pub(crate) async fn finish_undo(self: &Arc<Self>) -> Result<(), Error> {
        let state = self.state();
        if !state.is_undoing {
            return Ok(());
        }
        let progress = &self.account.progress;
        progress.step(Step::FinishingUndo);
        self.ensure_open()?;
        let undone = self.undo(state.savepoint(), FileSystems::Delete).await;
        // Everything else is left for the same reason.
        if let Some(error) = undone.signed_out {
            return Err(Error::aws("finishing the undo of this step")(error));
        }
        match undone.left.into_iter().next() {
            // If there was nothing left to undo, the journal does not say yet that the undo is finished.
            None if self.state().is_undoing => Ok(self.append(JournalEvent::Undone).await?),
            None => Ok(()),
            Some(Leftover { key, kind, why, .. }) => Err(Error::BeingDeleted { key, kind, why }),
        }
    }

    /// Returns what was created after the savepoint and has to be deleted, in the order of the requests.
    fn owned_since(&self, from: Savepoint) -> Vec<Target> {
        let entries = self.state().entries();
        let since = entries.iter().filter(|entry| from.is_before(entry));
        let answered = self.answered.lock();
        since
            .filter_map(|entry| {
                let target = Target::of(entry)?;
                let answered = answered.get(&entry.key).cloned();
                Some(Target { answered, ..target })
            })
            .collect()
    }

    /// Waits until every call under way is finished and recorded, before anything is torn down.
    pub(super) async fn drain(&self) {
        self.running.close();
        self.running.wait().await;
        self.running.reopen();
    }
}
