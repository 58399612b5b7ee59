//! The connection of an instance to Systems Manager.

use std::future::Future;
use std::time::Duration;

use aws_sdk_ssm::types::{InstanceInformationStringFilter, PingStatus};
use jiff::Timestamp;

use super::Remote;
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::id::InstanceId;
use crate::kind::ResourceKind;
use crate::remote_error::RemoteError;
use crate::wait::{Expected, PollState, Wait, WaitError};

/// The age until which an instance may still connect for the first time. An agent that starts takes up to six minutes.
const YOUNG: Duration = Duration::from_secs(15 * 60);

/// The pause before a call is made again while the agent is connected, but its channel is not open yet.
const PAUSE: Duration = Duration::from_secs(5);

/// The agent of Systems Manager on an instance, as the service knows it.
enum Agent {
    Unknown,
    Online,
    /// It has reported last at this time.
    Lost(Option<Timestamp>),
}

impl Remote {
    /// Makes a call that AWS refuses while an instance is not connected. If the instance is new, its first connection is
    /// waited for.
    pub(super) async fn reach<T, F>(
        &self,
        doing: &str,
        instance: &InstanceId,
        call: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, AwsError>>,
    {
        loop {
            match call().await {
                Ok(reply) => return Ok(reply),
                Err(error) if !is_about_connection(&error) => {
                    return Err(Error::aws(doing)(error));
                }
                Err(_) => {}
            }
            let agent = self.agent(instance).await;
            let last_seen = match agent.map_err(Error::aws(doing))? {
                Agent::Lost(last_seen) => last_seen,
                Agent::Online if !self.youth(instance).is_zero() => {
                    self.sleep(PAUSE).await;
                    continue;
                }
                Agent::Unknown if !self.youth(instance).is_zero() => {
                    self.first_connection(doing, instance).await?;
                    continue;
                }
                Agent::Online | Agent::Unknown => None,
            };
            return Err(self.not_connected(doing, instance, last_seen).await);
        }
    }

    /// Waits until the agent on a new instance reports for the first time.
    async fn first_connection(&self, doing: &str, instance: &InstanceId) -> Result<(), Error> {
        let account = &self.account;
        let what = format!("{instance} to connect to Systems Manager");
        let waited = Wait::new(what, Expected::seconds(30, 180, self.youth(instance)))
            .until(&account.clock, &account.progress, || async {
                if !matches!(self.agent(instance).await?, Agent::Unknown) {
                    return Ok(PollState::Ready(()));
                }
                Ok(match self.state(instance).await? {
                    Some(state) if ["pending", "running"].contains(&state.as_str()) => {
                        PollState::Pending(state)
                    }
                    Some(state) => PollState::Failed(state),
                    None => PollState::Failed("terminated".to_owned()),
                })
            })
            .await;
        match waited {
            Ok(()) => Ok(()),
            Err(WaitError::Aws(error)) => Err(Error::aws(doing)(error)),
            Err(WaitError::Deadline { .. } | WaitError::Failed { .. }) => {
                Err(self.not_connected(doing, instance, None).await)
            }
        }
    }

    async fn not_connected(
        &self,
        doing: &str,
        instance: &InstanceId,
        last_seen: Option<Timestamp>,
    ) -> Error {
        let state = match self.state(instance).await {
            Ok(Some(state)) => state,
            Ok(None) => match self.ensure_own_account().await {
                Ok(()) => "terminated".to_owned(),
                Err(error) => return error,
            },
            Err(error) => return Error::aws(doing)(error),
        };
        RemoteError::NotConnected {
            instance: instance.clone(),
            state,
            last_seen,
        }
        .into()
    }

    /// Returns an error if the credentials belong to another account, which does not have the instances.
    async fn ensure_own_account(&self) -> Result<(), Error> {
        let actual = self.account.identity().await?.account;
        let recorded = &self.ec2.plan.account;
        if actual == *recorded {
            return Ok(());
        }
        Err(Error::OtherAccount {
            stack: self.stack().clone(),
            recorded: recorded.clone(),
            actual,
        })
    }

    /// Returns the time for which an instance is still new.
    fn youth(&self, instance: &InstanceId) -> Duration {
        let since = self.since.get(instance);
        since.map_or(Duration::ZERO, |since| {
            YOUNG.saturating_sub(self.account.clock.since(*since))
        })
    }

    /// Returns the state of an instance, or `None` if it does not exist any more.
    async fn state(&self, instance: &InstanceId) -> Result<Option<String>, AwsError> {
        let reader = &self.account.reader;
        ResourceKind::Instance
            .observe(reader, instance.as_str())
            .await
    }

    async fn agent(&self, instance: &InstanceId) -> Result<Agent, AwsError> {
        let filter = InstanceInformationStringFilter::builder()
            .key("InstanceIds")
            .values(instance.as_str())
            .build();
        // The builder refuses only a filter that lacks its key or its values.
        let Ok(filter) = filter else {
            return Ok(Agent::Unknown);
        };
        let reply = self
            .account
            .reader
            .ssm
            .describe_instance_information()
            .filters(filter)
            .send()
            .await
            .map_err(AwsError::of("ssm:DescribeInstanceInformation"))?;
        let Some(agent) = reply.instance_information_list().first() else {
            return Ok(Agent::Unknown);
        };
        if agent.ping_status() == Some(&PingStatus::Online) {
            return Ok(Agent::Online);
        }
        let last_seen = agent.last_ping_date_time().map(|at| at.secs());
        Ok(Agent::Lost(
            last_seen.and_then(|at| Timestamp::from_second(at).ok()),
        ))
    }
}

fn is_about_connection(error: &AwsError) -> bool {
    matches!(
        error.code.as_deref(),
        Some("InvalidInstanceId" | "TargetNotConnected")
    )
}
