//! Teardown: deletes everything in the order that AWS requires, and lists what could not be deleted.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::MutexGuard;
use std::time::Duration;

use backoff::backoff::Backoff as _;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, join_all};
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use super::Ledger;
use super::create::{LONGEST, resolve};
use super::target::{Target, TargetId};
use super::undone::{FileSystems, Undone};
use crate::account::Account;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::journal::event::JournalEvent;
use crate::kind::ResourceKind;
use crate::leftover::Leftover;
use crate::mutex::Mutex;
use crate::progress::event::ProgressUpdate;
use crate::progress::wait::WaitReport;
use crate::resource::sharing::Sharing;
use crate::resource::{distribution, network_interface};
use crate::resource_ref::ResourceRef;
use crate::wait::reauth_wait::ReauthWait;
use crate::wait::silence::Silence;
use crate::wait::{Expected, PollState, Wait, WaitError, schedule};
use crate::{error_chain, task};

/// The time after which AWS shows everything that was created.
const VISIBLE_AFTER: Duration = Duration::from_secs(30);

const SIGNED_OUT: &str = "the credentials are no longer accepted, so its removal was not tried";

/// The removal of many resources. It continues after every failure, and can be run again.
pub(crate) struct Teardown<'a> {
    account: &'a Account,
    journal: Option<&'a Ledger>,
    /// The calls under way, which are finished even if the teardown is dropped.
    calls: TaskTracker,
    targets: Vec<Target>,
    file_systems: FileSystems,
    started: Timestamp,
    undone: Mutex<Undone>,
}

impl<'a> Teardown<'a> {
    /// Creates the teardown of resources in a journal, to which every step is written before it is taken.
    pub(super) fn of_deployment(
        ledger: &'a Ledger,
        targets: Vec<Target>,
        file_systems: FileSystems,
    ) -> Self {
        let account = &ledger.account;
        Self {
            journal: Some(ledger),
            ..Self::without_journal(account, ledger.running.clone(), targets, file_systems)
        }
    }

    /// Creates a teardown without a journal, for resources that are found again by their tags if it is interrupted.
    pub(crate) fn without_journal(
        account: &'a Account,
        calls: TaskTracker,
        targets: Vec<Target>,
        file_systems: FileSystems,
    ) -> Self {
        Self {
            account,
            journal: None,
            calls,
            targets,
            file_systems,
            started: account.clock.now(),
            undone: Mutex::default(),
        }
    }

    /// Deletes everything: the resources of a kind once those of the kinds before it are done. A distribution takes
    /// minutes to be disabled everywhere, and nothing else waits for it.
    pub(crate) async fn run(self) -> Undone {
        let mut removals: BTreeMap<ResourceKind, Shared<BoxFuture<'_, ()>>> = BTreeMap::new();
        for &kind in ResourceKind::ALL {
            let before: Vec<_> = kind
                .after()
                .iter()
                .filter_map(|earlier| removals.get(earlier).cloned())
                .collect();
            let all = self.all(kind);
            let removal = async move {
                join_all(before).await;
                all.await;
            };
            removals.insert(kind, removal.boxed().shared());
        }
        join_all(removals.into_values()).await;
        self.undone.into_inner()
    }

    /// Removes all resources of a kind at the same time.
    async fn all(&self, kind: ResourceKind) {
        let of_kind = self.targets.iter().filter(|target| target.kind == kind);
        join_all(of_kind.map(|target| self.one(target))).await;
    }

    /// Removes one resource. A panic is a failure like any other: the resource is left, and the rest continues.
    async fn one(&self, target: &Target) {
        let removal = AssertUnwindSafe(self.remove(target)).catch_unwind();
        if let Err(panic) = removal.await {
            let why = format!("its removal panicked: {}", words_of(panic.as_ref()));
            self.leave(target, target.id(), why);
        }
    }

    async fn remove(&self, target: &Target) {
        // The user has not signed in within the longest pause, so nothing more is tried.
        if self.is_signed_out() {
            return self.leave(target, target.id(), SIGNED_OUT.to_owned());
        }
        if let (ResourceKind::FileSystem, FileSystems::Keep, Some(id)) =
            (target.kind, self.file_systems, target.id())
        {
            match self.is_going(target, id).await {
                Ok(true) => {}
                Ok(false) => return self.keep(target, id).await,
                Err(error) => {
                    self.note(&error);
                    return self.leave(target, Some(id), error.to_string());
                }
            }
        }
        let id = match &target.id {
            TargetId::Id(id) => Some(id.clone()),
            // It is unknown whether the resource exists, so AWS is asked first.
            TargetId::Unresolved(lookup) => {
                match resolve(self.account, lookup, &mut ReauthWait::default(), || false).await {
                    Ok(found) => found,
                    Err(error) => {
                        self.note(&error);
                        let why = format!("it may exist, and AWS could not be asked: {error}");
                        return self.leave(target, None, why);
                    }
                }
            }
        };
        let removed = async {
            if let Some(id) = id.as_deref() {
                self.ensure_unshared(target, id).await?;
            }
            let deleted = self.delete(target, id.as_deref()).await;
            deleted.map_err(Kept::NotDeleted)
        };
        match removed.await {
            Ok(()) => {}
            Err(Kept::NotDeleted(why)) => self.leave(target, id.as_deref(), why),
            Err(Kept::InUse(why)) => {
                let mut leftover = target.leftover(id.as_deref(), why, &self.account.region);
                // It would cut off whoever uses the resource.
                leftover.command = None;
                self.list(leftover);
            }
        }
    }

    /// Returns an error if others live on the resource: AWS would delete a mount target below their instances.
    async fn ensure_unshared(&self, target: &Target, id: &str) -> Result<(), Kept> {
        let kind = target.kind;
        let Some(shared) = kind.shared() else {
            return Ok(());
        };
        let is_left = |kind| self.undone().left.iter().any(|left| left.kind == kind);
        if shared == Sharing::SecurityGroup && !is_left(ResourceKind::MountTarget) {
            // AWS does not delete the group of a mount target that others use, and no mount target was left for them.
            return Ok(());
        }
        let Account {
            reader,
            clock,
            progress,
            ..
        } = self.account;
        let of_journal = self.journal.map(|ledger| &ledger.owner.stack);
        let own = target.stack.as_ref().or(of_journal);
        let expected = Expected::with_deadline_minutes(0, 5, 5);
        let users = Wait::new(format!("the users of {kind} {id}"), expected)
            .until(clock, progress, || async {
                Ok(PollState::Ready(shared.users(reader, id, own).await?))
            })
            .await;
        match users {
            Ok(users) if users.is_empty() => Ok(()),
            Ok(users) => {
                let users: Vec<_> = users.into_iter().collect();
                let (uses, those_are) = match users.len() {
                    1 => ("uses", "that is"),
                    _ => ("use", "those are"),
                };
                let users = users.join(" and ");
                Err(Kept::InUse(format!(
                    "{users} {uses} it: it stays until {those_are} removed; then remove this stack again"
                )))
            }
            Err(error) => {
                if let WaitError::Aws(error) = &error {
                    self.note(error);
                }
                Err(Kept::NotDeleted(format!(
                    "it could not be asked who else uses it: {}",
                    error_chain::joined(&error)
                )))
            }
        }
    }

    async fn delete(&self, target: &Target, id: Option<&str>) -> Result<(), String> {
        let kind = target.kind;
        let key = target.key.clone();
        let Some(id) = id else {
            return self.record(JournalEvent::Deleted { key }).await;
        };
        self.record(JournalEvent::Deleting { key: key.clone() })
            .await?;
        // A resource that was found by its tags may be as young as the search.
        let since = target.since.unwrap_or(self.started);
        if kind == ResourceKind::Distribution {
            self.disable(target.reference(id), since).await?;
        }
        self.request_deletion(target.reference(id), since).await?;
        self.wait_until_gone(target.reference(id)).await?;
        self.record(JournalEvent::Deleted { key }).await?;
        let removed = target.reference(id);
        self.account.progress.tell(ProgressUpdate::Deleted {
            resource: removed.clone(),
        });
        self.undone().deleted.push(removed);
        Ok(())
    }

    /// Writes a step to the journal, if there is one.
    async fn record(&self, event: JournalEvent) -> Result<(), String> {
        match self.journal {
            Some(ledger) => ledger
                .append(event)
                .await
                .map_err(|error| error_chain::joined(&error)),
            None => Ok(()),
        }
    }

    /// Requests the deletion until AWS accepts it. Conflicts pass, because the resources in the way are being deleted
    /// too. If AWS does not answer, the request gives up earlier, so that the rest does not have to wait.
    async fn request_deletion(
        &self,
        resource: ResourceRef,
        since: Timestamp,
    ) -> Result<(), String> {
        let account = self.account;
        let ResourceRef { kind, ref id, .. } = resource;
        let id = id.as_str();
        let expected = kind.deletion();
        let mut report = WaitReport::new(
            format!("{kind} {id} to be deletable"),
            Some(resource.clone()),
            (expected.usual, expected.deadline),
            &account.clock,
            &account.progress,
        );
        let mut pauses = schedule(Duration::from_secs(1), Duration::from_secs(15));
        let mut reauth_wait = ReauthWait::default();
        let mut silence = Silence::default();
        loop {
            let call = {
                let (account, id) = (account.clone(), id.to_owned());
                async move { kind.delete(&account.writer, &account.reader, &id).await }
            };
            let error = match self.finished(call).await {
                Ok(()) => {
                    report.reached();
                    return Ok(());
                }
                Err(error) if error.is_not_found() => {
                    // Right after the creation, a missing resource proves nothing.
                    if account.clock.since(since) > VISIBLE_AFTER {
                        report.reached();
                        return Ok(());
                    }
                    error
                }
                Err(error) => error,
            };
            if reauth_wait
                .pause(&error, &account.clock, &account.progress)
                .await
            {
                continue;
            }
            let pause = pauses.next_backoff().unwrap_or_default();
            let elapsed = account
                .clock
                .since(report.start)
                .saturating_sub(reauth_wait.paused());
            self.note(&error);
            let silent_for = silence.after(Some(&error), &account.clock);
            let is_in_vain =
                error.class == ErrorClass::Conflict && elapsed + pause > self.patience(kind);
            let is_too_long =
                elapsed + pause > expected.deadline || is_in_vain || silent_for + pause > LONGEST;
            if !error.class.is_retryable_on_delete() || is_too_long {
                return Err(self.explain(kind, id, error).await);
            }
            report.waiting(self.obstacle(kind, id, &error).await, elapsed);
            account.clock.sleep(pause).await;
        }
    }

    /// Returns how long a conflict is worth waiting for: a resource that was left stays in the way.
    fn patience(&self, kind: ResourceKind) -> Duration {
        let undone = self.undone();
        let mut left = undone.left.iter();
        if !left.any(|left| kind.blocked_by().contains(&left.kind)) {
            kind.deletion().deadline
        } else if kind == ResourceKind::SecurityGroup {
            // Another network interface may hold the group for a while; the next removal waits for it as well.
            LONGEST
        } else {
            Duration::ZERO
        }
    }

    /// Disables a distribution everywhere, because it cannot be deleted before. AWS may refuse an update while another
    /// one is under way, so the wait lets the other update finish first.
    async fn disable(&self, resource: ResourceRef, since: Timestamp) -> Result<(), String> {
        let account = self.account;
        let id = resource.id.to_string();
        let expected = ResourceKind::Distribution.deletion();
        let what = format!("CloudFront distribution {id} to be disabled everywhere");
        let disabled =
            Wait::new(what, expected)
                .about(resource)
                .with_patience(LONGEST)
                .until(&account.clock, &account.progress, || async {
                    let is_young = account.clock.since(since) < VISIBLE_AFTER;
                    let call = {
                        let (account, id) = (account.clone(), id.clone());
                        async move {
                            distribution::disabled(&account.writer, &account.reader, &id).await
                        }
                    };
                    match self.finished(call).await {
                        Err(error) if error.is_not_found() && is_young => {
                            Ok(PollState::Pending("not visible yet".to_owned()))
                        }
                        Err(error) if error.is_not_found() => Ok(PollState::Ready(())),
                        // The wait itself handles all other errors.
                        Err(error)
                            if error.class.is_retryable_on_delete()
                                && !error.class.is_retryable_on_read() =>
                        {
                            Ok(PollState::Pending(error.to_string()))
                        }
                        seen => seen,
                    }
                })
                .await;
        if let Err(WaitError::Aws(error)) = &disabled {
            self.note(error);
        }
        disabled.map_err(|error| error.to_string())
    }

    /// Finishes a call that changes something, even if the caller does not wait for its answer any more.
    async fn finished<T: Send + 'static>(
        &self,
        call: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match task::join(self.calls.spawn(call)).await {
            Some(answer) => answer,
            // The runtime is shutting down, and the task that waits here ends with it.
            None => std::future::pending().await,
        }
    }

    /// Remembers an error about the credentials, which has lasted longer than the wait for a sign-in.
    fn note(&self, error: &AwsError) {
        if error.class == ErrorClass::Credentials {
            self.undone().signed_out = Some(error.clone());
        }
    }

    fn is_signed_out(&self) -> bool {
        self.undone().signed_out.is_some()
    }

    /// Returns true if AWS is deleting the resource already, so that it cannot be kept.
    async fn is_going(&self, target: &Target, id: &str) -> Result<bool, AwsError> {
        if !target.is_going {
            return Ok(false);
        }
        let Account {
            reader,
            clock,
            progress,
            ..
        } = self.account;
        let mut reauth_wait = ReauthWait::default();
        loop {
            match target.kind.observe(reader, id).await {
                Ok(state) => return Ok(state.is_none_or(|state| state == "deleting")),
                Err(error) if reauth_wait.pause(&error, clock, progress).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn keep(&self, target: &Target, id: &str) {
        let kept = target.reference(id);
        let key = target.key.clone();
        match self.record(JournalEvent::Kept { key }).await {
            Ok(()) => self.undone().kept.push(kept),
            Err(why) => self.leave(target, Some(id), why),
        }
    }

    async fn wait_until_gone(&self, resource: ResourceRef) -> Result<(), String> {
        let account = self.account;
        let ResourceRef { kind, ref id, .. } = resource;
        let id = id.as_str();
        let gone = Wait::new(format!("{kind} {id} to be deleted"), kind.deletion())
            .about(resource.clone())
            .with_patience(LONGEST)
            .until(&account.clock, &account.progress, || async {
                Ok(match kind.observe(&account.reader, id).await? {
                    None => PollState::Ready(()),
                    Some(state) => PollState::Pending(state),
                })
            })
            .await;
        match gone {
            Ok(()) => Ok(()),
            Err(WaitError::Aws(error)) => {
                self.note(&error);
                Err(self.explain(kind, id, error).await)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Returns what blocks a deletion, in few words that stay the same as long as it does.
    async fn obstacle(&self, kind: ResourceKind, id: &str, error: &AwsError) -> String {
        let holders = network_interface::holders(&self.account.reader, kind, id).await;
        match holders.unwrap_or_default().as_slice() {
            [] => error
                .code
                .clone()
                .unwrap_or_else(|| error.class.to_string()),
            [only] => format!("still held by {only}"),
            [first, rest @ ..] => format!("still held by {first} and {} more", rest.len()),
        }
    }

    /// Explains a failed deletion: the owners of the network interfaces that are in the way are what the user needs to
    /// know.
    async fn explain(&self, kind: ResourceKind, id: &str, error: AwsError) -> String {
        if error.class == ErrorClass::Conflict
            && let Ok(holders) = network_interface::holders(&self.account.reader, kind, id).await
            && !holders.is_empty()
        {
            return format!("{error}; held by {}", holders.join(", "));
        }
        error.to_string()
    }

    fn leave(&self, target: &Target, id: Option<&str>, why: String) {
        self.list(target.leftover(id, why, &self.account.region));
    }

    fn list(&self, leftover: Leftover) {
        self.account.progress.tell(ProgressUpdate::Left {
            leftover: leftover.clone(),
        });
        self.undone().left.push(leftover);
    }

    fn undone(&self) -> MutexGuard<'_, Undone> {
        self.undone.lock()
    }
}

/// The reason why a resource was not removed.
enum Kept {
    /// Others live on it.
    InUse(String),
    /// It could not be deleted, or nobody knows.
    NotDeleted(String),
}

/// Returns the message of a panic.
fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
