//! The one poller: waits for AWS to get somewhere, and always knows what it waits for.

use std::future::Future;
use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

use super::clock::Clock;
use super::error::{AwsError, ErrorClass};
use crate::progress::{Event, Progress};

/// What a look at AWS has shown.
#[derive(Debug)]
pub(crate) enum Seen<T> {
    /// It is there.
    Ready(T),
    /// Not yet; this is its state.
    Pending(String),
    /// It will never be there.
    Failed(String),
}

/// Why a wait ended without what it waited for.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// AWS did not answer, or refused.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The deadline passed; what was waited for is still in progress.
    #[error("{what} is still in progress after {}: {last}", crate::progress::seconds(*.elapsed))]
    #[non_exhaustive]
    Deadline {
        /// What was waited for.
        what: String,
        /// The last state that AWS reported.
        last: String,
        /// How long it was waited for.
        elapsed: Duration,
    },
    /// What was waited for will not come.
    #[error("{what} failed: {reason}")]
    #[non_exhaustive]
    Failed {
        /// What was waited for.
        what: String,
        /// AWS's reason.
        reason: String,
    },
}

/// A wait: for what, how long it usually takes, and when to give up.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    what: String,
    usual: (Duration, Duration),
    deadline: Duration,
    slowest_poll: Duration,
}

impl Wait {
    /// A wait for `what`, which usually takes between so many seconds (`docs/architecture.md` names the sources).
    pub(crate) fn new(what: impl Into<String>, usual_seconds: (u64, u64), deadline: Duration) -> Self {
        Self {
            what: what.into(),
            usual: (
                Duration::from_secs(usual_seconds.0),
                Duration::from_secs(usual_seconds.1),
            ),
            deadline,
            slowest_poll: Duration::from_secs(15),
        }
    }

    /// Looks until it is there. Failures to look are waited out like any other state, until the deadline.
    pub(crate) async fn until<T, F>(
        self,
        clock: &Clock,
        progress: &Progress,
        mut look: impl FnMut() -> F,
    ) -> Result<T, WaitError>
    where
        F: Future<Output = Result<Seen<T>, AwsError>>,
    {
        let start = clock.now();
        let mut schedule = schedule(Duration::from_secs(1), self.slowest_poll);
        loop {
            let (last, error) = match look().await {
                Ok(Seen::Ready(found)) => return Ok(found),
                Ok(Seen::Pending(state)) => (state, None),
                Ok(Seen::Failed(reason)) => {
                    return Err(WaitError::Failed {
                        what: self.what,
                        reason,
                    });
                }
                Err(error) if is_passing(&error) => (error.to_string(), Some(error)),
                Err(error) => return Err(error.into()),
            };
            let elapsed = clock.since(start);
            if elapsed >= self.deadline {
                return Err(error.map_or_else(
                    || WaitError::Deadline {
                        what: self.what,
                        last,
                        elapsed,
                    },
                    WaitError::Aws,
                ));
            }
            progress.tell(Event::Waiting {
                what: self.what.clone(),
                state: last,
                elapsed,
                usual: self.usual,
                deadline: self.deadline,
            });
            // The last look is at the deadline itself.
            let pause = schedule.next_backoff().unwrap_or(self.slowest_poll);
            clock.sleep(pause.min(self.deadline - elapsed)).await;
        }
    }
}

/// Pauses that grow from one length to another. The backoff crate's clock plays no part: it is asked for lengths only.
pub(crate) fn schedule(first: Duration, slowest: Duration) -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_interval(first)
        .with_max_interval(slowest)
        .with_multiplier(1.5)
        .with_randomization_factor(0.0)
        .with_max_elapsed_time(None)
        .build()
}

/// Whether looking again may help.
fn is_passing(error: &AwsError) -> bool {
    matches!(
        error.class,
        ErrorClass::Throttled | ErrorClass::ServiceFault | ErrorClass::Unreachable | ErrorClass::NotYet
    )
}
