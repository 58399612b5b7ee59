//! The progress events of a deployment, and the listener that receives them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::aws::error::AwsError;
use crate::kind::ResourceKind;

/// A listener for progress events. It is called in the middle of the work, so it should return quickly.
pub trait Listener: Send + Sync {
    /// Receives an event.
    fn on_event(&self, event: &ProgressEvent);
}

impl<F: Fn(&ProgressEvent) + Send + Sync> Listener for F {
    fn on_event(&self, event: &ProgressEvent) {
        self(event);
    }
}

/// An event in the progress of a deployment.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProgressEvent {
    /// A step begins; its message ends in an ellipsis if the step takes time.
    #[non_exhaustive]
    Step {
        /// The message: `Creating ALB...`.
        message: String,
    },
    /// A resource exists now.
    #[non_exhaustive]
    Created {
        /// The resource's name in the journal: `alb/listener/80`.
        key: String,
        /// The kind of the resource.
        kind: ResourceKind,
        /// The resource's id in AWS.
        id: String,
    },
    /// An awaited event has not happened yet.
    #[non_exhaustive]
    Waiting {
        /// The awaited event: `ALB to be active`.
        what: String,
        /// The state that AWS last reported.
        state: String,
        /// The duration of the wait so far.
        #[serde(serialize_with = "as_seconds")]
        elapsed: Duration,
        /// The usual duration, from and to.
        #[serde(skip)]
        usual: (Duration, Duration),
        /// The longest duration of the wait.
        #[serde(serialize_with = "as_seconds")]
        deadline: Duration,
    },
    /// An awaited event has happened.
    #[non_exhaustive]
    Awaited {
        /// The awaited event: `ALB to be active`.
        what: String,
        /// The duration of the wait, serialized in seconds.
        #[serde(serialize_with = "as_seconds")]
        elapsed: Duration,
    },
    /// A call failed. It is made again, or something else is tried.
    #[non_exhaustive]
    Retrying {
        /// The error of the call.
        error: AwsError,
        /// The next action, in words.
        next: String,
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
        /// The resource's name in the journal.
        key: String,
        /// The kind of the resource.
        kind: ResourceKind,
        /// The resource's id in AWS.
        id: String,
    },
    /// A resource could not be deleted.
    #[non_exhaustive]
    Left {
        /// The resource's name in the journal.
        key: String,
        /// The kind of the resource.
        kind: ResourceKind,
        /// The reason why it still exists.
        why: String,
    },
}

impl fmt::Display for ProgressEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { message } => f.write_str(message),
            Self::Created { kind, id, .. } => write!(f, "{kind} {id} created"),
            Self::Waiting {
                what,
                state,
                elapsed,
                usual: (from, to),
                ..
            } => write!(
                f,
                "waiting for {what}: {state}, {} so far (usually {} to {})",
                seconds(*elapsed),
                seconds(*from),
                seconds(*to)
            ),
            Self::Awaited { what, elapsed } => {
                write!(f, "waited {} for {what}", seconds(*elapsed))
            }
            // Not a failure: AWS needs a moment to show what it has just created.
            Self::Retrying { error, next } if error.class.is_too_early() => {
                let code = error.code.as_deref().unwrap_or("no code");
                write!(
                    f,
                    "{}: dependency not ready yet ({code}); {next}",
                    error.operation
                )
            }
            Self::Retrying { error, next } => write!(f, "{error}; {next}"),
            Self::SignInNeeded { error, patience } => write!(
                f,
                "{error}; sign in again within {}, and the work continues",
                seconds(*patience)
            ),
            Self::Deleted { kind, id, .. } => write!(f, "{kind} {id} deleted"),
            Self::Left { kind, key, why } => write!(f, "{kind} {key} could not be deleted: {why}"),
        }
    }
}

/// Formats a duration for people: `6m40s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let total = duration.as_secs();
    match (total / 3600, total / 60 % 60, total % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

fn as_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

/// A shared handle of the listener.
#[derive(Clone)]
pub(crate) struct Progress(Arc<dyn Listener>);

impl Progress {
    pub(crate) fn new(listener: Arc<dyn Listener>) -> Self {
        Self(listener)
    }

    pub(crate) fn tell(&self, event: ProgressEvent) {
        tracing::info!(target: "geusemaker", %event);
        self.0.on_event(&event);
    }

    pub(crate) fn step(&self, message: impl Into<String>) {
        self.tell(ProgressEvent::Step {
            message: message.into(),
        });
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
