//! The choke point: every resource is created here.

use std::sync::Arc;
use std::time::Duration;

use backoff::backoff::Backoff as _;

use super::Ledger;
use crate::account::Account;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::error::Error;
use crate::id::{AwsId, ResourceId};
use crate::journal::event::JournalEvent;
use crate::journal::state::Status;
use crate::kind::ResourceKind;
use crate::progress::event::{NextAttempt, ProgressUpdate};
use crate::resource::create::Create;
use crate::resource::kinds::AnyLookup;
use crate::resource_key::ResourceKey;
use crate::resource_ref::ResourceRef;
use crate::task;
use crate::wait::reauth_wait::ReauthWait;
use crate::wait::schedule;

/// The longest time for retries: a problem that lasts longer is not temporary.
pub(super) const LONGEST: Duration = Duration::from_secs(300);

/// The pauses between lookups, half a minute in all. AWS advises to begin with a couple of seconds and to go on for
/// minutes at most (Amazon EC2 Developer Guide, "Eventual consistency").
const RESOLVE_PAUSES: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// The time for which AWS may not know yet what was just created. That is usual, so nobody is told.
const USUAL_LAG: Duration = Duration::from_secs(30);

/// The outcome of a call, as far as it is known.
enum Outcome<T> {
    /// The call took effect.
    Applied(T),
    /// AWS answered and refused.
    NotApplied(AwsError),
    /// No clear answer came: the call may have taken effect.
    Unknown(AwsError),
}

impl<T> Outcome<T> {
    fn of(result: Result<T, AwsError>) -> Self {
        match result {
            Ok(value) => Self::Applied(value),
            Err(error) if error.may_have_happened => Self::Unknown(error),
            Err(error) => Self::NotApplied(error),
        }
    }
}

/// The outcome of a call after AWS was asked what exists.
enum Answer {
    /// The resource exists.
    Exists(String),
    /// AWS has refused for good, and the resource does not exist.
    Refused(AwsError),
    /// AWS has refused, and another call may succeed.
    NotApplied(AwsError),
    /// The call may have taken effect, but AWS does not show the resource.
    NotSeen(AwsError),
}

impl Ledger {
    /// Creates a resource, or returns the one that an earlier run created under the same key.
    ///
    /// The work is a separate task: even if the caller goes away, it is finished and recorded.
    pub(crate) async fn create<R: Create<Lookup: Into<AnyLookup>>>(
        self: &Arc<Self>,
        key: ResourceKey,
        wanted: R,
    ) -> Result<R::Id, Error> {
        let ledger = Arc::clone(self);
        let stack = self.owner.stack.clone();
        let creation = self
            .running
            .spawn(async move { ledger.create_once(key, &wanted).await });
        let created = task::join(creation).await;
        created.unwrap_or(Err(Error::Stopped { stack }))
    }

    async fn create_once<R: Create<Lookup: Into<AnyLookup>>>(
        &self,
        key: ResourceKey,
        wanted: &R,
    ) -> Result<R::Id, Error> {
        self.ensure_open()?;
        if let Some(entry) = self.entry(&key) {
            match entry.status {
                Status::Created { id } | Status::Adopted { id } | Status::Kept { id } => {
                    return Ok(R::Id::read(id));
                }
                Status::Deleting { .. } => {
                    return Err(Error::BeingDeleted {
                        key: key.clone(),
                        kind: entry.lookup.kind(),
                        why: "its removal was interrupted".to_owned(),
                    });
                }
                // An earlier run ended between its intent and the answer of AWS.
                Status::Intended => {
                    match self
                        .resolve(&entry.lookup, &mut ReauthWait::default())
                        .await
                    {
                        Ok(Some(id)) => return self.created(key, &entry.lookup, &id).await,
                        // If that run's call is still on its way, the same token makes the two calls one.
                        Ok(None) => {
                            if let Some(id) = self.ask_again(&key, wanted, &entry.lookup).await? {
                                return Ok(id);
                            }
                        }
                        Err(error) => return Err(failed(&entry.lookup, error)),
                    }
                }
            }
        }
        let token = self.token(&key, self.attempts(&key) + 1);
        let lookup: AnyLookup = wanted.lookup(&token).into();
        let event = JournalEvent::Intent {
            key: key.clone(),
            lookup: lookup.clone(),
        };
        self.append(event).await?;
        self.call_until_resolved(key, wanted, &token, &lookup).await
    }

    /// Repeats the call of an earlier run under its token. Returns `None` if that token cannot be used any more.
    async fn ask_again<R: Create<Lookup: Into<AnyLookup>>>(
        &self,
        key: &ResourceKey,
        wanted: &R,
        lookup: &AnyLookup,
    ) -> Result<Option<R::Id>, Error> {
        let token = self.token(key, self.attempts(key));
        let its_lookup: AnyLookup = wanted.lookup(&token).into();
        if its_lookup != *lookup {
            let event = JournalEvent::Deleted { key: key.clone() };
            self.append(event).await?;
            return Ok(None);
        }
        let asked = self.call_until_resolved(key.clone(), wanted, &token, lookup);
        match asked.await {
            Err(error) if error.call().is_some_and(AwsError::is_about_a_used_token) => Ok(None),
            asked => asked.map(Some),
        }
    }

    fn attempts(&self, key: &ResourceKey) -> u32 {
        self.state().attempts(key)
    }

    /// Returns the token by which AWS recognizes a repeated call.
    fn token(&self, key: &ResourceKey, attempt: u32) -> String {
        let key = key.as_str().replace('/', "-");
        format!("gm-{}-{key}-{attempt}", self.owner.deployment)
    }

    /// Makes the call, and repeats it under the same token as long as that can help.
    async fn call_until_resolved<R: Create>(
        &self,
        key: ResourceKey,
        wanted: &R,
        token: &str,
        lookup: &AnyLookup,
    ) -> Result<R::Id, Error> {
        let start = self.account.clock.now();
        let mut pauses = schedule(Duration::from_secs(1), Duration::from_secs(20));
        let mut reauth_wait = ReauthWait::default();
        // True once the outcome of a call is unknown.
        let mut in_doubt = false;
        loop {
            let answer = self.call(&key, wanted, (token, lookup), &mut reauth_wait);
            let answer = answer.await;
            let error = match answer.map_err(|error| failed(lookup, error))? {
                Answer::Exists(id) => return self.created(key, lookup, &id).await,
                Answer::Refused(error) => return self.refused(key, lookup, error).await,
                Answer::NotApplied(error) => error,
                Answer::NotSeen(error) => {
                    in_doubt = true;
                    error
                }
            };
            if !error.may_be_about_the_request()
                && self.waits_for_a_sign_in(&error, &mut reauth_wait).await
            {
                continue;
            }
            let pause = pauses.next_backoff().unwrap_or_default();
            let elapsed = self.account.clock.since(start);
            let elapsed = elapsed.saturating_sub(reauth_wait.paused());
            let may_help = elapsed + pause <= LONGEST && error.class.is_retryable_on_create();
            if may_help && !(error.class.is_too_early() && elapsed < USUAL_LAG) {
                self.tell_retry((&key, lookup.kind()), &error, pause);
            }
            if !may_help || !self.pause(pause).await {
                return self
                    .give_up(key, lookup, error, in_doubt, &mut reauth_wait)
                    .await;
            }
        }
    }

    /// Makes the call once, and asks AWS what exists now if the answer does not say so. After an error, the intent
    /// stays open: the next run asks again.
    async fn call<R: Create>(
        &self,
        key: &ResourceKey,
        wanted: &R,
        (token, lookup): (&str, &AnyLookup),
        reauth_wait: &mut ReauthWait,
    ) -> Result<Answer, AwsError> {
        match Outcome::of(wanted.create(&self.account.writer, token).await) {
            Outcome::Applied(id) if !R::VERIFY_OWNER => Ok(Answer::Exists(id.as_ref().to_owned())),
            Outcome::Applied(id) => {
                // If nobody can find out whose it is, the list of what is left names it.
                let id = id.as_ref().to_owned();
                self.answered.lock().insert(key.clone(), id);
                match self.resolve(lookup, reauth_wait).await? {
                    Some(id) => Ok(Answer::Exists(id)),
                    // Most likely it belongs to another owner, but its tags may only be late.
                    None => Err(name_conflict(lookup)),
                }
            }
            Outcome::Unknown(error) => match self.resolve(lookup, reauth_wait).await {
                Ok(Some(id)) => Ok(Answer::Exists(id)),
                Ok(None) => Ok(Answer::NotSeen(error)),
                Err(resolving) => Err(more_severe(error, resolving)),
            },
            Outcome::NotApplied(error) if error.class == ErrorClass::Conflict => {
                if let Some(id) = error.existing_id() {
                    return Ok(Answer::Exists(id.to_owned()));
                }
                match self.resolve(lookup, reauth_wait).await {
                    Ok(Some(id)) => Ok(Answer::Exists(id)),
                    Ok(None) if error.proves_existence() => Err(error),
                    Ok(None) => Ok(Answer::Refused(error)),
                    Err(resolving) => Err(more_severe(error, resolving)),
                }
            }
            Outcome::NotApplied(error) => Ok(Answer::NotApplied(error)),
        }
    }

    /// Reports the error before the pause.
    pub(super) fn tell_retry(
        &self,
        (key, kind): (&ResourceKey, ResourceKind),
        error: &AwsError,
        pause: Duration,
    ) {
        self.account.progress.tell(ProgressUpdate::Retrying {
            key: key.clone(),
            kind,
            error: error.clone(),
            next: NextAttempt::Again { after: pause },
        });
    }

    /// Pauses before the next call. Returns false if another task waits for the calls under way: it is about to undo or
    /// to stop.
    pub(super) async fn pause(&self, pause: Duration) -> bool {
        self.account.clock.sleep(pause).await;
        !self.running.is_closed()
    }

    /// Ends the attempts. If an earlier call may have created the resource, it is looked up once more before it is
    /// recorded as refused.
    async fn give_up<I: AwsId>(
        &self,
        key: ResourceKey,
        lookup: &AnyLookup,
        error: AwsError,
        in_doubt: bool,
        reauth_wait: &mut ReauthWait,
    ) -> Result<I, Error> {
        if error.may_have_happened {
            return Err(failed(lookup, error));
        }
        if in_doubt {
            match self.resolve(lookup, reauth_wait).await {
                Ok(None) => {}
                Ok(Some(id)) => return self.created(key, lookup, &id).await,
                Err(resolving) => return Err(failed(lookup, more_severe(error, resolving))),
            }
        }
        self.refused(key, lookup, error).await
    }

    async fn resolve(
        &self,
        lookup: &AnyLookup,
        reauth_wait: &mut ReauthWait,
    ) -> Result<Option<String>, AwsError> {
        let is_awaited = || self.running.is_closed();
        resolve(&self.account, lookup, reauth_wait, is_awaited).await
    }

    /// Pauses and returns true if the error is about the credentials, unless another task waits for the calls under
    /// way.
    pub(super) async fn waits_for_a_sign_in(
        &self,
        error: &AwsError,
        reauth_wait: &mut ReauthWait,
    ) -> bool {
        let Account {
            clock, progress, ..
        } = &self.account;
        !self.running.is_closed()
            && reauth_wait.pause(error, clock, progress).await
            && !self.running.is_closed()
    }

    async fn created<I: AwsId>(
        &self,
        key: ResourceKey,
        lookup: &AnyLookup,
        id: &str,
    ) -> Result<I, Error> {
        let event = JournalEvent::Created {
            key: key.clone(),
            id: id.to_owned(),
        };
        self.append(event).await?;
        self.account.progress.tell(ProgressUpdate::Created {
            resource: ResourceRef {
                key,
                kind: lookup.kind(),
                id: ResourceId::from_aws(id),
            },
        });
        Ok(I::read(id.to_owned()))
    }

    async fn refused<T>(
        &self,
        key: ResourceKey,
        lookup: &AnyLookup,
        error: AwsError,
    ) -> Result<T, Error> {
        let event = JournalEvent::Refused {
            key,
            error: error.clone(),
        };
        self.append(event).await?;
        Err(failed(lookup, error))
    }
}

/// Resolves an unknown outcome: asks AWS whether a call took effect. Soon after the call, a missing resource proves
/// nothing, so AWS is asked for a while. Expired credentials are waited for too, unless another task waits for the
/// result.
pub(super) async fn resolve(
    account: &Account,
    lookup: &AnyLookup,
    reauth_wait: &mut ReauthWait,
    is_awaited: impl Fn() -> bool,
) -> Result<Option<String>, AwsError> {
    let mut pauses = RESOLVE_PAUSES.iter();
    loop {
        let last = match lookup.find(&account.reader).await {
            Ok(Some(id)) => return Ok(Some(id)),
            Ok(None) => Ok(None),
            Err(error) if error.class.is_retryable_on_read() => Err(error),
            Err(error) => {
                let Account {
                    clock, progress, ..
                } = account;
                if !is_awaited() && reauth_wait.pause(&error, clock, progress).await {
                    continue;
                }
                return Err(error);
            }
        };
        match pauses.next() {
            Some(pause) => account.clock.sleep(*pause).await,
            None => return last,
        }
    }
}

/// Creates the error for a resource of another owner: AWS returned it for its name and settings, but its tag differs.
fn name_conflict(lookup: &AnyLookup) -> AwsError {
    let kind = lookup.kind();
    let message = format!("a {kind} of this name exists without this deployment's tag");
    AwsError::conflict("checking the resource that AWS returned", message)
}

/// Picks the error to act on: that of a call, or that of resolving its outcome. Expired credentials take precedence,
/// because they are no reason to undo anything.
fn more_severe(error: AwsError, resolving: AwsError) -> AwsError {
    if resolving.class == ErrorClass::Credentials {
        resolving
    } else {
        error
    }
}

fn failed(lookup: &AnyLookup, error: AwsError) -> Error {
    Error::aws(format!("creating the {}", lookup.kind()))(error)
}
