//! The deletion of one resource: the request until AWS accepts it, what holds the resource meanwhile, and the wait for its
//! end.

use std::time::Duration;

use backoff::backoff::Backoff as _;
use jiff::Timestamp;

use super::create::LONGEST;
use super::kept_back::KeptBack;
use super::target::Target;
use super::teardown::{Teardown, VISIBLE_AFTER};
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::kind::ResourceKind;
use crate::leftover::Leftover;
use crate::progress::wait::WaitReport;
use crate::resource::holder::{self, Holder};
use crate::resource_ref::ResourceRef;
use crate::wait::reauth_wait::ReauthWait;
use crate::wait::silence::Silence;
use crate::wait::timeouts::Stage;
use crate::wait::{PollState, Wait, WaitError, schedule};

/// The time that a holder has which nobody is removing. It may only look like that: AWS shows for a moment what is gone.
const SHORT: Duration = Duration::from_secs(45);

/// The resources in the way of a deletion.
struct Obstacle {
    /// The holders in words.
    by: Vec<String>,
    /// The longest time for which it is worth waiting for them.
    patience: Duration,
}

impl Teardown<'_> {
    /// Requests the deletion until AWS accepts it. Conflicts pass, because the resources in the way are being deleted
    /// too. If AWS does not answer, the request gives up earlier, so that the rest does not have to wait.
    pub(super) async fn request_deletion(
        &self,
        resource: ResourceRef,
        since: Timestamp,
    ) -> Result<(), KeptBack> {
        let account = self.account;
        let ResourceRef { kind, ref id, .. } = resource;
        let id = id.as_str();
        let expected = account.timeouts.apply(Stage::Deletion, kind.deletion());
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
        let mut refusal = None;
        loop {
            let (error, obstacle) = match self.attempt(kind, id, refusal.take()).await {
                Ok(()) => {
                    report.reached();
                    return Ok(());
                }
                // Right after the creation, a missing resource proves nothing.
                Err((error, _))
                    if error.is_not_found() && account.clock.since(since) > VISIBLE_AFTER =>
                {
                    report.reached();
                    return Ok(());
                }
                Err(refused) => refused,
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
            let is_too_long = elapsed + pause > expected.deadline
                || elapsed + pause > obstacle.patience
                || silent_for + pause > LONGEST;
            if !error.class.is_retryable_on_delete() || is_too_long {
                return Err(self.explain(kind, id, error).await);
            }
            report.waiting(obstacle.state(&error), elapsed);
            account.clock.sleep(pause).await;
            refusal = Some(error);
        }
    }

    /// Requests the deletion once. After a conflict, this waits until nothing that can be seen holds the resource: until
    /// then, AWS would refuse the request again.
    async fn attempt(
        &self,
        kind: ResourceKind,
        id: &str,
        refusal: Option<AwsError>,
    ) -> Result<(), (AwsError, Obstacle)> {
        if let Some(error) = refusal.filter(|error| error.class == ErrorClass::Conflict) {
            let obstacle = self.obstacle(kind, id, &error).await;
            if !obstacle.by.is_empty() {
                return Err((error, obstacle));
            }
        }
        let call = {
            let (account, id) = (self.account.clone(), id.to_owned());
            async move { kind.delete(&account.writer, &account.reader, &id).await }
        };
        match self.finished(call).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let obstacle = self.obstacle(kind, id, &error).await;
                Err((error, obstacle))
            }
        }
    }

    /// Returns what is in the way of a deletion that AWS has refused.
    async fn obstacle(&self, kind: ResourceKind, id: &str, error: &AwsError) -> Obstacle {
        let timeouts = &self.account.timeouts;
        let deadline = timeouts.of(Stage::Deletion, kind.deletion().deadline);
        if error.class != ErrorClass::Conflict {
            return Obstacle {
                by: Vec::new(),
                patience: deadline,
            };
        }
        let found = holder::holders(&self.account.reader, kind, id, false).await;
        let is_known = found.is_ok();
        let holders = found.unwrap_or_default();
        let mut patience = deadline;
        for holder in &holders {
            patience = patience.min(self.patience_for(holder).await);
        }
        if holders.is_empty() && self.has_blocker_left(kind) {
            patience = match kind {
                // Network interfaces that nobody could see may hold the group for a while.
                ResourceKind::SecurityGroup if !is_known => LONGEST,
                _ => Duration::ZERO,
            };
        }
        Obstacle {
            by: holders.into_iter().map(|holder| holder.text).collect(),
            patience,
        }
    }

    /// Returns how long a holder is worth waiting for: one that is being removed goes, and one that is left stays.
    async fn patience_for(&self, holder: &Holder) -> Duration {
        let mut targets = self.targets.iter();
        let own = targets.find(|target| holder.owner.is(target.kind, target.id(), target.name()));
        match own {
            Some(own) if self.is_left(own) => Duration::ZERO,
            Some(_) => Duration::MAX,
            None if holder.owner.stays(&self.account.reader).await => SHORT,
            None => Duration::MAX,
        }
    }

    /// Returns true if the resource is left, and AWS has not accepted its deletion.
    fn is_left(&self, target: &Target) -> bool {
        let undone = self.undone();
        let mut left = undone.left.iter();
        left.any(|left| {
            let id = left.id.as_ref().map(|id| id.as_str());
            left.kind == target.kind
                && left.key == target.key
                && target.id().is_none_or(|own| id == Some(own))
                && !self.is_accepted(left)
        })
    }

    fn is_accepted(&self, left: &Leftover) -> bool {
        let id = left.id.as_ref().map(ToString::to_string);
        id.is_some_and(|id| self.accepted.lock().contains(&(left.kind, id)))
    }

    /// Returns true if a resource is left that would block the deletion of one of this kind.
    fn has_blocker_left(&self, kind: ResourceKind) -> bool {
        let undone = self.undone();
        let mut left = undone.left.iter();
        left.any(|left| kind.blocked_by().contains(&left.kind) && !self.is_accepted(left))
    }

    /// Returns an error if a resource that is left holds this one: AWS would refuse its deletion.
    pub(super) async fn ensure_unheld(&self, kind: ResourceKind, id: &str) -> Result<(), KeptBack> {
        if !self.has_blocker_left(kind) {
            return Ok(());
        }
        let holders = holder::holders(&self.account.reader, kind, id, true).await;
        let mut by = Vec::new();
        for holder in holders.unwrap_or_default() {
            if self.patience_for(&holder).await.is_zero() {
                by.push(holder.text);
            }
        }
        if by.is_empty() {
            return Ok(());
        }
        Err(KeptBack::Held { error: None, by })
    }

    /// Explains a failed deletion: what is in the way is what the user needs to know.
    async fn explain(&self, kind: ResourceKind, id: &str, error: AwsError) -> KeptBack {
        let mut kept = KeptBack::of(None, error);
        if let KeptBack::Held { by, .. } = &mut kept {
            let holders = holder::holders(&self.account.reader, kind, id, true).await;
            *by = holders
                .unwrap_or_default()
                .into_iter()
                .map(|holder| holder.text)
                .collect();
            if by.is_empty() {
                *by = self.blockers_left(kind);
            }
        }
        kept
    }

    /// Returns the resources that are left and block the deletion of one of this kind.
    fn blockers_left(&self, kind: ResourceKind) -> Vec<String> {
        let undone = self.undone();
        let left = undone.left.iter();
        let blocking = left.filter(|left| kind.blocked_by().contains(&left.kind));
        blocking
            .map(|left| match &left.id {
                Some(id) => format!("{} {id}", left.kind),
                None => format!("{} {}", left.kind, left.key),
            })
            .collect()
    }

    pub(super) async fn wait_until_gone(&self, resource: ResourceRef) -> Result<(), KeptBack> {
        let account = self.account;
        let ResourceRef { kind, ref id, .. } = resource;
        let id = id.as_str();
        let expected = account.timeouts.apply(Stage::Deletion, kind.deletion());
        let gone = Wait::new(format!("{kind} {id} to be {}", kind.deleted()), expected)
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
                let doing = "its deletion was requested, and AWS could not be asked for its end";
                Err(KeptBack::of(Some(doing), error))
            }
            Err(error) => Err(KeptBack::Unknown(error.to_string())),
        }
    }
}

impl Obstacle {
    /// Returns what blocks a deletion, in few words that stay the same as long as it does.
    fn state(&self, error: &AwsError) -> String {
        match self.by.as_slice() {
            [] => error
                .code
                .clone()
                .unwrap_or_else(|| error.class.to_string()),
            [only] => format!("still held by {only}"),
            [first, rest @ ..] => format!("still held by {first} and {} more", rest.len()),
        }
    }
}
