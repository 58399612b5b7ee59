//! Teardown: deletes everything in the order that AWS requires, and lists what could not be deleted. The deletion of one
//! resource is in `deletion`.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::MutexGuard;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, join_all};
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use super::Ledger;
use super::create::{LONGEST, resolve};
use super::kept_back::KeptBack;
use super::protections::Protections;
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
use crate::resource::distribution;
use crate::resource::sharing::Sharing;
use crate::resource_ref::ResourceRef;
use crate::wait::reauth_wait::ReauthWait;
use crate::wait::timeouts::Stage;
use crate::wait::{Expected, PollState, Wait, WaitError};
use crate::{error_chain, task};

/// The time after which AWS shows everything that was created.
pub(super) const VISIBLE_AFTER: Duration = Duration::from_secs(30);

const SIGNED_OUT: &str = "the credentials are no longer accepted, so its removal was not tried";

/// The removal of many resources. It continues after every failure, and can be run again.
pub(crate) struct Teardown<'a> {
    pub(super) account: &'a Account,
    journal: Option<&'a Ledger>,
    /// The calls under way, which are finished even if the teardown is dropped.
    calls: TaskTracker,
    pub(super) targets: Vec<Target>,
    file_systems: FileSystems,
    started: Timestamp,
    pub(super) undone: Mutex<Undone>,
    pub(super) protections: Mutex<Protections>,
    /// The resources whose deletion AWS has accepted: they go by themselves.
    pub(super) accepted: Mutex<BTreeSet<(ResourceKind, String)>>,
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
            protections: Mutex::default(),
            accepted: Mutex::default(),
        }
    }

    /// Deletes everything: the resources of a kind once those of the kinds before it are done. A distribution takes
    /// minutes to be disabled everywhere, and nothing else waits for it.
    ///
    /// Protections are asked for first, unless the answers are known: what is protected stays, and so does the data of
    /// its stack.
    pub(super) async fn run_knowing(self, protections: Option<Protections>) -> Undone {
        let protections = match protections {
            Some(protections) => protections,
            None => Protections::ask(self.account, &self.targets).await,
        };
        let unanswered = protections.unanswered.clone();
        *self.protections.lock() = protections;
        let mut removals: BTreeMap<ResourceKind, Shared<BoxFuture<'_, ()>>> = BTreeMap::new();
        for kind in order(&unanswered) {
            let earlier = kind.after().iter().chain(data_waits_for(kind, &unanswered));
            let before: Vec<_> = earlier
                // Without a VPC origin, a load balancer does not wait for its distribution.
                .filter(|earlier| **earlier != ResourceKind::VpcOrigin || self.has(ResourceKind::VpcOrigin))
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

    /// Deletes everything, and asks for the protections first.
    pub(crate) async fn run(self) -> Undone {
        self.run_knowing(None).await
    }

    fn has(&self, kind: ResourceKind) -> bool {
        self.targets.iter().any(|target| target.kind == kind)
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
                    return self.keep_back(target, Some(id), KeptBack::of(None, error));
                }
            }
        }
        if let Some(kept) = self.kept_by_protection(target) {
            return self.keep_back(target, target.id(), kept);
        }
        let id = match &target.id {
            TargetId::Id(id) => Some(id.clone()),
            // It is unknown whether the resource exists, so AWS is asked first.
            TargetId::Unresolved(lookup) => {
                match resolve(self.account, lookup, &mut ReauthWait::default(), || false).await {
                    Ok(found) => found,
                    Err(error) => {
                        self.note(&error);
                        let doing = match target.answered {
                            None => "it may exist, and AWS could not be asked",
                            Some(_) => {
                                "AWS has answered this id for its name, and could not be asked whose it is"
                            }
                        };
                        return self.keep_back(target, None, KeptBack::of(Some(doing), error));
                    }
                }
            }
        };
        let removed = async {
            if let Some(id) = id.as_deref() {
                self.ensure_unshared(target, id).await?;
                self.ensure_unheld(target.kind, id).await?;
            }
            self.delete(target, id.as_deref()).await
        };
        if let Err(kept) = removed.await {
            if let (KeptBack::Protected(protection), Some(id)) = (&kept, id.as_deref()) {
                self.protections.lock().add(target, id, *protection);
            }
            self.keep_back(target, id.as_deref(), kept);
        }
    }

    /// Returns the reason to leave a resource because of a protection: its own, or that of another resource of the stack
    /// if it is data.
    fn kept_by_protection(&self, target: &Target) -> Option<KeptBack> {
        let protections = self.protections.lock();
        if let Some(id) = target.id()
            && let Some(protection) = protections.of(target.kind, id)
        {
            return Some(KeptBack::Protected(protection));
        }
        if !target.kind.is_data() {
            return None;
        }
        let protected = protections.first_of(target.stack.as_ref())?;
        Some(KeptBack::WithProtected(protected))
    }

    /// Returns an error if others live on the resource: AWS would delete a mount target below their instances.
    async fn ensure_unshared(&self, target: &Target, id: &str) -> Result<(), KeptBack> {
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
                Err(KeptBack::InUse(format!(
                    "{users} {uses} it: it stays until {those_are} removed; then remove this stack again"
                )))
            }
            Err(WaitError::Aws(error)) => {
                self.note(&error);
                let doing = "it could not be asked who else uses it";
                Err(KeptBack::of(Some(doing), error))
            }
            Err(error) => Err(KeptBack::Unknown(format!(
                "it could not be asked who else uses it: {error}"
            ))),
        }
    }

    async fn delete(&self, target: &Target, id: Option<&str>) -> Result<(), KeptBack> {
        let kind = target.kind;
        let key = target.key.clone();
        let Some(id) = id else {
            let deleted = self.record(JournalEvent::Deleted { key }).await;
            return deleted.map_err(KeptBack::Unknown);
        };
        self.record(JournalEvent::Deleting { key: key.clone() })
            .await
            .map_err(KeptBack::Unknown)?;
        // A resource that was found by its tags may be as young as the search.
        let since = target.since.unwrap_or(self.started);
        if kind == ResourceKind::Distribution {
            self.disable(target.reference(id), since).await?;
        }
        self.request_deletion(target.reference(id), since).await?;
        self.accepted.lock().insert((kind, id.to_owned()));
        self.wait_until_gone(target.reference(id)).await?;
        self.record(JournalEvent::Deleted { key })
            .await
            .map_err(KeptBack::Unknown)?;
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

    /// Disables a distribution everywhere, because it cannot be deleted before. AWS may refuse an update while another
    /// one is under way, so the wait lets the other update finish first.
    async fn disable(&self, resource: ResourceRef, since: Timestamp) -> Result<(), KeptBack> {
        let account = self.account;
        let id = resource.id.to_string();
        let expected = ResourceKind::Distribution.deletion();
        let expected = account.timeouts.apply(Stage::Deletion, expected);
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
        disabled.map_err(|error| match error {
            WaitError::Aws(error) => {
                self.note(&error);
                KeptBack::of(None, error)
            }
            error => KeptBack::Unknown(error.to_string()),
        })
    }

    /// Finishes a call that changes something, even if the caller does not wait for its answer any more.
    pub(super) async fn finished<T: Send + 'static>(
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
    pub(super) fn note(&self, error: &AwsError) {
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

    fn leave(&self, target: &Target, id: Option<&str>, why: String) {
        self.list(target.leftover(id, why, &self.account.region));
    }

    fn keep_back(&self, target: &Target, id: Option<&str>, kept: KeptBack) {
        self.list(kept.leftover(target, id, &self.account.region));
    }

    fn list(&self, leftover: Leftover) {
        self.account.progress.tell(ProgressUpdate::Left {
            leftover: leftover.clone(),
        });
        self.undone().left.push(leftover);
    }

    pub(super) fn undone(&self) -> MutexGuard<'_, Undone> {
        self.undone.lock()
    }
}

/// Returns the kinds in the order of a removal. If data waits for the end of instances, these come before it.
fn order(unanswered: &BTreeSet<ResourceKind>) -> Vec<ResourceKind> {
    let mut kinds = ResourceKind::ALL.to_vec();
    if unanswered.contains(&ResourceKind::Instance) {
        kinds.sort_by_key(|kind| match kind {
            ResourceKind::Instance => 1,
            kind if *kind < ResourceKind::MountTarget => 0,
            _ => 2,
        });
    }
    kinds
}

/// Returns the kinds that data waits for, because only a deletion shows if a resource of them is protected.
fn data_waits_for(
    kind: ResourceKind,
    unanswered: &BTreeSet<ResourceKind>,
) -> impl Iterator<Item = &ResourceKind> {
    unanswered
        .iter()
        .filter(move |other| kind.is_data() && kind != **other)
}

/// Returns the message of a panic.
fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
