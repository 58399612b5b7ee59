//! The choke point: every resource comes into being here.

use std::sync::Arc;
use std::time::Duration;

use backoff::backoff::Backoff as _;

use super::Ledger;
use super::event::{Event, Key};
use super::state::Status;
use crate::aws::error::{AwsError, ErrorClass};
use crate::aws::wait::schedule;
use crate::error::Error;
use crate::id::AwsId;
use crate::progress;
use crate::resource::Create;
use crate::resource::lookup::Lookup;

/// What is known after a call.
enum Outcome<T> {
    /// It took effect.
    Applied(T),
    /// AWS answered and refused.
    NotApplied(AwsError),
    /// No answer, or none that says: it may have taken effect.
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

impl Ledger {
    /// Creates a resource, or returns the one that an earlier run created under the same key.
    ///
    /// The work is a task of its own: whoever asked for it may go away, and it is finished and recorded all the same.
    pub(crate) async fn create<R: Create>(
        self: &Arc<Self>,
        key: Key,
        wanted: R,
    ) -> Result<R::Id, Error> {
        let ledger = Arc::clone(self);
        let name = key.to_string();
        let task = self.running.spawn(async move { ledger.create_once(key, &wanted).await });
        match task.await {
            Ok(result) => result,
            Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
            Err(_) => Err(Error::Stopped { key: name }),
        }
    }


    async fn create_once<R: Create>(&self, key: Key, wanted: &R) -> Result<R::Id, Error> {
        if let Some(entry) = self.entry(&key).await {
            match entry.status {
                Status::Created { id } | Status::Adopted { id } | Status::Kept { id } => {
                    return Ok(R::Id::read(id));
                }
                Status::Deleting { .. } => {
                    return Err(Error::BeingDeleted {
                        key: key.to_string(),
                        kind: entry.lookup.kind(),
                    });
                }
                // An earlier run ended between its intent and its answer.
                Status::Intended => match self.settle(&entry.lookup).await {
                    Ok(Some(id)) => return Ok(R::Id::read(self.created(key, &entry.lookup, id).await?)),
                    Ok(None) => {
                        let event = Event::Deleted { key: key.clone() };
                        self.append(event).await?;
                    }
                    Err(error) => return Err(failed(&entry.lookup, error)),
                },
            }
        }
        let attempt = self.journal.lock().await.state.attempts(&key) + 1;
        let token = format!(
            "gm-{}-{}-{attempt}",
            self.owner.deployment,
            key.as_str().replace('/', "-")
        );
        let lookup = wanted.lookup(&token);
        let event = Event::Intent {
            key: key.clone(),
            lookup: lookup.clone(),
        };
        self.append(event).await?;
        self.call_until_settled(key, wanted, &token, &lookup).await
    }

    /// Makes the call, and makes it again under the same token for as long as that can help.
    async fn call_until_settled<R: Create>(
        &self,
        key: Key,
        wanted: &R,
        token: &str,
        lookup: &Lookup,
    ) -> Result<R::Id, Error> {
        let mut pauses = schedule(Duration::from_secs(1), Duration::from_secs(20));
        let mut calls = 0;
        loop {
            calls += 1;
            let outcome = Outcome::of(wanted.create(&self.account.writer, token).await);
            let error = match outcome {
                Outcome::Applied(id) => {
                    let id = self.created(key, lookup, id.as_ref().to_owned()).await?;
                    return Ok(R::Id::read(id));
                }
                Outcome::Unknown(error) => match self.settle(lookup).await {
                    Ok(Some(id)) => return Ok(R::Id::read(self.created(key, lookup, id).await?)),
                    Ok(None) => error,
                    // The intent stays open: whoever comes next asks again.
                    Err(_) => return Err(failed(lookup, error)),
                },
                Outcome::NotApplied(error) if error.class == ErrorClass::Conflict => {
                    match lookup.find(&self.account.reader).await {
                        Ok(Some(id)) => {
                            return Ok(R::Id::read(self.created(key, lookup, id).await?));
                        }
                        Ok(None) => return self.refused(key, lookup, error).await,
                        Err(_) => return Err(failed(lookup, error)),
                    }
                }
                Outcome::NotApplied(error) if !may_pass(&error) => {
                    return self.refused(key, lookup, error).await;
                }
                Outcome::NotApplied(error) => error,
            };
            if calls == MOST_CALLS {
                return if error.may_have_happened {
                    Err(failed(lookup, error))
                } else {
                    self.refused(key, lookup, error).await
                };
            }
            let pause = pauses.next_backoff().unwrap_or_default();
            self.account.progress.tell(progress::Event::Retrying {
                error,
                next: format!("asking again in {}", progress::seconds(pause)),
            });
            self.account.clock.sleep(pause).await;
        }
    }

    /// Asks AWS whether a call took effect. Not to be found soon after the call proves nothing, so it asks for a while.
    pub(super) async fn settle(&self, lookup: &Lookup) -> Result<Option<String>, AwsError> {
        for pause in SETTLING_PAUSES {
            if let Some(id) = lookup.find(&self.account.reader).await? {
                return Ok(Some(id));
            }
            self.account.clock.sleep(pause).await;
        }
        lookup.find(&self.account.reader).await
    }

    async fn created(&self, key: Key, lookup: &Lookup, id: String) -> Result<String, Error> {
        let event = Event::Created {
            key: key.clone(),
            id: id.clone(),
        };
        self.append(event).await?;
        self.account.progress.tell(progress::Event::Created {
            key: key.to_string(),
            kind: lookup.kind(),
            id: id.clone(),
        });
        Ok(id)
    }

    async fn refused<T>(&self, key: Key, lookup: &Lookup, error: AwsError) -> Result<T, Error> {
        let event = Event::Refused {
            key,
            error: error.clone(),
        };
        self.append(event).await?;
        Err(failed(lookup, error))
    }
}

/// Whether the same call may succeed in a moment. What a create names was checked before or is our own, so not to be
/// found is to be not yet visible.
fn may_pass(error: &AwsError) -> bool {
    match error.class {
        ErrorClass::Throttled
        | ErrorClass::NotYet
        | ErrorClass::NotFound
        | ErrorClass::ServiceFault
        | ErrorClass::Unreachable => true,
        ErrorClass::Capacity
        | ErrorClass::Conflict
        | ErrorClass::Credentials
        | ErrorClass::Invalid
        | ErrorClass::Permission
        | ErrorClass::Quota => false,
    }
}

fn failed(lookup: &Lookup, error: AwsError) -> Error {
    Error::aws(format!("creating the {}", lookup.kind()))(error)
}

/// Eight calls with growing pauses are about a minute and a half.
const MOST_CALLS: u32 = 8;

/// Half a minute in all; AWS advises to begin with a couple of seconds and to go on for minutes at most
/// (Amazon EC2 Developer Guide, "Eventual consistency").
const SETTLING_PAUSES: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];
