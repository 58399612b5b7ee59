//! Polling: waits until AWS reports the wanted state, and always says what it waits for.

pub(crate) mod reauth_wait;
pub(crate) mod silence;
pub(crate) mod timeouts;

use std::future::Future;
use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use jiff::Timestamp;

use self::reauth_wait::ReauthWait;
use self::silence::Silence;
use crate::aws::clock::Clock;
use crate::aws::error::AwsError;
use crate::progress::Progress;
use crate::progress::wait::{UsualDuration, WaitReport};
use crate::resource_ref::ResourceRef;
use crate::words;

const SLOWEST_POLL: Duration = Duration::from_secs(15);

/// The result of one poll.
#[derive(Debug)]
pub(crate) enum PollState<T> {
    /// The wanted state is reached.
    Ready(T),
    /// The wanted state is not reached yet; the text is the current state.
    Pending(String),
    /// The wanted state will never be reached; the text is the reason.
    Failed(String),
}

/// Error returned when a wait ends before the wanted state is reached.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::{Aws, Fault};
/// # let slow = Fault::on("CreateDistributionWithTags").slow(std::time::Duration::from_secs(45 * 60));
/// # let aws = Aws::builder().fault(slow).build();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 3\ncompute.instance_type = 'g5.xlarge'\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// use geusemaker_core::{Error, WaitError};
///
/// let ready = session.plan(spec).await?.launch().await?;
/// let healthy = ready.balance().await?;
/// // CloudFront takes longer than cdn.wait_timeout.
/// let failed = healthy.publish().await.unwrap_err();
/// match &*failed.error {
///     Error::Wait(WaitError::Deadline { what, last, elapsed, .. }) => {
///         println!("{what}: still {last} after {elapsed:?}");
///     }
///     other => panic!("{other}"),
/// }
/// # drop(failed);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// AWS did not answer, or refused the call.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The deadline passed, and AWS is still working.
    #[error("still waiting for {what} after {}: {last}", words::duration(*.elapsed))]
    #[non_exhaustive]
    Deadline {
        /// The awaited event: `ALB to be active`.
        what: String,
        /// The last state that AWS reported.
        last: String,
        /// The duration of the wait.
        elapsed: Duration,
    },
    /// The wanted state will never be reached.
    #[error("waiting for {what} failed: {reason}")]
    #[non_exhaustive]
    Failed {
        /// The awaited event: `ALB to be active`.
        what: String,
        /// AWS's reason.
        reason: String,
    },
}

/// The expected duration of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) usual: UsualDuration,
    /// The longest duration of the wait.
    pub(crate) deadline: Duration,
}

impl Expected {
    pub(crate) const fn seconds(from: u64, to: u64, deadline: Duration) -> Self {
        Self {
            usual: UsualDuration::seconds(from, to),
            deadline,
        }
    }

    pub(crate) const fn with_deadline_minutes(from: u64, to: u64, minutes: u64) -> Self {
        Self::seconds(from, to, Duration::from_secs(minutes * 60))
    }
}

/// A wait: the awaited event, its usual duration, and the deadline.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    what: String,
    resource: Option<ResourceRef>,
    expected: Expected,
    /// The longest time without an answer from AWS, if it is shorter than the wait.
    patience: Option<Duration>,
}

impl Wait {
    pub(crate) fn new(what: impl Into<String>, expected: Expected) -> Self {
        Self {
            what: what.into(),
            resource: None,
            expected,
            patience: None,
        }
    }

    /// Names the resource that is waited for.
    pub(crate) fn about(self, resource: impl Into<Option<ResourceRef>>) -> Self {
        Self {
            resource: resource.into(),
            ..self
        }
    }

    /// Ends the wait with the last error when AWS has not answered for this long.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self {
            patience: Some(patience),
            ..self
        }
    }

    /// Polls until the wanted state is reached. A failed poll that may pass is waited out like any other state, until
    /// the deadline.
    pub(crate) async fn until<T, F>(
        self,
        clock: &Clock,
        progress: &Progress,
        look: impl FnMut() -> F,
    ) -> Result<T, WaitError>
    where
        F: Future<Output = Result<PollState<T>, AwsError>>,
    {
        let (found, _) = self.until_timed(clock, progress, look).await?;
        Ok(found)
    }

    /// Polls until the wanted state is reached, and returns how long that took, without the pauses for a sign-in.
    pub(crate) async fn until_timed<T, F>(
        self,
        clock: &Clock,
        progress: &Progress,
        mut look: impl FnMut() -> F,
    ) -> Result<(T, Duration), WaitError>
    where
        F: Future<Output = Result<PollState<T>, AwsError>>,
    {
        let mut course = Course::new(self, clock, progress);
        loop {
            match look().await {
                Ok(PollState::Ready(found)) => {
                    let elapsed = course.elapsed();
                    course.report.reached();
                    return Ok((found, elapsed));
                }
                Ok(PollState::Pending(state)) => course.pause(state, None).await?,
                Ok(PollState::Failed(reason)) => {
                    let what = course.report.what.clone();
                    return Err(WaitError::Failed { what, reason });
                }
                Err(error) if error.class.is_retryable_on_read() => {
                    course.pause(error.to_string(), Some(error)).await?;
                }
                Err(error) if course.reauth_wait.pause(&error, clock, progress).await => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The course of a wait.
struct Course<'a> {
    report: WaitReport<'a>,
    clock: &'a Clock,
    deadline: Duration,
    patience: Option<Duration>,
    silence: Silence,
    reauth_wait: ReauthWait,
    pauses: ExponentialBackoff,
    /// The last state that AWS has reported, and when.
    seen: Option<(String, Timestamp)>,
}

impl<'a> Course<'a> {
    fn new(wait: Wait, clock: &'a Clock, progress: &'a Progress) -> Self {
        let Wait {
            what,
            resource,
            expected: Expected { usual, deadline },
            patience,
        } = wait;
        Self {
            report: WaitReport::new(what, resource, (usual, deadline), clock, progress),
            clock,
            deadline,
            patience,
            silence: Silence::default(),
            reauth_wait: ReauthWait::default(),
            pauses: schedule(Duration::from_secs(1), SLOWEST_POLL),
            seen: None,
        }
    }

    /// Returns the time so far, without the pauses for a sign-in.
    fn elapsed(&self) -> Duration {
        let elapsed = self.clock.since(self.report.start);
        elapsed.saturating_sub(self.reauth_wait.paused())
    }

    /// Reports the last state and pauses until the next poll. Returns an error if the time is up.
    async fn pause(&mut self, last: String, error: Option<AwsError>) -> Result<(), WaitError> {
        let silent_for = self.silence.after(error.as_ref(), self.clock);
        let is_out_of_patience = self.patience.is_some_and(|most| silent_for >= most);
        let elapsed = self.elapsed();
        if elapsed >= self.deadline || is_out_of_patience {
            return Err(match error {
                Some(error) => WaitError::Aws(error),
                None => WaitError::Deadline {
                    what: self.report.what.clone(),
                    last,
                    elapsed,
                },
            });
        }
        let state = match &error {
            None => {
                self.seen = Some((last.clone(), self.clock.now()));
                last
            }
            // AWS has not answered this time; what it said last is still worth knowing.
            Some(_) => match &self.seen {
                Some((seen, at)) => {
                    let ago = words::duration(self.clock.since(*at));
                    format!("{seen} {ago} ago; now {last}")
                }
                None => last,
            },
        };
        self.report.waiting(state, elapsed);
        // The last poll is at the deadline itself.
        let pause = self.pauses.next_backoff().unwrap_or(SLOWEST_POLL);
        self.clock.sleep(pause.min(self.deadline - elapsed)).await;
        Ok(())
    }
}

/// Returns pauses that grow from the first length to the slowest one. The backoff crate only computes the lengths; its
/// clock is not used.
pub(crate) fn schedule(first: Duration, slowest: Duration) -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_interval(first)
        .with_max_interval(slowest)
        .with_multiplier(1.5)
        .with_randomization_factor(0.0)
        .with_max_elapsed_time(None)
        .build()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use geusemaker_testkit::Aws;

    use super::*;
    use crate::aws::error_class::ErrorClass;
    use crate::progress::event::ProgressEvent;

    /// The outcome of a wait: its result, the times of its polls, and the messages that the listener has received.
    struct Waited {
        result: Result<u32, WaitError>,
        looks: Vec<u64>,
        heard: Vec<String>,
    }

    /// Waits up to a minute. `look` gives the result of a poll after so many seconds.
    async fn waited(look: impl Fn(u64) -> Result<PollState<u32>, AwsError>) -> Waited {
        let clock = Clock::of(&Aws::new().sdk_config());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let progress = {
            let heard = Arc::clone(&heard);
            let listener = move |event: &ProgressEvent| {
                heard.lock().unwrap().push(event.to_string());
            };
            Progress::new(Arc::new(listener), clock.clone())
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

    /// The first poll is made at once.
    #[tokio::test(start_paused = true)]
    async fn polls_get_less_frequent() {
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
        // The deadline shortens the last pause.
        pauses.pop();
        assert!(
            pauses.is_sorted() && pauses.iter().all(|pause| *pause <= 15),
            "{pauses:?}"
        );
        assert_eq!(
            waited.heard[0],
            "waiting for the kettle: cold, 0s so far (usually 20s to 40s, at most 1m)"
        );
        // One message for each poll that found the kettle cold, and one for the end. The usual time is too short to be
        // worth a word about its end.
        assert_eq!(waited.heard.len(), waited.looks.len());
        assert_eq!(waited.heard.last().unwrap(), "waited 1m for the kettle");
    }

    /// The error at the deadline carries the last state.
    #[tokio::test(start_paused = true)]
    async fn last_poll_is_at_deadline() {
        let waited = waited(|_| Ok(PollState::Pending("lukewarm".to_owned()))).await;
        assert_eq!(waited.looks.last(), Some(&60));
        let error = waited.result.unwrap_err().to_string();
        assert_eq!(error, "still waiting for the kettle after 1m: lukewarm");
    }

    #[tokio::test(start_paused = true)]
    async fn passing_poll_failure_is_waited_out() {
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
    async fn lasting_poll_failure_is_final_error() {
        let waited = waited(|_| Err(error(ErrorClass::Unreachable))).await;
        assert_eq!(waited.looks.last(), Some(&60));
        assert!(matches!(waited.result, Err(WaitError::Aws(_))));
    }

    /// A wait with some answers goes on until its deadline.
    #[tokio::test(start_paused = true)]
    async fn patience_ends_wait_without_answers() {
        let clock = Clock::of(&Aws::new().sdk_config());
        let progress = Progress::new(Arc::new(|_: &ProgressEvent| {}), clock.clone());
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

    /// The pause does not count against the deadline.
    #[tokio::test(start_paused = true)]
    async fn expired_credentials_pause_wait() {
        let waited = waited(|seconds| match seconds {
            30..600 => Err(error(ErrorClass::Credentials)),
            0..620 => Ok(PollState::Pending("cold".to_owned())),
            _ => Ok(PollState::Ready(100)),
        })
        .await;
        // The deadline of the wait is one minute.
        assert_eq!(waited.result.unwrap(), 100);
        let said = waited.heard.iter().filter(|line| line.contains("sign in"));
        assert_eq!(said.count(), 1, "{:#?}", waited.heard);
    }

    #[tokio::test(start_paused = true)]
    async fn missing_sign_in_ends_wait_after_hour() {
        let waited = waited(|_| Err(error(ErrorClass::Credentials))).await;
        assert!(matches!(waited.result, Err(WaitError::Aws(_))));
        assert_eq!(waited.looks.last(), Some(&3600));
    }

    /// They end the wait at the first poll.
    #[tokio::test(start_paused = true)]
    async fn refusal_and_failed_state_end_wait() {
        let refused = waited(|_| Err(error(ErrorClass::Permission))).await;
        assert!(matches!(refused.result, Err(WaitError::Aws(_))));
        let failed = waited(|_| Ok(PollState::Failed("no water".to_owned()))).await;
        assert_eq!(
            failed.result.unwrap_err().to_string(),
            "waiting for the kettle failed: no water"
        );
        assert_eq!((refused.looks.len(), failed.looks.len()), (1, 1));
    }
}
