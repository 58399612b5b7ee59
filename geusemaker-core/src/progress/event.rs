//! The events of the progress of a deployment.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::step::Step;
use super::wait::{UsualDuration, WaitId, WaitOutcome};
use crate::aws::error::AwsError;
use crate::id::DeploymentId;
use crate::kind::ResourceKind;
use crate::leftover::Leftover;
use crate::resource_key::ResourceKey;
use crate::resource_ref::ResourceRef;
use crate::spec::StackName;
use crate::{timestamp, words};

/// The version of the serialized events.
pub(super) const VERSION: u32 = 1;

/// An event in the progress of a deployment: what has happened, to which stack, and when.
///
/// Its `Display` is a sentence for people; a program reads [`update`](Self::update). Serialized, it is one flat object:
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # let aws = geusemaker_testkit::Aws::new();
/// # let spec = geusemaker_core::DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// use geusemaker_core::{Journals, ProgressEvent, Session};
///
/// # let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
/// # let heard = std::sync::Arc::clone(&seen);
/// let session = Session::builder(aws.sdk_config(), Journals::in_memory())
///     .listener(move |event: &ProgressEvent| {
///         let json = serde_json::to_value(event).unwrap();
///         // {"version":1,"at":"2026-01-01T00:00:00.000Z","stack":"llm","deployment":"0123456789ab",
///         //  "type":"created","key":"file-system","kind":"file-system","id":"fs-0123456789abcdef0"}
///         println!("{json}");
/// #       heard.lock().unwrap().push(json);
///     })
///     .build()?;
/// # session.plan(spec).await?.launch().await?.rollback().await.into_result()?;
/// # let seen = seen.lock().unwrap();
/// # let created = seen.iter().find(|event| event["type"] == "created" && event["key"] == "file-system").unwrap();
/// # assert_eq!(created["version"], 1);
/// # assert_eq!(created["stack"], "llm");
/// # assert_eq!(created["kind"], "file-system");
/// # let waiting = seen.iter().find(|event| event["type"] == "waiting" && event["key"] == "instance/0").unwrap();
/// # assert!(waiting["usual"]["from"].as_u64() < waiting["usual"]["to"].as_u64());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ProgressEvent {
    /// The version of the serialized event: 1. It changes when a field is removed or changes its meaning.
    pub version: u32,
    /// The time of the event.
    #[serde(serialize_with = "timestamp::serialize")]
    pub at: Timestamp,
    /// The stack; none if the work concerns no single stack.
    pub stack: Option<StackName>,
    /// The deployment of the stack, once its journal has begun.
    pub deployment: Option<DeploymentId>,
    /// The content of the event.
    #[serde(flatten)]
    pub update: ProgressUpdate,
}

/// The content of a [`ProgressEvent`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// use geusemaker_core::{ProgressEvent, ProgressUpdate};
///
/// let session = Session::builder(aws.sdk_config(), Journals::in_memory())
///     .listener(|event: &ProgressEvent| match &event.update {
///         ProgressUpdate::Created { resource, .. } => println!("{} {}", resource.kind, resource.id),
///         ProgressUpdate::Waiting { what, elapsed, usual, .. } => {
///             println!("{what}: {elapsed:?}, usually up to {:?}", usual.to);
///         }
///         _ => {}
///     })
///     .build()?;
/// # let launched = session.plan(spec).await?.launch().await?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProgressUpdate {
    /// A step begins, or has ended.
    #[non_exhaustive]
    Step {
        /// The step.
        #[serde(flatten, serialize_with = "with_message")]
        step: Step,
    },
    /// A resource exists now.
    #[non_exhaustive]
    Created {
        /// The resource.
        #[serde(flatten)]
        resource: ResourceRef,
    },
    /// AWS has not reached the awaited state yet.
    #[non_exhaustive]
    Waiting {
        /// The wait: all its events have the same number.
        wait: WaitId,
        /// The awaited state in words: `ALB to be active`.
        what: String,
        /// The resource that is waited for; none if there are several.
        #[serde(flatten)]
        resource: Option<ResourceRef>,
        /// The state that AWS last reported.
        state: String,
        /// The duration of the wait so far, serialized in seconds like all durations of events.
        #[serde(serialize_with = "as_seconds")]
        elapsed: Duration,
        /// The usual duration.
        usual: UsualDuration,
        /// The longest duration of the wait.
        #[serde(serialize_with = "as_seconds")]
        deadline: Duration,
    },
    /// A wait has become longer than is usual. This is said once, and not of waits that usually end within a minute.
    #[non_exhaustive]
    Late {
        /// The wait.
        wait: WaitId,
        /// The awaited state in words: `CloudFront deployment`.
        what: String,
        /// The resource that is waited for; none if there are several.
        #[serde(flatten)]
        resource: Option<ResourceRef>,
        /// The duration of the wait so far.
        #[serde(serialize_with = "as_seconds")]
        elapsed: Duration,
        /// The usual duration.
        usual: UsualDuration,
    },
    /// A wait has ended. A wait whose first poll shows the awaited state has no events.
    #[non_exhaustive]
    WaitEnded {
        /// The wait.
        wait: WaitId,
        /// The awaited state in words: `ALB to be active`.
        what: String,
        /// The resource that was waited for; none if there are several.
        #[serde(flatten)]
        resource: Option<ResourceRef>,
        /// The outcome.
        outcome: WaitOutcome,
        /// The duration of the wait.
        #[serde(serialize_with = "as_seconds")]
        elapsed: Duration,
    },
    /// A call that creates a resource failed. It is made again, or something else is tried.
    #[non_exhaustive]
    Retrying {
        /// The resource's name in the journal.
        key: ResourceKey,
        /// The kind of the resource.
        kind: ResourceKind,
        /// The error of the call.
        error: AwsError,
        /// The next attempt.
        next: NextAttempt,
    },
    /// A transition has failed; its own part is about to be undone.
    #[non_exhaustive]
    Failed {
        /// The error and its sources, in one line.
        message: String,
    },
    /// AWS no longer accepts the credentials; the work pauses until it accepts new ones.
    #[non_exhaustive]
    SignInNeeded {
        /// The error of the call.
        error: AwsError,
        /// The longest duration of the pause.
        #[serde(serialize_with = "as_seconds")]
        patience: Duration,
    },
    /// A resource was deleted.
    #[non_exhaustive]
    Deleted {
        /// The resource.
        #[serde(flatten)]
        resource: ResourceRef,
    },
    /// A resource could not be deleted.
    #[non_exhaustive]
    Left {
        /// The resource, with the reason.
        #[serde(flatten)]
        leftover: Leftover,
    },
}

/// The attempt after a failed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NextAttempt {
    /// The same call is made again.
    #[non_exhaustive]
    Again {
        /// The pause before it.
        #[serde(serialize_with = "as_seconds")]
        after: Duration,
    },
    /// The next zone, instance type or market is tried.
    #[non_exhaustive]
    Elsewhere {
        /// The place that was refused: `g5.xlarge on-demand in us-east-1a`.
        tried: String,
    },
}

impl fmt::Display for NextAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Again { after } => write!(f, "trying again in {}", words::duration(*after)),
            Self::Elsewhere { tried } => {
                write!(f, "{tried} was refused; trying the next place")
            }
        }
    }
}

impl fmt::Display for ProgressEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.update.fmt(f)
    }
}

impl fmt::Display for ProgressUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { step } => step.fmt(f),
            Self::Created { resource } => write!(f, "{} {} created", resource.kind, resource.id),
            Self::Waiting {
                what,
                state,
                elapsed,
                usual,
                deadline,
                ..
            } => write!(
                f,
                "waiting for {what}: {state}, {} so far (usually {} to {}, at most {})",
                words::duration(*elapsed),
                words::duration(usual.from),
                words::duration(usual.to),
                words::duration(*deadline)
            ),
            Self::Late { what, usual, .. } => write!(
                f,
                "the wait for {what} takes longer than usual ({} to {}); nothing is wrong yet",
                words::duration(usual.from),
                words::duration(usual.to)
            ),
            Self::WaitEnded {
                what,
                outcome: WaitOutcome::Reached,
                elapsed,
                ..
            } => f.write_str(&reached(what, &words::duration(*elapsed))),
            Self::WaitEnded {
                what,
                outcome: WaitOutcome::GivenUp,
                elapsed,
                ..
            } => write!(
                f,
                "stopped waiting for {what} after {}",
                words::duration(*elapsed)
            ),
            // Not a failure: AWS needs a moment to show what it has just created.
            Self::Retrying { error, next, .. } if error.class.is_too_early() => {
                let code = error.code.as_deref().unwrap_or("no code");
                write!(
                    f,
                    "{}: dependency not ready yet ({code}); {next}",
                    error.operation
                )
            }
            Self::Retrying {
                error,
                next: NextAttempt::Elsewhere { tried },
                ..
            } => {
                let code = error.code.as_deref().unwrap_or(&error.message);
                write!(f, "{tried} was refused ({code}); trying the next place")
            }
            Self::Retrying { error, next, .. } => write!(f, "{error}; {next}"),
            Self::Failed { message } => f.write_str(message),
            Self::SignInNeeded { error, patience } => write!(
                f,
                "{error}; sign in again within {}, and the work continues",
                words::duration(*patience)
            ),
            Self::Deleted { resource } => {
                let ResourceRef { kind, id, .. } = resource;
                write!(f, "{kind} {id} {}", kind.deleted())
            }
            Self::Left { leftover } => write!(
                f,
                "{} {} could not be deleted: {}",
                leftover.kind, leftover.key, leftover.why
            ),
        }
    }
}

/// Returns the end of a wait in words: `ALB active (2m35s)` after the wait for `ALB to be active`.
fn reached(what: &str, elapsed: &str) -> String {
    let subject = what.strip_suffix(" to run");
    if let Some(subject) = subject.filter(|subject| subject.starts_with("instance ")) {
        return format!("{subject} runs ({elapsed})");
    }
    match what.split_once(" to be ") {
        Some((subject, state)) => format!("{subject} {state} ({elapsed})"),
        None => format!("waited {elapsed} for {what}"),
    }
}

pub(super) fn as_seconds<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

/// Serializes a step with its sentence.
fn with_message<S: Serializer>(step: &Step, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    step.serialize_into(&mut map)?;
    map.serialize_entry("message", &step.to_string())?;
    map.end()
}
