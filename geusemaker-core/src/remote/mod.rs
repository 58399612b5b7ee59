//! The instances of a stack from afar: their console, logs, commands and sessions, through AWS Systems Manager.

pub(crate) mod command;
mod connection;
pub(crate) mod logs;
pub(crate) mod session;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::account::Account;
use crate::error::Error;
use crate::id::InstanceId;
use crate::plan::reached::Ec2Ready;
use crate::remote_error::RemoteError;
use crate::resource::instance::{self, RunningInstance};
use crate::spec::{Service, ServiceName, StackName};

/// The instances of a stack, from [`Session::remote`](crate::Session::remote).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n\
/// #     [[service]]\nname = 'ollama'\nport = 11434\nimage = 'ollama/ollama:latest'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// let stack = session.plan(spec).await?.launch().await?.balance().await?.commit().await?;
/// let remote = session.remote(&stack.name).await?;
/// let first = &remote.instances()[0].id;
/// let command = geusemaker_core::RemoteCommand::on_instance(["nvidia-smi", "-L"]);
/// let sent = remote.send(first, &command).await?;
/// let result = remote.result(&sent).await?;
/// assert_eq!(result.exit_code, 0);
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone)]
pub struct Remote {
    account: Account,
    ec2: Ec2Ready,
    /// The times at which the instances were created.
    since: BTreeMap<InstanceId, Timestamp>,
}

impl Remote {
    pub(crate) fn new(
        account: Account,
        ec2: Ec2Ready,
        since: BTreeMap<InstanceId, Timestamp>,
    ) -> Self {
        Self {
            account,
            ec2,
            since,
        }
    }

    /// Returns the instances, as they were when they had started.
    #[must_use]
    pub fn instances(&self) -> &[RunningInstance] {
        &self.ec2.instances
    }

    /// Returns the services of the spec.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        self.ec2.plan.spec.services()
    }

    /// Returns the instance with this number; the first is 0, as in the keys of the journal.
    ///
    /// # Errors
    /// Returns an error if there are not so many.
    pub fn instance(&self, number: usize) -> Result<&RunningInstance, Error> {
        let instances = self.instances();
        Ok(instances
            .get(number)
            .ok_or_else(|| RemoteError::NoSuchInstance {
                stack: self.stack().clone(),
                number,
                count: instances.len(),
            })?)
    }

    /// Returns the service of this name.
    ///
    /// # Errors
    /// Returns an error if the spec has none.
    pub fn service(&self, name: &str) -> Result<&Service, Error> {
        let services = self.services();
        let found = services
            .iter()
            .find(|service| service.name().as_str() == name);
        Ok(found.ok_or_else(|| RemoteError::NoSuchService {
            stack: self.stack().clone(),
            service: name.to_owned(),
            known: self.service_names(),
        })?)
    }

    fn service_names(&self) -> Vec<ServiceName> {
        let services = self.services().iter();
        services.map(|service| service.name().clone()).collect()
    }

    /// Returns the text on the console of an instance, to which its script writes each stage of its start. It needs no
    /// Systems Manager. AWS has none for the first minutes, and keeps the last 64 KiB.
    ///
    /// # Errors
    /// Returns an error if AWS refuses the call, or does not answer it.
    pub async fn console(&self, instance: &InstanceId) -> Result<String, Error> {
        let output = instance::console_output(&self.account.reader, instance)
            .await
            .map_err(Error::aws("reading the console"))?;
        Ok(output.unwrap_or_default())
    }

    /// Waits for a duration of the account's time, which is faster than this machine's where it is simulated.
    pub async fn sleep(&self, duration: Duration) {
        self.account.clock.sleep(duration).await;
    }

    /// Returns the account's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.account.clock.now()
    }

    fn stack(&self) -> &StackName {
        self.ec2.plan.spec.name()
    }

    /// Returns an error if the spec gives Systems Manager no access.
    fn ensure_opened(&self) -> Result<(), Error> {
        if self.ec2.plan.spec.access().ssm() {
            return Ok(());
        }
        let stack = self.stack().clone();
        Err(RemoteError::NotOpened { stack }.into())
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("stack", self.stack())
            .field("instances", &self.ec2.instances)
            .finish_non_exhaustive()
    }
}
