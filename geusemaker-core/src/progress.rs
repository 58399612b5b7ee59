//! What a listener is told while a deployment goes on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::aws::error::{AwsError, ErrorClass};
use crate::resource::ResourceKind;

/// Hears what happens. It is called in the middle of the work, so it should be quick.
pub trait Listener: Send + Sync {
    /// Something happened.
    fn on_event(&self, event: &ProgressEvent);
}

impl<F: Fn(&ProgressEvent) + Send + Sync> Listener for F {
    fn on_event(&self, event: &ProgressEvent) {
        self(event);
    }
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProgressEvent {
    /// A step begins; its words end in an ellipsis where it takes time.
    #[non_exhaustive]
    Step {
        /// `Creating ALB...`
        message: String,
    },
    /// A resource exists now.
    #[non_exhaustive]
    Created {
        /// Its name in the journal: `alb/listener/80`.
        key: String,
        /// What it is.
        kind: ResourceKind,
        /// The id by which AWS knows it.
        id: String,
    },
    /// Something was waited for and has not happened yet.
    #[non_exhaustive]
    Waiting {
        /// What is waited for.
        what: String,
        /// The state that AWS last reported.
        state: String,
        /// For how long now.
        #[serde(serialize_with = "as_seconds")]
        elapsed: Duration,
        /// How long it usually takes, from and to.
        #[serde(skip)]
        usual: (Duration, Duration),
        /// When the wait is given up, counted from its start.
        #[serde(serialize_with = "as_seconds")]
        deadline: Duration,
    },
    /// What was waited for is there.
    #[non_exhaustive]
    Awaited {
        /// What was waited for.
        what: String,
        /// How long it took, in seconds where it is serialised.
        #[serde(serialize_with = "as_seconds")]
        elapsed: Duration,
    },
    /// A call failed and is made again, or something else is tried.
    #[non_exhaustive]
    Retrying {
        /// What was refused.
        error: AwsError,
        /// What comes next.
        next: String,
    },
    /// The credentials are not accepted any more; the wait pauses until they are.
    #[non_exhaustive]
    SignInNeeded {
        /// What was refused.
        error: AwsError,
        /// How long the wait pauses at most.
        #[serde(serialize_with = "as_seconds")]
        patience: Duration,
    },
    /// A resource is gone.
    #[non_exhaustive]
    Deleted {
        /// Its name in the journal.
        key: String,
        /// What it was.
        kind: ResourceKind,
        /// The id by which AWS knew it.
        id: String,
    },
    /// A resource could not be deleted.
    #[non_exhaustive]
    Left {
        /// Its name in the journal.
        key: String,
        /// What it is.
        kind: ResourceKind,
        /// Why it is still there.
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
                "{what}: {state}, {} (usually {} to {})",
                seconds(*elapsed),
                seconds(*from),
                seconds(*to)
            ),
            Self::Awaited { what, elapsed } => {
                write!(f, "{what}: done after {}", seconds(*elapsed))
            }
            Self::Retrying { error, next } => match error.class {
                // Nothing is wrong: AWS needs a moment to see what it has just made.
                ErrorClass::NotFound | ErrorClass::NotYet => {
                    let code = error.code.as_deref().unwrap_or("no code");
                    write!(f, "{} is too early yet ({code}); {next}", error.operation)
                }
                _ => write!(f, "{error}; {next}"),
            },
            Self::SignInNeeded { error, patience } => write!(
                f,
                "{error}; sign in again: this waits up to {} for that",
                seconds(*patience)
            ),
            Self::Deleted { kind, id, .. } => write!(f, "{kind} {id} deleted"),
            Self::Left { kind, key, why } => write!(f, "{kind} {key} is still there: {why}"),
        }
    }
}

/// A duration as people write it: `6m40s`.
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

/// The listener, at hand everywhere.
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
