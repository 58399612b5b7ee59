//! Undo: what a deployment has made goes, and what became of it is reported.

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

/// What became of an undo.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Undone {
    /// What is gone.
    pub deleted: Vec<ResourceRef>,
    /// What stays on purpose.
    pub kept: Vec<ResourceRef>,
    /// What is still there, or may be.
    pub left: Vec<Leftover>,
    /// What AWS said of credentials that it does not accept any more, if it did for as long as that is waited for.
    #[serde(skip)]
    pub(crate) signed_out: Option<AwsError>,
}

impl Undone {
    /// Whether nothing is left that should have gone.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left.is_empty()
    }
}

/// A resource that an undo has dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResourceRef {
    /// Its name in the journal; of what no journal knows, its `Name` tag.
    pub key: String,
    /// What it is.
    pub kind: ResourceKind,
    /// The id by which AWS knows it.
    pub id: String,
}

/// A resource that is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Leftover {
    /// Its name in the journal; of what no journal knows, its `Name` tag.
    pub key: String,
    /// What it is.
    pub kind: ResourceKind,
    /// The id by which AWS knows it; none if nobody knows whether it exists.
    pub id: Option<String>,
    /// Why it is still there.
    pub why: String,
    /// Since when it exists, if anybody says.
    pub since: Option<Timestamp>,
    /// The AWS CLI command that removes it by hand.
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

/// What becomes of the file system that a deployment has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSystems {
    /// They go with the rest, and so does the data in them.
    Delete,
    /// They stay, without mount targets; they cost what their data costs.
    Keep,
}

impl Ledger {
    /// Undoes the whole deployment, and closes its journal once nothing is left.
    pub(crate) async fn end(self: &Arc<Self>, file_systems: FileSystems) -> Undone {
        // Whoever comes after a removal that was interrupted has to know that there is nothing to resume. If the journal
        // cannot be written, nothing below can be either, and everything is reported as left.
        let _ = self.append(JournalEvent::Ending).await;
        let undone = self.undo(Savepoint::default(), file_systems).await;
        if undone.is_complete() {
            // A journal that cannot be closed still says that the end has begun; the next command closes it.
            let _ = self.append(JournalEvent::Gone).await;
        }
        let _ = self.release().await;
        undone
    }

    /// Whether anything came after the savepoint that is to be undone.
    pub(crate) async fn has_since(&self, from: Savepoint) -> bool {
        !self.owned_since(from).await.is_empty()
    }

    /// Lists what came after the savepoint, and leaves it.
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

    /// Lists what is not in use and leaves it for whoever signs in: with credentials that have run out nothing can be
    /// undone, and nothing should be for that reason.
    pub(super) async fn leave_for_a_sign_in(self: &Arc<Self>) -> Undone {
        let state = self.state().await;
        let from = match state.committed {
            Some(_) => state.savepoint(),
            None => Savepoint::default(),
        };
        let undone = self.leave(from, LEFT_FOR_A_SIGN_IN).await;
        if undone.is_complete() && state.committed.is_none() {
            // Nothing was made, and a journal is in the way of the next attempt.
            return self.end(FileSystems::Delete).await;
        }
        let _ = self.release().await;
        undone
    }

    /// Undoes what came after the savepoint. It goes on past every failure, and can be run again.
    pub(crate) async fn undo(
        self: &Arc<Self>,
        from: Savepoint,
        file_systems: FileSystems,
    ) -> Undone {
        self.drain().await;
        let items = self.owned_since(from).await;
        let is_step = !items.is_empty() && !self.state().await.is_tearing_down;
        if is_step {
            // Half of a step is not to be built upon: an instance may know a file system that is gone. If the journal
            // cannot be written, nothing below can be either, and everything is reported as left.
            let _ = self.append(JournalEvent::Undoing).await;
        }
        let teardown = Teardown::of_deployment(self, items, file_systems);
        let undone = teardown.run().await;
        if is_step && undone.is_complete() {
            // Should that fail, there is nothing left to undo the next time.
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
        // Everything else that is left is so for that reason.
        if let Some(error) = undone.signed_out {
            return Err(Error::aws("finishing the undo of this step")(error));
        }
        match undone.left.into_iter().next() {
            // Where nothing was left to undo, nothing has said so yet.
            None if self.state().await.is_undoing => Ok(self.append(JournalEvent::Undone).await?),
            None => Ok(()),
            Some(Leftover { key, kind, why, .. }) => Err(Error::BeingDeleted { key, kind, why }),
        }
    }

    /// What came after the savepoint and has to be deleted, in the order in which it was asked for.
    async fn owned_since(&self, from: Savepoint) -> Vec<Item> {
        let entries = self.state().await.entries();
        let since = entries.iter().filter(|entry| from.is_before(entry));
        since.filter_map(Item::of).collect()
    }

    /// A call under way is finished and recorded before anything is torn down.
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
