//! Teardown: everything in the order in which AWS lets it go, and a list of what would not.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backoff::backoff::Backoff as _;
use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::Ledger;
use super::event::{Event, Key};
use super::state::{Entry, Savepoint, Status};
use crate::aws::error::{AwsError, ErrorClass};
use crate::aws::sign_in::SignIn;
use crate::aws::wait::{Seen, Wait, WaitError, schedule};
use crate::error::Error;
use crate::progress;
use crate::resource::{Kind, distribution, security_group};

/// What became of an undo.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Undone {
    /// What is gone.
    pub deleted: Vec<Removed>,
    /// What stays on purpose.
    pub kept: Vec<Removed>,
    /// What is still there, or may be.
    pub left: Vec<Leftover>,
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
pub struct Removed {
    /// Its name in the journal.
    pub key: String,
    /// What it is.
    pub kind: Kind,
    /// The id by which AWS knows it.
    pub id: String,
}

/// A resource that is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Leftover {
    /// Its name in the journal.
    pub key: String,
    /// What it is.
    pub kind: Kind,
    /// The id by which AWS knows it; none if nobody knows whether it exists.
    pub id: Option<String>,
    /// Why it is still there.
    pub why: String,
    /// Since when it exists.
    pub since: Timestamp,
    /// The AWS CLI command that removes it by hand.
    pub command: Option<String>,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().unwrap_or("(id unknown)");
        write!(f, "{} {id} since {}: {}", self.kind, self.since, self.why)
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
        let _ = self.append(Event::Ending).await;
        let undone = self.undo(Savepoint::default(), file_systems).await;
        if undone.is_complete() {
            // A journal that cannot be closed still says that the end has begun; the next command closes it.
            let _ = self.append(Event::Gone).await;
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
            .map(|entry| Leftover::new(entry, entry.id(), why.to_owned(), &self.account.region));
        Undone {
            left: left.collect(),
            ..Undone::default()
        }
    }

    /// Undoes what came after the savepoint. It goes on past every failure, and can be run again.
    pub(crate) async fn undo(
        self: &Arc<Self>,
        from: Savepoint,
        file_systems: FileSystems,
    ) -> Undone {
        self.drain().await;
        let entries = self.owned_since(from).await;
        let is_step = !entries.is_empty() && !self.state().await.is_ending;
        if is_step {
            // Half of a step is not to be built upon: an instance may know a file system that is gone. If the journal
            // cannot be written, nothing below can be either, and everything is reported as left.
            let _ = self.append(Event::Undoing).await;
        }
        let teardown = Teardown {
            ledger: self,
            entries,
            file_systems,
            undone: std::sync::Mutex::default(),
        };
        let undone = teardown.run().await;
        if is_step && undone.is_complete() {
            // Should that fail, there is nothing left to undo the next time.
            let _ = self.append(Event::Undone).await;
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
        match undone.left.into_iter().next() {
            None => Ok(()),
            Some(Leftover { key, kind, .. }) => Err(Error::BeingDeleted { key, kind }),
        }
    }

    /// What came after the savepoint and has to be deleted, in the order in which it was asked for.
    async fn owned_since(&self, from: Savepoint) -> Vec<Entry> {
        let mut entries = self.state().await.entries();
        entries.retain(|entry| entry.is_owned() && from.is_before(entry));
        entries
    }

    /// A call under way is finished and recorded before anything is torn down.
    pub(super) async fn drain(&self) {
        self.running.close();
        self.running.wait().await;
        self.running.reopen();
    }
}

struct Teardown<'a> {
    ledger: &'a Ledger,
    entries: Vec<Entry>,
    file_systems: FileSystems,
    undone: std::sync::Mutex<Undone>,
}

impl Teardown<'_> {
    /// A distribution takes minutes to be disabled everywhere, and nothing else waits for it.
    async fn run(self) -> Undone {
        let rest = async {
            let balancer = async {
                self.all(Kind::TargetRegistration).await;
                self.all(Kind::ListenerRule).await;
                self.all(Kind::Listener).await;
                self.all(Kind::LoadBalancer).await;
                self.all(Kind::TargetGroup).await;
            };
            let storage = async {
                self.all(Kind::MountTarget).await;
                self.all(Kind::FileSystem).await;
            };
            tokio::join!(balancer, storage, self.all(Kind::Instance));
            self.all(Kind::SecurityGroupRule).await;
            self.all(Kind::SecurityGroup).await;
        };
        tokio::join!(self.all(Kind::Distribution), rest);
        self.undone
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Removes all of a kind at the same time.
    async fn all(&self, kind: Kind) {
        let of_kind = self
            .entries
            .iter()
            .filter(|entry| entry.lookup.kind() == kind);
        join_all(of_kind.map(|entry| self.one(entry))).await;
    }

    async fn one(&self, entry: &Entry) {
        let kind = entry.lookup.kind();
        if let (Kind::FileSystem, FileSystems::Keep, Some(id)) =
            (kind, self.file_systems, entry.id())
            && !self.is_going(entry).await
        {
            let kept = Removed::new(&entry.key, kind, id);
            match self
                .ledger
                .append(Event::Kept {
                    key: entry.key.clone(),
                })
                .await
            {
                Ok(()) => self.report(|undone| undone.kept.push(kept)),
                Err(error) => self.leave(entry, Some(id), error.to_string()),
            }
            return;
        }
        let id = match &entry.status {
            Status::Created { id } | Status::Kept { id } | Status::Deleting { id: Some(id) } => {
                Some(id.clone())
            }
            // Whether it exists was never known, so AWS is asked first.
            Status::Intended | Status::Deleting { id: None } => {
                match self.ledger.settle(&entry.lookup).await {
                    Ok(found) => found,
                    Err(error) => {
                        let why = format!("it may exist, and AWS could not be asked: {error}");
                        return self.leave(entry, None, why);
                    }
                }
            }
            Status::Adopted { .. } => return,
        };
        if let Err(why) = self.delete(entry, id.as_deref()).await {
            self.leave(entry, id.as_deref(), why);
        }
    }

    async fn delete(&self, entry: &Entry, id: Option<&str>) -> Result<(), String> {
        let ledger = self.ledger;
        let kind = entry.lookup.kind();
        let key = entry.key.clone();
        let Some(id) = id else {
            let event = Event::Deleted { key };
            return ledger
                .append(event)
                .await
                .map_err(|error| error.to_string());
        };
        let event = Event::Deleting { key: key.clone() };
        ledger
            .append(event)
            .await
            .map_err(|error| error.to_string())?;
        if kind == Kind::Distribution {
            self.disable(id, entry.since).await?;
        }
        self.request_deletion(kind, id, entry.since).await?;
        self.wait_until_gone(kind, id).await?;
        let event = Event::Deleted { key: key.clone() };
        ledger
            .append(event)
            .await
            .map_err(|error| error.to_string())?;
        let removed = Removed::new(&key, kind, id);
        ledger.account.progress.tell(progress::Event::Deleted {
            key: removed.key.clone(),
            kind,
            id: removed.id.clone(),
        });
        self.report(|undone| undone.deleted.push(removed));
        Ok(())
    }

    /// Asks until AWS agrees. Conflicts pass: what is in the way is on its way out too.
    async fn request_deletion(&self, kind: Kind, id: &str, since: Timestamp) -> Result<(), String> {
        let account = &self.ledger.account;
        let start = account.clock.now();
        let expected = kind.deletion();
        let mut pauses = schedule(Duration::from_secs(1), Duration::from_secs(15));
        let mut sign_in = SignIn::default();
        loop {
            let error = match kind.delete(&account.writer, &account.reader, id).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_not_found() => {
                    // Right after its creation, not to be found proves nothing.
                    if account.clock.since(since) > VISIBLE_AFTER {
                        return Ok(());
                    }
                    error
                }
                Err(error) => error,
            };
            if sign_in
                .pause(&error, &account.clock, &account.progress)
                .await
            {
                continue;
            }
            let pause = pauses.next_backoff().unwrap_or_default();
            let elapsed = account.clock.since(start).saturating_sub(sign_in.paused());
            if !error.class.passes_for_a_deletion() || elapsed + pause > expected.deadline {
                return Err(self.explain(kind, id, error).await);
            }
            account.progress.tell(progress::Event::Waiting {
                what: format!("{kind} {id} to be free"),
                state: self.obstacle(kind, id, &error).await,
                elapsed,
                usual: expected.usual,
                deadline: expected.deadline,
            });
            account.clock.sleep(pause).await;
        }
    }

    /// A distribution can be deleted once it is disabled everywhere. An update while another is under way may be
    /// refused, so that is waited out first.
    async fn disable(&self, id: &str, since: Timestamp) -> Result<(), String> {
        let account = &self.ledger.account;
        let expected = Kind::Distribution.deletion();
        let what = format!("CloudFront distribution {id} to be disabled everywhere");
        Wait::new(what, expected)
            .until(&account.clock, &account.progress, || async {
                let is_young = account.clock.since(since) < VISIBLE_AFTER;
                let disabled = distribution::disabled(&account.writer, &account.reader, id).await;
                match disabled {
                    Err(error) if error.is_not_found() && is_young => {
                        Ok(Seen::Pending("not visible yet".to_owned()))
                    }
                    Err(error) if error.is_not_found() => Ok(Seen::Ready(())),
                    Err(error) if error.class.passes_for_a_deletion() => {
                        Ok(Seen::Pending(error.to_string()))
                    }
                    seen => seen,
                }
            })
            .await
            .map_err(|error| error.to_string())
    }

    /// Whether AWS is deleting it already, so that it cannot be kept any more.
    async fn is_going(&self, entry: &Entry) -> bool {
        let (Status::Deleting { .. }, Some(id)) = (&entry.status, entry.id()) else {
            return false;
        };
        match entry
            .lookup
            .kind()
            .observe(&self.ledger.account.reader, id)
            .await
        {
            Ok(None) => true,
            Ok(Some(state)) => state == "deleting",
            Err(_) => false,
        }
    }

    async fn wait_until_gone(&self, kind: Kind, id: &str) -> Result<(), String> {
        let account = &self.ledger.account;
        let gone = Wait::new(format!("{kind} {id} to go"), kind.deletion())
            .until(&account.clock, &account.progress, || async {
                Ok(match kind.observe(&account.reader, id).await? {
                    None => Seen::Ready(()),
                    Some(state) => Seen::Pending(state),
                })
            })
            .await;
        match gone {
            Ok(()) => Ok(()),
            Err(WaitError::Aws(error)) => Err(self.explain(kind, id, error).await),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What is in the way of a deletion, in few words that stay the same while it does.
    async fn obstacle(&self, kind: Kind, id: &str, error: &AwsError) -> String {
        let holders = match kind {
            Kind::SecurityGroup => security_group::holders(&self.ledger.account.reader, id)
                .await
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        match holders.as_slice() {
            [] => error
                .code
                .clone()
                .unwrap_or_else(|| error.class.to_string()),
            [only] => format!("still held by {only}"),
            [first, rest @ ..] => format!("still held by {first} and {} more", rest.len()),
        }
    }

    /// A group that will not go is held by network interfaces, and their owner is what a person needs to know.
    async fn explain(&self, kind: Kind, id: &str, error: AwsError) -> String {
        if kind == Kind::SecurityGroup
            && error.class == ErrorClass::Conflict
            && let Ok(holders) = security_group::holders(&self.ledger.account.reader, id).await
            && !holders.is_empty()
        {
            return format!("{error}; held by {}", holders.join(", "));
        }
        error.to_string()
    }

    fn leave(&self, entry: &Entry, id: Option<&str>, why: String) {
        let kind = entry.lookup.kind();
        let account = &self.ledger.account;
        account.progress.tell(progress::Event::Left {
            key: entry.key.to_string(),
            kind,
            why: why.clone(),
        });
        let leftover = Leftover::new(entry, id, why, &account.region);
        self.report(|undone| undone.left.push(leftover));
    }

    fn report(&self, note: impl FnOnce(&mut Undone)) {
        note(
            &mut self
                .undone
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
    }
}

impl Leftover {
    fn new(entry: &Entry, id: Option<&str>, why: String, region: &str) -> Self {
        let kind = entry.lookup.kind();
        Self {
            key: entry.key.to_string(),
            kind,
            id: id.map(str::to_owned),
            why,
            since: entry.since,
            command: id.map(|id| kind.removal_command(id, region)),
        }
    }
}

impl Removed {
    fn new(key: &Key, kind: Kind, id: &str) -> Self {
        Self {
            key: key.to_string(),
            kind,
            id: id.to_owned(),
        }
    }
}

/// After this long AWS shows everything that it has made.
const VISIBLE_AFTER: Duration = Duration::from_secs(30);
