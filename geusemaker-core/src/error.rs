//! What can go wrong, in words that say what to do.

use std::time::Duration;

use crate::aws::error::{AwsError, ErrorClass};
use crate::aws::wait::WaitError;
use crate::deployment::plan::PlanError;
use crate::id::InstanceId;
use crate::ledger::claim::Holder;
use crate::ledger::journal::JournalError;
use crate::progress::seconds;
use crate::resource::ResourceKind;
use crate::spec::{ServiceName, SpecError};
use crate::user_data::GpuMismatch;

/// Why an operation of this crate failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The spec is wrong; nothing was asked of AWS.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The spec does not fit the account; nothing was created.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// AWS refused, or did not answer.
    #[error("{doing}: {source}")]
    #[non_exhaustive]
    Aws {
        /// What was going on: `creating the load balancer`.
        doing: String,
        /// The call.
        #[source]
        source: AwsError,
    },
    /// Something did not get where it was waited for.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// Targets did not become healthy in time.
    #[error("{} of {total} targets not healthy after {}: {}", .unhealthy.len(), seconds(*.elapsed), list(.unhealthy))]
    #[non_exhaustive]
    Unhealthy {
        /// Those that are not, with AWS's reasons.
        unhealthy: Vec<UnhealthyTarget>,
        /// How many targets there are.
        total: usize,
        /// How long they were waited for.
        elapsed: Duration,
    },
    /// No zone, instance type or market had capacity.
    #[error("no capacity for {instance} anywhere: {}", list(.attempts))]
    #[non_exhaustive]
    Capacity {
        /// The instance's name in the journal.
        instance: String,
        /// What was tried, and AWS's answers.
        attempts: Vec<Attempt>,
    },
    /// An instance's GPUs are not those of its type.
    #[error("instance {instance}: {source}")]
    #[non_exhaustive]
    Gpu {
        /// The instance.
        instance: InstanceId,
        /// What differs.
        source: GpuMismatch,
    },
    /// The first-boot script is longer than AWS takes.
    #[error("the user data has {bytes} bytes, and AWS takes 16384")]
    #[non_exhaustive]
    UserData {
        /// How long it is.
        bytes: usize,
    },
    /// The stack is being removed.
    #[error("stack {stack} is being removed")]
    #[non_exhaustive]
    Ending {
        /// The stack.
        stack: String,
    },
    /// A resource is still being deleted, so it cannot be made again.
    #[error("{kind} {key} is still being deleted: {why}")]
    #[non_exhaustive]
    BeingDeleted {
        /// Its name in the journal.
        key: String,
        /// What it is.
        kind: ResourceKind,
        /// Why it is still there.
        why: String,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Somebody else works on the stack.
    #[error("stack {stack} is being worked on by {holder} since {since}")]
    #[non_exhaustive]
    Locked {
        /// The stack.
        stack: String,
        /// Who holds it.
        holder: Holder,
        /// Since when, as RFC 3339.
        since: String,
    },
    /// There is a stack of this name already.
    #[error("stack {stack} exists already")]
    #[non_exhaustive]
    Exists {
        /// The stack.
        stack: String,
    },
    /// There is no stack of this name.
    #[error("there is no stack {stack}{}", there_are(.known))]
    #[non_exhaustive]
    NoSuchStack {
        /// The name that was asked for.
        stack: String,
        /// The stacks that there are.
        known: Vec<String>,
    },
    /// Nobody has named a region.
    #[error("no region: neither the caller nor the environment names one")]
    NoRegion,
    /// The stack belongs to other credentials.
    #[error(
        "stack {stack} belongs to account {recorded}, and these credentials are of account {actual}"
    )]
    #[non_exhaustive]
    OtherAccount {
        /// The stack.
        stack: String,
        /// The account that it was made in.
        recorded: String,
        /// The account of these credentials.
        actual: String,
    },
    /// The stack is in use, and a rollback is only for one that is not finished.
    #[error("stack {stack} is committed: there is nothing unfinished to roll back")]
    #[non_exhaustive]
    Committed {
        /// The stack.
        stack: String,
    },
    /// The runtime is shutting down; the journal has what was under way.
    #[error("the runtime stopped while {key} was under way")]
    #[non_exhaustive]
    Stopped {
        /// The resource's name in the journal.
        key: String,
    },
}

/// A target that does not take requests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnhealthyTarget {
    /// The instance.
    pub instance: InstanceId,
    /// The service that it should serve.
    pub service: ServiceName,
    /// AWS's state: `unhealthy`.
    pub state: String,
    /// AWS's reason code and description: `Target.Timeout: Request timed out`.
    pub reason: String,
}

impl std::fmt::Display for UnhealthyTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} of {}: {} ({})",
            self.service, self.instance, self.state, self.reason
        )
    }
}

/// A place in which an instance was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// `g5.xlarge on-demand in us-east-1a`
    pub candidate: String,
    /// AWS's answer.
    pub error: AwsError,
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.candidate, self.error)
    }
}

/// What kind of failure it is, for a program that has to answer with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Category {
    /// The input is wrong.
    Input,
    /// Credentials, permissions, quotas, or no way to AWS.
    Access,
    /// Somebody else works on it.
    Locked,
    /// Nothing is wrong yet; a wait was given up.
    InProgress,
    /// Anything else.
    Failure,
}

impl Error {
    pub(crate) fn aws(doing: impl Into<String>) -> impl FnOnce(AwsError) -> Self {
        move |source| Self::Aws {
            doing: doing.into(),
            source,
        }
    }

    /// The call to AWS that failed, if one did.
    #[must_use]
    pub fn call(&self) -> Option<&AwsError> {
        match self {
            Self::Aws { source, .. } | Self::Wait(WaitError::Aws(source)) => Some(source),
            Self::Capacity { attempts, .. } => attempts.last().map(|attempt| &attempt.error),
            _ => None,
        }
    }

    /// Whether nothing is wrong but the credentials.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        self.call()
            .is_some_and(|call| call.class == ErrorClass::Credentials)
    }

    /// What kind of failure it is.
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
                _ => Category::Failure,
            },
            Self::Wait(WaitError::Failed { .. })
            | Self::Unhealthy { .. }
            | Self::Capacity { .. }
            | Self::Gpu { .. }
            | Self::BeingDeleted { .. }
            | Self::Journal(_)
            | Self::Stopped { .. } => Category::Failure,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Spec(_) => "correct the spec".to_owned(),
            Self::Plan(error) => error.remedy(),
            Self::Aws { source, .. } | Self::Wait(WaitError::Aws(source)) => source.remedy(),
            Self::Wait(WaitError::Deadline { .. }) => {
                "AWS is still at it: wait again; a new stack can be given a longer wait_timeout".to_owned()
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
                "look at the instance's console output for nvidia-smi's words; an image without the NVIDIA driver \
                 cannot work, and gpu_check = false leaves this check out"
                    .to_owned()
            }
            Self::UserData { .. } => "give fewer services, or shorter names".to_owned(),
            Self::Ending { .. } => "finish its removal first".to_owned(),
            Self::BeingDeleted { .. } => "finish the rollback first".to_owned(),
            Self::Journal(JournalError::Store { .. }) => {
                "make room or give access to where the journal is kept, and run the same command again".to_owned()
            }
            Self::Journal(JournalError::TakenOver { .. }) | Self::Locked { .. } => {
                "wait until the other process has finished".to_owned()
            }
            Self::Journal(JournalError::Stopped { .. }) | Self::Stopped { .. } => {
                "resume it or roll it back".to_owned()
            }
            Self::Journal(_) => "nothing was overwritten; restore the journal, then try again".to_owned(),
            Self::Exists { .. } => "resume or destroy it, or choose another name".to_owned(),
            Self::NoRegion => "name a region, or set AWS_REGION".to_owned(),
            Self::NoSuchStack { .. } => "check the name and where the journals are kept".to_owned(),
            Self::OtherAccount { .. } => "sign in to the account that the stack was made in".to_owned(),
            Self::Committed { .. } => "destroy it if it should go".to_owned(),
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
        "; there are none here".to_owned()
    } else {
        format!("; there are: {}", names.join(", "))
    }
}
