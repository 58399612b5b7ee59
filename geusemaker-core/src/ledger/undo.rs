//! Undo: deletes what a deployment has created, and reports the result.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::Ledger;
use super::event::JournalEvent;
use super::state::Savepoint;
use super::teardown::{Item, Teardown};
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::resource::ResourceKind;

/// The result of an undo.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Undone {
    /// The deleted resources.
    pub deleted: Vec<ResourceRef>,
    /// The resources that are kept on purpose.
    pub kept: Vec<ResourceRef>,
    /// The resources that still exist, or may exist.
    pub left: Vec<Leftover>,
    /// The error about expired credentials, if it lasted longer than the undo waits for a sign-in.
    #[serde(skip)]
    pub(crate) signed_out: Option<AwsError>,
}

impl Undone {
    /// Returns true if nothing is left that should have been deleted.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left.is_empty()
    }
}

/// A resource that an undo has deleted or kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResourceRef {
    /// The resource's name in the journal, or its `Name` tag if no journal knows it.
    pub key: String,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS.
    pub id: String,
}

/// A resource that still exists, or may exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Leftover {
    /// The resource's name in the journal, or its `Name` tag if no journal knows it.
    pub key: String,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS; none if it is unknown whether the resource exists.
    pub id: Option<String>,
    /// The reason why it still exists.
    pub why: String,
    /// The time since which it exists, if known.
    pub since: Option<Timestamp>,
    /// The AWS CLI command that deletes it by hand.
    pub command: Option<String>,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().unwrap_or("(id unknown)");
        write!(f, "{} {id}", self.kind)?;
        if let Some(since) = self.since {
            write!(f, " since {since}")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// The treatment of the file systems that a deployment has created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSystems {
    /// Deletes the file systems with the rest, including their data.
    Delete,
    /// Keeps the file systems, without mount targets; AWS still charges for their data.
    Keep,
}

impl Ledger {
    /// Undoes the whole deployment, and closes its journal once nothing is left.
    pub(crate) async fn end(self: &Arc<Self>, file_systems: FileSystems) -> Undone {
        // After an interrupted removal, the next process has to know that there is nothing to resume. If the journal
        // cannot be written, every step below fails too, and everything is reported as left.
        let _ = self.append(JournalEvent::Ending).await;
        let undone = self.undo(Savepoint::default(), file_systems).await;
        if undone.is_complete() {
            // A journal that cannot be closed still says that the removal has begun; the next command closes it.
            let _ = self.append(JournalEvent::Gone).await;
        }
        let _ = self.release().await;
        undone
    }

    /// Returns true if anything created after the savepoint has to be undone.
    pub(crate) async fn has_since(&self, from: Savepoint) -> bool {
        !self.owned_since(from).await.is_empty()
    }

    /// Lists what was created after the savepoint, and leaves it.
    pub(crate) async fn leave(&self, from: Savepoint, why: &str) -> Undone {
        self.drain().await;
        let owned = self.owned_since(from).await;
        let left = owned
            .iter()
            .map(|item| Leftover::new(item, item.id(), why.to_owned(), &self.account.region));
        Undone {
            left: left.collect(),
            ..Undone::default()
        }
    }

    /// Lists what is not in use, and leaves it until the user signs in. With expired credentials nothing can be undone,
    /// and expired credentials are no reason to undo anything.
    pub(super) async fn leave_for_a_sign_in(self: &Arc<Self>) -> Undone {
        let state = self.state().await;
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

    /// Undoes what was created after the savepoint. The undo continues after every failure, and can be run again.
    pub(crate) async fn undo(
        self: &Arc<Self>,
        from: Savepoint,
        file_systems: FileSystems,
    ) -> Undone {
        self.drain().await;
        let items = self.owned_since(from).await;
        let is_step = !items.is_empty() && !self.state().await.is_tearing_down;
        if is_step {
            // Nothing may build on half of a step: an instance may refer to a file system that is gone. If the journal
            // cannot be written, every step below fails too, and everything is reported as left.
            let _ = self.append(JournalEvent::Undoing).await;
        }
        let teardown = Teardown::of_deployment(self, items, file_systems);
        let undone = teardown.run().await;
        if is_step && undone.is_complete() {
            // If this fails, the next undo finds nothing left to delete.
            let _ = self.append(JournalEvent::Undone).await;
        }
        undone
    }

    /// Finishes the undo of a step that another process, or a failure, has left unfinished.
    pub(crate) async fn finish_undo(self: &Arc<Self>) -> Result<(), Error> {
        let state = self.state().await;
        if !state.is_undoing {
            return Ok(());
        }
        let progress = &self.account.progress;
        progress.step("Finishing the undo of this step, which was interrupted...");
        let undone = self.undo(state.savepoint(), FileSystems::Delete).await;
        // Everything else is left for the same reason.
        if let Some(error) = undone.signed_out {
            return Err(Error::aws("finishing the undo of this step")(error));
        }
        match undone.left.into_iter().next() {
            // If there was nothing left to undo, the journal does not say yet that the undo is finished.
            None if self.state().await.is_undoing => Ok(self.append(JournalEvent::Undone).await?),
            None => Ok(()),
            Some(Leftover { key, kind, why, .. }) => Err(Error::BeingDeleted { key, kind, why }),
        }
    }

    /// Returns what was created after the savepoint and has to be deleted, in the order of the requests.
    async fn owned_since(&self, from: Savepoint) -> Vec<Item> {
        let entries = self.state().await.entries();
        let since = entries.iter().filter(|entry| from.is_before(entry));
        since.filter_map(Item::of).collect()
    }

    /// Waits until every call under way is finished and recorded, before anything is torn down.
    pub(super) async fn drain(&self) {
        self.running.close();
        self.running.wait().await;
        self.running.reopen();
    }
}

impl Leftover {
    pub(super) fn new(item: &Item, id: Option<&str>, why: String, region: &str) -> Self {
        Self {
            key: item.key.to_string(),
            kind: item.kind,
            id: id.map(str::to_owned),
            why,
            since: item.since,
            command: id.map(|id| item.kind.removal_command(id, region)),
        }
    }
}

impl ResourceRef {
    pub(super) fn new(item: &Item, id: &str) -> Self {
        Self {
            key: item.key.to_string(),
            kind: item.kind,
            id: id.to_owned(),
        }
    }
}

const LEFT_FOR_A_SIGN_IN: &str =
    "the credentials are not accepted any more: sign in, then resume it or roll it back";
