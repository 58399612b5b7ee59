//! The error of what is asked of an instance from afar.

use jiff::Timestamp;

use crate::id::InstanceId;
use crate::spec::{ServiceName, StackName};

/// Error returned when an instance cannot be asked or reached. Nothing was changed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// use geusemaker_core::{Error, RemoteError};
///
/// let remote = session.remote(&stack.name).await?;
/// match remote.instance(7) {
///     Err(Error::Remote(error @ RemoteError::NoSuchInstance { .. })) => {
///         assert_eq!(error.to_string(), "stack llm has no instance 7");
///         assert_eq!(error.remedy(), "it has one instance, with the number 0");
///     }
///     other => panic!("{other:?}"),
/// }
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The spec gives Systems Manager no access to the instances.
    #[error(
        "the instances of stack {stack} are closed to Systems Manager: its spec has access.ssm = false"
    )]
    #[non_exhaustive]
    NotOpened {
        /// The stack.
        stack: StackName,
    },
    /// The instances of the stack do not all run yet.
    #[error("the instances of stack {stack} were never all running")]
    #[non_exhaustive]
    NotLaunched {
        /// The stack.
        stack: StackName,
    },
    /// The stack has no instance with this number.
    #[error("stack {stack} has no instance {number}")]
    #[non_exhaustive]
    NoSuchInstance {
        /// The stack.
        stack: StackName,
        /// The number that was asked for.
        number: usize,
        /// The number of instances.
        count: usize,
    },
    /// The stack has no service of this name.
    #[error("stack {stack} has no service {service}")]
    #[non_exhaustive]
    NoSuchService {
        /// The stack.
        stack: StackName,
        /// The name that was asked for.
        service: String,
        /// The services of the stack.
        known: Vec<ServiceName>,
    },
    /// The service has no port of its own on the instance, so the port in its container has to be named.
    #[error("{service} is internal: no port of the instance leads to it")]
    #[non_exhaustive]
    NoPort {
        /// The service.
        service: ServiceName,
    },
    /// The container of the service does not run, so it has no address.
    #[error("the container of {service} does not run on instance {instance}")]
    #[non_exhaustive]
    NoContainer {
        /// The service.
        service: ServiceName,
        /// The instance.
        instance: InstanceId,
    },
    /// The agent of Systems Manager on the instance is not connected.
    #[error("instance {instance} is not connected to Systems Manager{}", why(.state, .last_seen))]
    #[non_exhaustive]
    NotConnected {
        /// The instance.
        instance: InstanceId,
        /// The state of the instance: `running`, `stopped`.
        state: String,
        /// The time at which its agent reported last; none if it never did.
        last_seen: Option<Timestamp>,
    },
    /// The command did not reach the instance, or did not end in time.
    #[error("the command on instance {instance} ended without a result: {state}")]
    #[non_exhaustive]
    NoResult {
        /// The instance.
        instance: InstanceId,
        /// The state in Systems Manager's own word: `DeliveryTimedOut`.
        state: String,
    },
    /// A word of the command contains a null character, which no command can have.
    #[error("a word of the command contains a null character")]
    NullCharacter,
}

impl RemoteError {
    /// Returns what the user can do about the error.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NotOpened { .. } => {
                "deploy the stack with access.ssm = true; the console can be read without it: gm logs --boot".to_owned()
            }
            Self::NotLaunched { .. } => {
                "wait until they run, or read in its journal why they do not: gm events".to_owned()
            }
            Self::NoSuchInstance { count: 1, .. } => {
                "it has one instance, with the number 0".to_owned()
            }
            Self::NoSuchInstance { count, .. } => {
                format!("its instances have the numbers from 0 to {}", count - 1)
            }
            Self::NoSuchService { known, .. } if known.is_empty() => {
                "its spec has no services".to_owned()
            }
            Self::NoSuchService { known, .. } => {
                let known: Vec<_> = known.iter().map(ServiceName::as_str).collect();
                format!("its services are {}", known.join(", "))
            }
            Self::NoPort { service } => format!(
                "name the port that it listens on inside its container, as in LOCAL:PORT for {service}"
            ),
            Self::NoContainer { service, .. } => {
                format!("read its log: gm logs STACK {service}")
            }
            Self::NotConnected {
                instance, state, ..
            } if state.starts_with("stop") => format!(
                "start it again, and give it some minutes: aws ec2 start-instances --instance-ids {instance}"
            ),
            Self::NotConnected { state, .. } if is_gone(state) => {
                "it is not coming back: gm status shows what is left of the stack".to_owned()
            }
            Self::NotConnected {
                last_seen: None, ..
            } => {
                "an instance connects some minutes after its start, and needs a way to the internet: a public address or \
                 a NAT gateway; gm logs --boot shows its console"
                    .to_owned()
            }
            Self::NotConnected {
                last_seen: Some(_), ..
            } => {
                "it may be starting or out of memory: gm logs --boot shows its console; a reboot in the EC2 console helps"
                    .to_owned()
            }
            Self::NoResult { .. } => "run the command again".to_owned(),
            Self::NullCharacter => "leave the null character out".to_owned(),
        }
    }

    /// Returns true if the caller has asked for something that does not exist.
    pub(crate) fn is_about_input(&self) -> bool {
        match self {
            Self::NotOpened { .. }
            | Self::NotLaunched { .. }
            | Self::NoSuchInstance { .. }
            | Self::NoSuchService { .. }
            | Self::NoPort { .. }
            | Self::NullCharacter => true,
            Self::NoContainer { .. } | Self::NotConnected { .. } | Self::NoResult { .. } => false,
        }
    }
}

fn is_gone(state: &str) -> bool {
    ["shutting-down", "terminated"].contains(&state)
}

fn why(state: &str, last_seen: &Option<Timestamp>) -> String {
    match last_seen {
        _ if state != "running" => format!(": it is {state}"),
        Some(last_seen) => format!(" since {last_seen:.0}"),
        None => ", and never was".to_owned(),
    }
}
