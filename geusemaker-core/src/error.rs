//! The error of this crate, its category and its remedy.

use std::fmt;
use std::time::Duration;

use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::error_chain;
use crate::id::InstanceId;
use crate::journal::JournalError;
use crate::journal::claim::Holder;
use crate::kind::ResourceKind;
use crate::plan::error::PlanError;
use crate::progress::seconds;
use crate::spec::{ServiceName, SpecError};
use crate::user_data::{GpuMismatch, USER_DATA_MAX};
use crate::wait::WaitError;

/// Error returned when an operation of this crate fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The spec is invalid; AWS was not called.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The spec does not fit the account; nothing was created.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// AWS refused a call, or did not answer it.
    #[error("{doing}")]
    #[non_exhaustive]
    Aws {
        /// The work that failed: `creating the load balancer`.
        doing: String,
        /// The failed call.
        #[source]
        source: AwsError,
    },
    /// A wait ended before AWS reported the wanted state.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// Targets did not become healthy in time.
    #[error("{} of {total} targets not healthy after {}: {}", .unhealthy.len(), seconds(*.elapsed), list(.unhealthy))]
    #[non_exhaustive]
    Unhealthy {
        /// The unhealthy targets, with AWS's reasons.
        unhealthy: Vec<UnhealthyTarget>,
        /// The number of all targets.
        total: usize,
        /// The duration of the wait.
        elapsed: Duration,
    },
    /// No zone, instance type or market had capacity.
    #[error("no capacity for {instance} anywhere: {}", list(.attempts))]
    #[non_exhaustive]
    Capacity {
        /// The instance's name in the journal.
        instance: String,
        /// The attempts, with AWS's answers.
        attempts: Vec<Attempt>,
    },
    /// The GPUs of an instance are not those of its type.
    #[error("the GPUs of instance {instance} are not those of its type")]
    #[non_exhaustive]
    Gpu {
        /// The instance.
        instance: InstanceId,
        /// The difference.
        source: GpuMismatch,
    },
    /// The first-boot script is longer than AWS accepts.
    #[error("the user data is {bytes} bytes; the limit is {USER_DATA_MAX}")]
    #[non_exhaustive]
    UserData {
        /// The length of the script in bytes.
        bytes: usize,
    },
    /// The stack is being removed.
    #[error("stack {stack} is being removed")]
    #[non_exhaustive]
    Ending {
        /// The stack.
        stack: String,
    },
    /// A resource is still being deleted, so it cannot be created again.
    #[error("{kind} {key} is still being deleted: {why}")]
    #[non_exhaustive]
    BeingDeleted {
        /// The resource's name in the journal.
        key: String,
        /// The kind of the resource.
        kind: ResourceKind,
        /// The reason why it still exists.
        why: String,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another process works on the stack.
    #[error("stack {stack} is locked by {holder} since {since}")]
    #[non_exhaustive]
    Locked {
        /// The stack.
        stack: String,
        /// The process that works on the stack.
        holder: Holder,
        /// The time since which it works on the stack, as RFC 3339.
        since: String,
    },
    /// A stack of this name exists already.
    #[error("stack {stack} exists already")]
    #[non_exhaustive]
    Exists {
        /// The stack.
        stack: String,
    },
    /// No stack of this name exists.
    #[error("there is no stack {stack}{}", there_are(.known))]
    #[non_exhaustive]
    NoSuchStack {
        /// The name that was given.
        stack: String,
        /// The names of the stacks that exist.
        known: Vec<String>,
    },
    /// Neither the caller nor the environment names a region.
    #[error("no region: neither the caller nor the environment names one")]
    NoRegion,
    /// The stack belongs to another account.
    #[error(
        "stack {stack} belongs to account {recorded}, but these credentials belong to account {actual}"
    )]
    #[non_exhaustive]
    OtherAccount {
        /// The stack.
        stack: String,
        /// The account that the stack was created in.
        recorded: String,
        /// The account of these credentials.
        actual: String,
    },
    /// The stack is in use, and only a stack that was never committed can be rolled back.
    #[error("stack {stack} is committed, and only an unfinished stack can be rolled back")]
    #[non_exhaustive]
    Committed {
        /// The stack.
        stack: String,
    },
    /// The runtime is shutting down; the journal has the work that was under way.
    #[error("the runtime stopped during the work on {key}")]
    #[non_exhaustive]
    Stopped {
        /// The resource's name in the journal.
        key: String,
    },
}

/// A target that is not healthy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnhealthyTarget {
    /// The instance.
    pub instance: InstanceId,
    /// The service that the target should serve.
    pub service: ServiceName,
    /// The state that AWS reports: `unhealthy`.
    pub state: String,
    /// AWS's reason code and description: `Target.Timeout: Request timed out`.
    pub reason: String,
}

impl fmt::Display for UnhealthyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {}: {} ({})",
            self.service, self.instance, self.state, self.reason
        )
    }
}

/// An attempt to launch an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The place that was tried: `g5.xlarge on-demand in us-east-1a`.
    pub candidate: String,
    /// AWS's answer.
    pub error: AwsError,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.candidate, self.error)
    }
}

/// The category of a failure, for a program that maps failures to exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Category {
    /// The input is invalid.
    Input,
    /// Credentials, permissions or quotas, or no connection to AWS.
    Access,
    /// Another process works on the stack.
    Locked,
    /// A wait reached its deadline, and AWS is still working.
    InProgress,
    /// Any other failure.
    Failure,
}

impl Error {
    pub(crate) fn aws(doing: impl Into<String>) -> impl FnOnce(AwsError) -> Self {
        move |source| Self::Aws {
            doing: doing.into(),
            source,
        }
    }

    /// Returns the message with those of its sources, in one line.
    #[must_use]
    pub fn with_sources(&self) -> String {
        error_chain::joined(self)
    }

    /// Returns the call to AWS that failed, if one did.
    #[must_use]
    pub fn call(&self) -> Option<&AwsError> {
        match self {
            Self::Aws { source, .. } | Self::Wait(WaitError::Aws(source)) => Some(source),
            Self::Capacity { attempts, .. } => attempts.last().map(|attempt| &attempt.error),
            Self::Spec(_)
            | Self::Plan(_)
            | Self::Wait(WaitError::Deadline { .. } | WaitError::Failed { .. })
            | Self::Unhealthy { .. }
            | Self::Gpu { .. }
            | Self::UserData { .. }
            | Self::Ending { .. }
            | Self::BeingDeleted { .. }
            | Self::Journal(_)
            | Self::Locked { .. }
            | Self::Exists { .. }
            | Self::NoSuchStack { .. }
            | Self::NoRegion
            | Self::OtherAccount { .. }
            | Self::Committed { .. }
            | Self::Stopped { .. } => None,
        }
    }

    /// Returns true if nothing is wrong except the credentials.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        self.call()
            .is_some_and(|call| call.class == ErrorClass::Credentials)
    }

    /// Returns the category of the failure.
    #[must_use]
    pub fn category(&self) -> Category {
        match self {
            Self::Spec(_)
            | Self::Plan(_)
            | Self::Exists { .. }
            | Self::NoSuchStack { .. }
            | Self::NoRegion
            | Self::OtherAccount { .. }
            | Self::UserData { .. }
            | Self::Ending { .. }
            | Self::Committed { .. } => Category::Input,
            Self::Locked { .. } | Self::Journal(JournalError::TakenOver { .. }) => Category::Locked,
            Self::Wait(WaitError::Deadline { .. }) => Category::InProgress,
            Self::Aws { source, .. } | Self::Wait(WaitError::Aws(source)) => match source.class {
                ErrorClass::Credentials
                | ErrorClass::Permission
                | ErrorClass::Quota
                | ErrorClass::Unreachable => Category::Access,
                ErrorClass::Capacity
                | ErrorClass::Conflict
                | ErrorClass::Invalid
                | ErrorClass::NotFound
                | ErrorClass::NotYet
                | ErrorClass::ServiceFault
                | ErrorClass::Throttled => Category::Failure,
            },
            Self::Wait(WaitError::Failed { .. })
            | Self::Unhealthy { .. }
            | Self::Capacity { .. }
            | Self::Gpu { .. }
            | Self::BeingDeleted { .. }
            | Self::Journal(
                JournalError::Store { .. }
                | JournalError::Damaged { .. }
                | JournalError::Newer { .. }
                | JournalError::Missing { .. }
                | JournalError::Illegal { .. }
                | JournalError::Stopped { .. },
            )
            | Self::Stopped { .. } => Category::Failure,
        }
    }

    /// Returns what the user can do about the error.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Spec(_) => "correct the spec, or name another file".to_owned(),
            Self::Plan(error) => error.remedy(),
            Self::Aws { source, .. } | Self::Wait(WaitError::Aws(source)) => source.remedy(),
            Self::Wait(WaitError::Deadline { .. }) => {
                "AWS was still working: try again, or set a longer wait_timeout in the spec of a new stack".to_owned()
            }
            Self::Wait(WaitError::Failed { .. }) => {
                "correct what AWS names as the reason, and try again".to_owned()
            }
            Self::Unhealthy { .. } => {
                "check that each service answers health_path with status 200 on its port (the container's log on \
                 the instance), or raise load_balancer.wait_timeout: large images take minutes to pull"
                    .to_owned()
            }
            Self::Capacity { .. } => ErrorClass::Capacity.remedy().to_owned(),
            Self::Gpu { .. } => {
                "read the output of nvidia-smi in the instance's console output; an image without the NVIDIA driver \
                 does not work; gpu_check = false skips this check"
                    .to_owned()
            }
            Self::UserData { .. } => "use fewer services, or shorter images and paths".to_owned(),
            Self::Ending { .. } => "finish its removal first".to_owned(),
            Self::BeingDeleted { .. } => "finish the rollback first".to_owned(),
            Self::Journal(JournalError::Store { .. }) => {
                "free space or fix access where the journal is kept, then run the same command again".to_owned()
            }
            Self::Journal(JournalError::TakenOver { .. }) | Self::Locked { .. } => {
                "wait until the other process has finished".to_owned()
            }
            Self::Journal(JournalError::Stopped { .. }) | Self::Stopped { .. } => {
                "resume the stack or roll it back".to_owned()
            }
            Self::Journal(
                JournalError::Damaged { .. }
                | JournalError::Newer { .. }
                | JournalError::Missing { .. }
                | JournalError::Illegal { .. },
            ) => "nothing was overwritten; restore the journal, then try again".to_owned(),
            Self::Exists { .. } => "resume or destroy it, or choose another name".to_owned(),
            Self::NoRegion => "name a region, or set AWS_REGION".to_owned(),
            Self::NoSuchStack { .. } => "check the name and the directory of the journals (gm: --state, GM_STATE, --sandbox)".to_owned(),
            Self::OtherAccount { .. } => "sign in to the account of the stack".to_owned(),
            Self::Committed { .. } => "to remove the stack, destroy it".to_owned(),
        }
    }
}

fn list<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

fn there_are(names: &[String]) -> String {
    if names.is_empty() {
        "; there are no stacks here".to_owned()
    } else {
        format!("; the stacks here: {}", names.join(", "))
    }
}
