//! The error of this crate, its category and its remedy.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::aws::clock_speed::{InvalidClockSpeed, NotSimulated};
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::error_chain;
use crate::id::{AccountId, InstanceId, InvalidId};
use crate::journal::JournalError;
use crate::journal::claim::Holder;
use crate::kind::ResourceKind;
use crate::leftover::Leftover;
use crate::plan::Candidate;
use crate::plan::error::PlanError;
use crate::remote_error::RemoteError;
use crate::resource::hosted_zone::PlannedHostedZone;
use crate::resource_key::ResourceKey;
use crate::spec::{
    Difference, DomainName, Region, SecretSource, ServiceName, SpecError, StackName, Tier,
};
use crate::user_data::{BootFailure, GpuMismatch, USER_DATA_MAX};
use crate::wait::WaitError;
use crate::words;

/// Error returned when an operation of this crate fails.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::{Aws, Fault};
/// # let fault = Fault::on("RunInstances").answer("InsufficientInstanceCapacity").forever();
/// # let aws = Aws::builder().fault(fault).build();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// use geusemaker_core::Error;
///
/// let failed = session.plan(spec).await?.launch().await.unwrap_err();
/// // Gives up, as `?` does.
/// let error = Error::from(failed);
/// println!("error: {}", error.with_sources());
/// println!("help: {}", error.remedy());
/// match &error {
///     Error::Capacity { attempts, .. } => println!("{} places were tried", attempts.len()),
///     other => println!("category {:?}", other.category()),
/// }
/// # assert!(matches!(error, Error::Capacity { .. }));
/// # let closed = session.close().await;
/// # assert!(aws.leftovers().is_empty());
/// # closed.into_result()
/// # }
/// ```
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
    /// AWS does not accept the credentials in a region that an account has to enable before it can use it.
    #[error("the credentials are not accepted in {region}, which an account has to enable first")]
    #[non_exhaustive]
    RegionNotEnabled {
        /// The region.
        region: Region,
        /// The failed call.
        #[source]
        source: Box<AwsError>,
    },
    /// AWS does not answer in a Region that is not known to exist.
    #[error("{region} is not a known region of AWS{}", or_near(.near.as_ref()))]
    #[non_exhaustive]
    UnknownRegion {
        /// The Region.
        region: Region,
        /// The Region that was probably meant.
        near: Option<Region>,
        /// The failed call.
        #[source]
        source: Box<AwsError>,
    },
    /// A text is not an id.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// A text is not a clock speed.
    #[error(transparent)]
    ClockSpeed(#[from] InvalidClockSpeed),
    /// A clock speed was set for an account that is not simulated.
    #[error(transparent)]
    NotSimulated(#[from] NotSimulated),
    /// A wait ended before AWS reported the wanted state.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// Targets did not become healthy in time.
    #[error(
        "{} of {total} targets not healthy after {}: {}{}",
        .unhealthy.len(),
        words::duration(*.elapsed),
        not_active(.load_balancer.as_deref()),
        list(.unhealthy)
    )]
    #[non_exhaustive]
    Unhealthy {
        /// The unhealthy targets, with AWS's reasons.
        unhealthy: Vec<UnhealthyTarget>,
        /// The number of all targets.
        total: usize,
        /// The duration of the wait, including that for the load balancer to be active.
        elapsed: Duration,
        /// The state of the load balancer, if it was not active in time.
        load_balancer: Option<String>,
    },
    /// A certificate was not issued in time.
    #[error("the certificate for {} is not issued after {}", list(.names), words::duration(*.elapsed))]
    #[non_exhaustive]
    CertificateNotIssued {
        /// The names of the stack.
        names: Vec<DomainName>,
        /// The hosted zone that has the records by which the names are validated.
        zone: Option<Box<PlannedHostedZone>>,
        /// The duration of the wait.
        elapsed: Duration,
    },
    /// No zone, instance type or market had capacity.
    #[error("{}: tried {}", no_place(.instance, .attempts), tried(.attempts, .region))]
    #[non_exhaustive]
    Capacity {
        /// The instance's name in the journal.
        instance: ResourceKey,
        /// The attempts, with AWS's answers.
        attempts: Vec<Attempt>,
        /// The region.
        region: Region,
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
    /// A container, or a part of the machine such as the shared file system, has failed on an instance.
    #[error("{service} failed on instance {instance}: {reason}")]
    #[non_exhaustive]
    Software {
        /// The instance.
        instance: InstanceId,
        /// The service, `the machine` or `the shared file system`.
        service: String,
        /// The reason, in the instance's words.
        reason: String,
        /// The last lines of the container's log, if there is one.
        log: Vec<String>,
    },
    /// The first-boot script is longer than AWS accepts.
    #[error("the user data is {bytes} bytes after compression; the limit is {USER_DATA_MAX}")]
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
        stack: StackName,
    },
    /// A resource is still being deleted, so it cannot be created again.
    #[error("{kind} {key} is still being deleted: {why}")]
    #[non_exhaustive]
    BeingDeleted {
        /// The resource's name in the journal.
        key: ResourceKey,
        /// The kind of the resource.
        kind: ResourceKind,
        /// The reason why it still exists.
        why: String,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another process works on the stack, or this process holds it already.
    #[error("stack {stack} is locked by {} since {since:.0}", this_process_or(.holder))]
    #[non_exhaustive]
    Locked {
        /// The stack.
        stack: StackName,
        /// The process that works on the stack.
        holder: Box<Holder>,
        /// The time since which it works on the stack.
        since: Timestamp,
    },
    /// A stack of this name exists already.
    #[error("stack {stack} exists already")]
    #[non_exhaustive]
    Exists {
        /// The stack.
        stack: StackName,
    },
    /// The stack was made from another spec, and the difference touches its resources.
    #[error("stack {stack} exists and was made from another spec ({})", list(.differences))]
    #[non_exhaustive]
    AnotherSpec {
        /// The stack.
        stack: StackName,
        /// The fields that differ and touch resources.
        differences: Vec<Difference>,
    },
    /// No stack of this name exists.
    #[error("there is no stack {stack}{}", there_are(.known))]
    #[non_exhaustive]
    NoSuchStack {
        /// The name that was given.
        stack: StackName,
        /// The names of the stacks that exist.
        known: Vec<StackName>,
    },
    /// Neither the spec, or the caller, nor the environment names a region.
    #[error("no region: neither the spec nor the environment names one")]
    NoRegion,
    /// The stack belongs to another account.
    #[error(
        "stack {stack} belongs to account {recorded}, but these credentials belong to account {actual}"
    )]
    #[non_exhaustive]
    OtherAccount {
        /// The stack.
        stack: StackName,
        /// The account that the stack was created in.
        recorded: AccountId,
        /// The account of these credentials.
        actual: AccountId,
    },
    /// The stack is in use, and only a stack that was never committed can be rolled back.
    #[error("stack {stack} is deployed, and only an unfinished stack can be rolled back")]
    #[non_exhaustive]
    Committed {
        /// The stack.
        stack: StackName,
    },
    /// The stack has no CDN, or none yet.
    #[error("stack {stack} has no CDN{}", why_no_cdn(*.tier))]
    #[non_exhaustive]
    NoCdn {
        /// The stack.
        stack: StackName,
        /// The tier in the spec.
        tier: Tier,
    },
    /// The load balancer of the stack asks for no secret: an earlier version has made it.
    #[error("the load balancer of stack {stack} asks its CDN for no secret")]
    #[non_exhaustive]
    NoOriginSecret {
        /// The stack.
        stack: StackName,
    },
    /// The CDN of the stack reaches the load balancer through a VPC origin, so that there is no secret between them.
    #[error(
        "the CDN of stack {stack} reaches its load balancer through a VPC origin, without a secret"
    )]
    #[non_exhaustive]
    NoSecretNeeded {
        /// The stack.
        stack: StackName,
    },
    /// The load balancer of the stack asks for no bearer token: its spec does not say so.
    #[error("the load balancer of stack {stack} asks for no bearer token")]
    #[non_exhaustive]
    NoBearerToken {
        /// The stack.
        stack: StackName,
    },
    /// The beginning of a change of the bearer token was interrupted: some rules do not admit the new token yet.
    #[error("some rules of stack {stack} do not admit the new bearer token yet")]
    #[non_exhaustive]
    TokenNotAdmitted {
        /// The stack.
        stack: StackName,
    },
    /// The place that the spec names has no client secret any more.
    #[error("load_balancer.auth.client_secret {place} {reason}")]
    #[non_exhaustive]
    ClientSecret {
        /// The place.
        place: SecretSource,
        /// The reason: a clause without its subject.
        reason: String,
        /// The remedy.
        remedy: String,
    },
    /// The deployment of the stack was never finished.
    #[error("the deployment of stack {stack} was never finished")]
    #[non_exhaustive]
    Unfinished {
        /// The stack.
        stack: StackName,
    },
    /// The step does not belong to the tier that the spec asks for. AWS was not called.
    #[error("{step} does not belong to stack {stack}, whose spec asks for tier {tier}")]
    #[non_exhaustive]
    WrongTier {
        /// The stack.
        stack: StackName,
        /// The tier in the spec.
        tier: Tier,
        /// The step: `balance()`.
        step: &'static str,
        /// The step that belongs here instead.
        instead: &'static str,
    },
    /// An instance cannot be asked or reached from afar.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The session was closed, so its deployments can make nothing more.
    #[error("the session of stack {stack} is closed")]
    #[non_exhaustive]
    SessionClosed {
        /// The stack.
        stack: StackName,
    },
    /// Resources that should have been deleted still exist, or may exist.
    #[error("{} left: {}", resources(.left.len()), list(.left))]
    #[non_exhaustive]
    Leftovers {
        /// The resources, with the reasons.
        left: Vec<Leftover>,
    },
    /// The runtime is shutting down; the journal has the work that was under way.
    #[error("the runtime stopped during the work on stack {stack}")]
    #[non_exhaustive]
    Stopped {
        /// The stack.
        stack: StackName,
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
    /// The same in words: `answers 404 on /healthz; expected 200`.
    pub finding: String,
    /// The thing to check.
    pub remedy: String,
}

impl fmt::Display for UnhealthyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} is {} ({}): it {}",
            self.service, self.instance, self.state, self.reason, self.finding
        )
    }
}

/// An attempt to launch an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The place that was tried.
    pub candidate: Candidate,
    /// AWS's answer.
    pub error: AwsError,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.candidate, self.error)
    }
}

impl Attempt {
    fn is_about_quota(&self) -> bool {
        self.error.class == ErrorClass::Quota
    }
}

/// The category of a failure, for a program that maps failures to exit codes.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::{Aws, Fault};
/// # let aws = Aws::builder().fault(Fault::on("DescribeVpcs").denied()).build();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// use geusemaker_core::{Category, Error};
///
/// fn exit_code(error: &Error) -> u8 {
///     match error.category() {
///         Category::Input => 2,
///         Category::Access => 3,
///         Category::Locked => 4,
///         _ => 1,
///     }
/// }
///
/// let error = session.plan(spec).await.unwrap_err();
/// assert_eq!(exit_code(&error), 3);
/// # session.close().await.into_result()
/// # }
/// ```
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
        let mut messages = Vec::new();
        for link in error_chain::links(self) {
            messages.push(link.to_string());
            // The SDK's own error says for programs what this one says for people.
            if link.is::<AwsError>() {
                break;
            }
        }
        messages.join(": ")
    }

    /// Returns the call to AWS that failed, if one did.
    #[must_use]
    pub fn call(&self) -> Option<&AwsError> {
        match self {
            Self::Aws { source, .. } | Self::Wait(WaitError::Aws(source)) => Some(source),
            Self::RegionNotEnabled { source, .. } | Self::UnknownRegion { source, .. } => {
                Some(source)
            }
            Self::Capacity { attempts, .. } => attempts.last().map(|attempt| &attempt.error),
            Self::Plan(error) => error.call(),
            Self::Spec(_)
            | Self::Wait(WaitError::Deadline { .. } | WaitError::Failed { .. })
            | Self::Unhealthy { .. }
            | Self::CertificateNotIssued { .. }
            | Self::Gpu { .. }
            | Self::Software { .. }
            | Self::UserData { .. }
            | Self::Ending { .. }
            | Self::BeingDeleted { .. }
            | Self::Journal(_)
            | Self::Locked { .. }
            | Self::Exists { .. }
            | Self::AnotherSpec { .. }
            | Self::NoSuchStack { .. }
            | Self::NoRegion
            | Self::OtherAccount { .. }
            | Self::Committed { .. }
            | Self::NoCdn { .. }
            | Self::NoOriginSecret { .. }
            | Self::NoSecretNeeded { .. }
            | Self::NoBearerToken { .. }
            | Self::TokenNotAdmitted { .. }
            | Self::ClientSecret { .. }
            | Self::Unfinished { .. }
            | Self::Id(_)
            | Self::ClockSpeed(_)
            | Self::NotSimulated(_)
            | Self::WrongTier { .. }
            | Self::Remote(_)
            | Self::SessionClosed { .. }
            | Self::Leftovers { .. }
            | Self::Stopped { .. } => None,
        }
    }

    /// Returns true if nothing is wrong except the credentials.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        self.call()
            .is_some_and(|call| call.class == ErrorClass::Credentials)
    }

    /// Returns the instances on whose consoles the reason of the failure may be found. Their ends are kept in the journal
    /// before an undo: [`HistoryEvent::Console`](crate::HistoryEvent::Console).
    #[must_use]
    pub fn instances_at_fault(&self) -> Vec<&InstanceId> {
        let mut instances: Vec<_> = match self {
            Self::Unhealthy { unhealthy, .. } => unhealthy.iter().map(|it| &it.instance).collect(),
            Self::Software { instance, .. } | Self::Gpu { instance, .. } => vec![instance],
            _ => Vec::new(),
        };
        instances.sort();
        instances.dedup();
        instances
    }

    /// Returns the category of the failure.
    #[must_use]
    pub fn category(&self) -> Category {
        match self {
            Self::Plan(error) if error.is_about_access() => Category::Access,
            Self::Spec(_)
            | Self::Plan(_)
            | Self::Exists { .. }
            | Self::AnotherSpec { .. }
            | Self::NoSuchStack { .. }
            | Self::NoRegion
            | Self::OtherAccount { .. }
            | Self::UserData { .. }
            | Self::Ending { .. }
            | Self::Id(_)
            | Self::ClockSpeed(_)
            | Self::NotSimulated(_)
            | Self::WrongTier { .. }
            | Self::NoCdn { .. }
            | Self::NoOriginSecret { .. }
            | Self::NoSecretNeeded { .. }
            | Self::NoBearerToken { .. }
            | Self::TokenNotAdmitted { .. }
            | Self::ClientSecret { .. }
            | Self::Unfinished { .. }
            | Self::Committed { .. } => Category::Input,
            Self::Remote(error) if error.is_about_input() => Category::Input,
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
            Self::Capacity { attempts, .. } if attempts.iter().all(Attempt::is_about_quota) => {
                Category::Access
            }
            Self::UnknownRegion { .. } => Category::Input,
            Self::RegionNotEnabled { .. } => Category::Access,
            Self::Wait(WaitError::Failed { .. })
            | Self::Unhealthy { .. }
            | Self::CertificateNotIssued { .. }
            | Self::Capacity { .. }
            | Self::Gpu { .. }
            | Self::Software { .. }
            | Self::BeingDeleted { .. }
            | Self::Journal(
                JournalError::Store { .. }
                | JournalError::Folder { .. }
                | JournalError::Damaged { .. }
                | JournalError::Newer { .. }
                | JournalError::Missing { .. }
                | JournalError::Illegal { .. }
                | JournalError::Stopped { .. },
            )
            | Self::Remote(_)
            | Self::SessionClosed { .. }
            | Self::Leftovers { .. }
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
            Self::UnknownRegion {
                near: Some(near), ..
            } => format!(
                "name {near}, or another region, in the spec or in AWS_REGION; if the region is new, check the network"
            ),
            Self::UnknownRegion { near: None, .. } => {
                "name a region such as us-east-1 in the spec or in AWS_REGION; if the region is new, check the network"
                    .to_owned()
            }
            Self::RegionNotEnabled { region, .. } => format!(
                "enable the region (aws account enable-region --region-name {region}), which takes minutes; if it is enabled, \
                 sign in again"
            ),
            Self::Wait(WaitError::Deadline { .. }) => {
                "AWS was still working: go on (gm resume NAME), with more time if need be (--timeout STAGE=DURATION)".to_owned()
            }
            Self::Wait(WaitError::Failed { .. }) => {
                "correct what AWS names as the reason, and try again".to_owned()
            }
            Self::CertificateNotIssued { zone, .. } => certificate_remedy(zone.as_deref()),
            Self::Unhealthy { unhealthy, .. } => unhealthy_remedy(unhealthy),
            Self::Capacity {
                attempts, region, ..
            } => capacity_remedy(attempts, region),
            Self::Gpu { .. } => {
                "read the output of nvidia-smi in the instance's console output; an image without the NVIDIA driver \
                 does not work; gpu_check = false skips this check"
                    .to_owned()
            }
            Self::Software { reason, .. } if reason.contains("no space left") => {
                "raise compute.root_volume_gib: images and local volumes are on the root disk".to_owned()
            }
            Self::Software { reason, .. } if reason.contains("access to the image denied") => {
                "check the name of the image; the instances sign in to private registries of Amazon ECR alone, so any other image \
                 has to be public"
                    .to_owned()
            }
            Self::Software { service, .. }
                if service == "the machine" || service == "the shared file system" =>
            {
                "read the rest on the console of the instance; another attempt may succeed".to_owned()
            }
            Self::Software { log, .. } if log.is_empty() => {
                "correct the service in the spec as the reason says".to_owned()
            }
            Self::Software { .. } => {
                "correct the service in the spec as the reason says; its log ends with the lines that are shown"
                    .to_owned()
            }
            Self::UserData { .. } => "use fewer services, or shorter images and paths".to_owned(),
            Self::Ending { .. } => "finish its removal first".to_owned(),
            Self::BeingDeleted { .. } => {
                "remove what prevents its deletion, then try again: the undo is finished first".to_owned()
            }
            Self::Journal(JournalError::Store { .. } | JournalError::Folder { .. }) => {
                "free space or fix access where the journal is kept, then run the same command again".to_owned()
            }
            Self::Locked { holder, .. } if holder.is_this_process() => {
                "commit, keep or drop the deployment that this process holds, also where an error holds it; a lock that \
                 nothing holds any more expires within 15 minutes"
                    .to_owned()
            }
            Self::Journal(JournalError::TakenOver { .. }) | Self::Locked { .. } => {
                "wait until the other process has finished".to_owned()
            }
            Self::Id(_) => "correct the id".to_owned(),
            Self::ClockSpeed(_) => "name a speed such as 60".to_owned(),
            Self::NotSimulated(_) => "leave the clock speed out for a real account".to_owned(),
            Self::WrongTier { instead, .. } if *instead == "commit()" => {
                "call commit() instead, or plan a spec with a higher tier".to_owned()
            }
            Self::WrongTier { instead, .. } => format!("call {instead} first"),
            Self::Remote(error) => error.remedy(),
            Self::SessionClosed { .. } => {
                "create another session: the result of close(), and the journal, say what exists".to_owned()
            }
            Self::Leftovers { .. } => {
                "remove the stack again, or run the AWS CLI command that each leftover comes with".to_owned()
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
            Self::AnotherSpec { .. } => {
                "a stack cannot be changed in place: remove it first, or give the spec another name"
                    .to_owned()
            }
            Self::Exists { .. } => "resume or destroy it, or choose another name".to_owned(),
            Self::NoRegion => {
                "add region = \"us-east-1\" to the spec, or set AWS_REGION".to_owned()
            }
            Self::NoSuchStack { stack, known } => match near_miss(stack, known) {
                Some(near) => format!("did you mean {near}?"),
                None => "check the name and the directory of the journals (gm: --state, GM_STATE, --sandbox)".to_owned(),
            },
            Self::OtherAccount { .. } => "sign in to the account of the stack".to_owned(),
            Self::NoCdn { tier: Tier::Cdn, .. } => {
                "finish its deployment first: gm resume NAME".to_owned()
            }
            Self::NoCdn { .. } => {
                "only stacks of tier 3 have a CDN: destroy it, and deploy it with tier = 3".to_owned()
            }
            Self::NoOriginSecret { .. } => {
                "an earlier version has made it: destroy the stack, and deploy it anew".to_owned()
            }
            Self::NoSecretNeeded { .. } => {
                "nothing is to be done: nobody else reaches the load balancer".to_owned()
            }
            Self::NoBearerToken { .. } => {
                "destroy the stack, and deploy it with type = \"bearer\" in [load_balancer.auth]".to_owned()
            }
            Self::TokenNotAdmitted { .. } => {
                "begin again: gm rotate-token NAME; use the token that it prints, then finish".to_owned()
            }
            Self::ClientSecret { remedy, .. } => remedy.clone(),
            Self::Unfinished { .. } => "finish it first: gm resume NAME".to_owned(),
            Self::Committed { .. } => "to remove the stack, destroy it".to_owned(),
        }
    }
}

impl BootFailure {
    /// Returns the error of this failure on an instance.
    pub(crate) fn on(self, instance: &InstanceId) -> Error {
        let Self {
            service,
            reason,
            log,
        } = self;
        Error::Software {
            instance: instance.clone(),
            service,
            reason,
            log,
        }
    }
}

fn this_process_or(holder: &Holder) -> String {
    if holder.is_this_process() {
        "this process".to_owned()
    } else {
        holder.to_string()
    }
}

/// Returns the reason why a stack has no CDN.
fn why_no_cdn(tier: Tier) -> String {
    match tier {
        Tier::Cdn => " yet".to_owned(),
        Tier::Instances | Tier::LoadBalancer => format!(": its spec asks for tier {tier}"),
    }
}

fn resources(count: usize) -> String {
    let are = if count == 1 { "is" } else { "are" };
    format!("{} {are}", words::count(count, "resource"))
}

/// Returns the reason why an instance came up nowhere: `AWS has no capacity for instance 0`.
fn no_place(instance: &ResourceKey, attempts: &[Attempt]) -> String {
    let instance = instance.as_str().replace('/', " ");
    let is_full = |attempt: &Attempt| {
        let code = attempt.error.code.as_deref();
        code.is_some_and(|code| code.contains("InsufficientInstanceCapacity"))
    };
    if attempts.iter().all(is_full) {
        return format!("AWS has no capacity for {instance}");
    }
    let codes = attempts.iter().filter_map(|it| it.error.code.as_deref());
    let codes: BTreeSet<_> = codes.collect();
    let codes = Vec::from_iter(codes).join(", ");
    format!("AWS has refused {instance} everywhere ({codes})")
}

/// Returns the types and the zones that were tried: `g5.xlarge, g6.xlarge in us-east-1a, b`.
fn tried(attempts: &[Attempt], region: &Region) -> String {
    let mut types = Vec::new();
    let mut zones = BTreeSet::new();
    for Attempt { candidate, .. } in attempts {
        let name = candidate.instance_type.to_string();
        if !types.contains(&name) {
            types.push(name);
        }
        zones.insert(candidate.zone.as_str());
    }
    let zones = words::zones(region.as_str(), zones);
    format!("{} in {zones}", types.join(", "))
}

fn capacity_remedy(attempts: &[Attempt], region: &Region) -> String {
    let of_quotas = attempts.iter().filter(|attempt| attempt.is_about_quota());
    let quotas = of_quotas.filter_map(|Attempt { candidate, .. }| {
        candidate.instance_type.vcpu_quota(candidate.purchase)
    });
    let quotas: BTreeSet<_> = quotas.collect();
    if !quotas.is_empty() {
        let pages = quotas.iter().map(|quota| {
            format!(
                "\"{quota}\" in Service Quotas, {}",
                quota.console_page(region)
            )
        });
        let pages: Vec<_> = pages.collect();
        return format!(
            "ask AWS for a higher quota {}, or name smaller types, or types of another family, in compute",
            pages.join(", and ")
        );
    }
    let refused_with = |code: &str| {
        let mut attempts = attempts.iter();
        attempts.any(|attempt| attempt.error.code.as_deref() == Some(code))
    };
    if refused_with("SpotMaxPriceTooLow") {
        "raise compute.max_price, or leave it out for the on-demand price, or set compute.market = \"spot-then-on-demand\""
            .to_owned()
    } else if refused_with("ReservationCapacityExceeded") {
        "wait until instances of the reservation end, lower compute.count, or name another reservation in \
         compute.capacity_reservation"
            .to_owned()
    } else {
        ErrorClass::Capacity.remedy().to_owned()
    }
}

/// Returns the usual reason why a certificate is not issued, and how to find out.
fn certificate_remedy(zone: Option<&PlannedHostedZone>) -> String {
    let Some(PlannedHostedZone { id, name, .. }) = zone else {
        return "raise domain.wait_timeout".to_owned();
    };
    format!(
        "check that the registrar of {name} names the name servers of the hosted zone: dig +short NS {name} must list \
         those of aws route53 get-hosted-zone --id {id}; if it does, raise domain.wait_timeout: an hour has been seen"
    )
}

/// Returns the question for the Region that was probably meant.
fn or_near(near: Option<&Region>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

fn not_active(state: Option<&str>) -> String {
    state.map_or_else(String::new, |state| {
        format!("the load balancer is still {state}; ")
    })
}

/// Returns what to check, each thing once.
fn unhealthy_remedy(unhealthy: &[UnhealthyTarget]) -> String {
    let mut remedies: Vec<&str> = Vec::new();
    for target in unhealthy {
        if !remedies.contains(&target.remedy.as_str()) {
            remedies.push(&target.remedy);
        }
    }
    format!(
        "check that each service answers health_path on its port, with status 200 or its health.matcher, or raise its \
         health.grace or load_balancer.wait_timeout: large images take minutes to pull; {}",
        remedies.join("; ")
    )
}

fn list<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Returns the stack whose name differs from this one in a letter or two.
fn near_miss<'a>(stack: &StackName, known: &'a [StackName]) -> Option<&'a StackName> {
    let distance = |name: &StackName| strsim::damerau_levenshtein(stack.as_str(), name.as_str());
    let near = known.iter().min_by_key(|name| distance(name))?;
    // Of two short names, all letters may differ.
    (distance(near) <= stack.as_str().len().div_ceil(4).min(2)).then_some(near)
}

fn there_are(names: &[StackName]) -> String {
    if names.is_empty() {
        "; there are no stacks here".to_owned()
    } else {
        let names: Vec<_> = names.iter().map(StackName::as_str).collect();
        format!("; the stacks here: {}", names.join(", "))
    }
}
