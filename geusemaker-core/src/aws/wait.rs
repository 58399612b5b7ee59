//! The one poller: waits for AWS to get somewhere, and always knows what it waits for.

use std::future::Future;
use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

use super::clock::Clock;
use super::error::AwsError;
use super::reauth_wait::ReauthWait;
use super::silence::Silence;
use crate::progress::{Progress, ProgressEvent};

/// What a look at AWS has shown.
#[derive(Debug)]
pub(crate) enum PollState<T> {
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

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// How long it usually takes, from and to (`docs/architecture.md` names the sources).
    pub(crate) usual: (Duration, Duration),
    /// After how long it is given up.
    pub(crate) deadline: Duration,
}

impl Expected {
    pub(crate) const fn seconds(from: u64, to: u64, deadline: Duration) -> Self {
        Self {
            usual: (Duration::from_secs(from), Duration::from_secs(to)),
            deadline,
        }
    }

    pub(crate) const fn with_deadline_minutes(from: u64, to: u64, minutes: u64) -> Self {
        Self::seconds(from, to, Duration::from_secs(minutes * 60))
    }
}

/// A wait: for what, how long it usually takes, and when to give up.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    what: String,
    expected: Expected,
    /// For how long nothing but failures to look is put up with, if that is shorter than the wait.
    patience: Option<Duration>,
}

impl Wait {
    pub(crate) fn new(what: impl Into<String>, expected: Expected) -> Self {
        Self {
            what: what.into(),
            expected,
            patience: None,
        }
    }

    /// Ends the wait with the error when AWS has not answered for so long.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self {
            patience: Some(patience),
            ..self
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
        F: Future<Output = Result<PollState<T>, AwsError>>,
    {
        let Expected { usual, deadline } = self.expected;
        let start = clock.now();
        let mut has_waited = false;
        let mut silence = Silence::default();
        let mut reauth_wait = ReauthWait::default();
        let mut schedule = schedule(Duration::from_secs(1), SLOWEST_POLL);
        loop {
            let (last, error) = match look().await {
                Ok(PollState::Ready(found)) => {
                    let elapsed = clock.since(start);
                    // What was there at the first look was not waited for.
                    if has_waited {
                        let what = self.what;
                        progress.tell(ProgressEvent::Awaited { what, elapsed });
                    }
                    return Ok(found);
                }
                Ok(PollState::Pending(state)) => (state, None),
                Ok(PollState::Failed(reason)) => {
                    return Err(WaitError::Failed {
                        what: self.what,
                        reason,
                    });
                }
                Err(error) if error.class.is_retryable_on_read() => {
                    (error.to_string(), Some(error))
                }
                Err(error) => {
                    if reauth_wait.pause(&error, clock, progress).await {
                        continue;
                    }
                    return Err(error.into());
                }
            };
            let silent_for = silence.after(error.as_ref(), clock);
            let is_out_of_patience = self.patience.is_some_and(|most| silent_for >= most);
            let elapsed = clock.since(start).saturating_sub(reauth_wait.paused());
            if elapsed >= deadline || is_out_of_patience {
                return Err(error.map_or_else(
                    || WaitError::Deadline {
                        what: self.what,
                        last,
                        elapsed,
                    },
                    WaitError::Aws,
                ));
            }
            progress.tell(ProgressEvent::Waiting {
                what: self.what.clone(),
                state: last,
                elapsed,
                usual,
                deadline,
            });
            has_waited = true;
            // The last look is at the deadline itself.
            let pause = schedule.next_backoff().unwrap_or(SLOWEST_POLL);
            clock.sleep(pause.min(deadline - elapsed)).await;
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

const SLOWEST_POLL: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use geusemaker_testkit::Aws;

    use super::*;
    use crate::aws::error::ErrorClass;

    /// What a wait has shown: its result, when it looked, and what a listener has heard.
    struct Waited {
        result: Result<u32, WaitError>,
        looks: Vec<u64>,
        heard: Vec<String>,
    }

    /// Waits up to a minute for what `look` shows after so many seconds.
    async fn waited(look: impl Fn(u64) -> Result<PollState<u32>, AwsError>) -> Waited {
        let clock = Clock::of(&Aws::new().sdk_config());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let progress = {
            let heard = Arc::clone(&heard);
            Progress::new(Arc::new(move |event: &ProgressEvent| {
                heard.lock().unwrap().push(event.to_string())
            }))
        };
        let start = clock.now();
        let mut looks = Vec::new();
        let result = Wait::new("the kettle", Expected::with_deadline_minutes(20, 40, 1))
            .until(&clock, &progress, || {
                let seconds = clock.since(start).as_secs();
                looks.push(seconds);
                std::future::ready(look(seconds))
            })
            .await;
        let heard = heard.lock().unwrap().clone();
        Waited {
            result,
            looks,
            heard,
        }
    }

    fn error(class: ErrorClass) -> AwsError {
        AwsError {
            class,
            ..AwsError::incomplete("kettle:Describe", "temperature")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_at_once_and_then_less_and_less_often() {
        let waited = waited(|seconds| {
            Ok(if seconds < 50 {
                PollState::Pending("cold".to_owned())
            } else {
                PollState::Ready(100)
            })
        })
        .await;
        assert_eq!(waited.result.unwrap(), 100);
        assert_eq!(waited.looks[0], 0);
        let mut pauses: Vec<_> = waited
            .looks
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect();
        // The deadline cuts the last one short.
        pauses.pop();
        assert!(
            pauses.is_sorted() && pauses.iter().all(|pause| *pause <= 15),
            "{pauses:?}"
        );
        assert_eq!(waited.heard[0], "the kettle: cold, 0s (usually 20s to 40s)");
        // One for each look that found it cold, and one for the end.
        assert_eq!(waited.heard.len(), waited.looks.len());
        assert_eq!(waited.heard.last().unwrap(), "the kettle: done after 1m");
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_deadline_it_looks_once_more_and_tells_the_last_state() {
        let waited = waited(|_| Ok(PollState::Pending("lukewarm".to_owned()))).await;
        assert_eq!(waited.looks.last(), Some(&60));
        let error = waited.result.unwrap_err().to_string();
        assert_eq!(error, "the kettle is still in progress after 1m: lukewarm");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_to_look_that_passes_is_waited_out() {
        for class in [
            ErrorClass::Throttled,
            ErrorClass::ServiceFault,
            ErrorClass::Unreachable,
            ErrorClass::NotYet,
        ] {
            let waited = waited(|seconds| {
                if seconds < 10 {
                    Err(error(class))
                } else {
                    Ok(PollState::Ready(100))
                }
            })
            .await;
            assert_eq!(waited.result.unwrap(), 100, "{class}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_to_look_that_lasts_is_the_error_at_the_deadline() {
        let waited = waited(|_| Err(error(ErrorClass::Unreachable))).await;
        assert_eq!(waited.looks.last(), Some(&60));
        assert!(matches!(waited.result, Err(WaitError::Aws(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_a_wait_without_answers_and_not_one_with_some() {
        let clock = Clock::of(&Aws::new().sdk_config());
        let progress = Progress::new(Arc::new(|_: &ProgressEvent| {}));
        for (answers_every, minutes) in [(u64::MAX, 5), (4, 60)] {
            let start = clock.now();
            let mut looks = 0;
            let result: Result<(), _> =
                Wait::new("the kettle", Expected::with_deadline_minutes(20, 40, 60))
                    .with_patience(Duration::from_secs(300))
                    .until(&clock, &progress, || {
                        looks += 1;
                        std::future::ready(if looks % answers_every == 0 {
                            Ok(PollState::Pending("cold".to_owned()))
                        } else {
                            Err(error(ErrorClass::ServiceFault))
                        })
                    })
                    .await;
            result.unwrap_err();
            let elapsed = clock.since(start).as_secs();
            assert!(
                (minutes * 60..minutes * 60 + 20).contains(&elapsed),
                "{elapsed}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn expired_credentials_pause_the_wait_and_count_against_no_deadline() {
        let waited = waited(|seconds| match seconds {
            30..600 => Err(error(ErrorClass::Credentials)),
            0..620 => Ok(PollState::Pending("cold".to_owned())),
            _ => Ok(PollState::Ready(100)),
        })
        .await;
        // Its deadline is a minute.
        assert_eq!(waited.result.unwrap(), 100);
        let said = waited.heard.iter().filter(|line| line.contains("sign in"));
        assert_eq!(said.count(), 1, "{:#?}", waited.heard);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_who_signs_in_ends_the_wait_after_an_hour() {
        let waited = waited(|_| Err(error(ErrorClass::Credentials))).await;
        assert!(matches!(waited.result, Err(WaitError::Aws(_))));
        assert_eq!(waited.looks.last(), Some(&3600));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_and_what_will_never_come_end_it_at_once() {
        let refused = waited(|_| Err(error(ErrorClass::Permission))).await;
        assert!(matches!(refused.result, Err(WaitError::Aws(_))));
        let failed = waited(|_| Ok(PollState::Failed("no water".to_owned()))).await;
        assert_eq!(
            failed.result.unwrap_err().to_string(),
            "the kettle failed: no water"
        );
        assert_eq!((refused.looks.len(), failed.looks.len()), (1, 1));
    }
}
