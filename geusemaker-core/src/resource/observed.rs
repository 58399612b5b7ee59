//! The description of a resource in AWS: its state, AWS's reason for it, and where the resource is.

use std::fmt;

use jiff::Timestamp;
use jiff::fmt::strtime::BrokenDownTime;
use serde::Serialize;

use crate::timestamp;

/// The description of a resource in AWS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// The state in AWS's own word.
    pub(crate) state: String,
    /// True if AWS only remembers the resource.
    pub(crate) is_gone: bool,
    pub(crate) reason: Option<StateReason>,
    pub(crate) instance_type: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) address: Option<String>,
}

impl Observed {
    pub(crate) fn in_state(state: String) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }
}

/// AWS's reason for the state of a resource. It is displayed in a few words: `spot interruption`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
/// # let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// # ec2.stop_instances().instance_ids(stack.outputs.instances[0].as_str()).send().await.unwrap();
/// // Somebody has stopped the instance.
/// let status = session.status(&stack.name).await?;
/// let instance = status.resources.iter().find(|it| it.key == "instance/0").unwrap();
/// let reason = instance.reason.as_ref().unwrap();
/// assert_eq!(reason.code.as_deref(), Some("Client.UserInitiatedShutdown"));
/// assert_eq!(reason.to_string(), "by a user");
/// println!("since {:?}", reason.since);
/// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StateReason {
    /// AWS's code: `Server.SpotInstanceTermination`.
    pub code: Option<String>,
    /// AWS's message.
    pub message: String,
    /// The time since which the resource is in this state, if AWS says it.
    #[serde(serialize_with = "timestamp::serialize_option")]
    pub since: Option<Timestamp>,
}

impl StateReason {
    pub(super) fn new(code: Option<&str>, message: Option<&str>) -> Option<Self> {
        if code.is_none() && message.is_none() {
            return None;
        }
        Some(Self {
            code: code.map(str::to_owned),
            message: message.or(code).unwrap_or_default().to_owned(),
            since: None,
        })
    }

    /// Adds the time of a transition, which EC2 writes into a text: `User initiated (2026-01-01 00:00:00 GMT)`.
    pub(super) fn at_transition(mut self, transition: &str) -> Self {
        let time = transition
            .rsplit_once('(')
            .and_then(|(_, time)| time.strip_suffix(" GMT)"));
        self.since = time.and_then(|time| {
            let time = BrokenDownTime::parse("%Y-%m-%d %H:%M:%S", time).ok()?;
            let time = time.to_datetime().ok()?;
            jiff::tz::TimeZone::UTC.to_timestamp(time).ok()
        });
        self
    }
}

/// Source: EC2 API Reference, StateReason.
impl fmt::Display for StateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().unwrap_or_default();
        f.write_str(match code {
            "Client.InstanceInitiatedShutdown" => "it has shut itself down",
            "Client.UserInitiatedShutdown" => "by a user",
            "Server.CapacityBlockExpired" => "the Capacity Block has ended",
            "Server.InsufficientInstanceCapacity" => "AWS has no capacity",
            "Server.InternalError" => "internal error of AWS",
            "Server.ScheduledStop" => "scheduled retirement",
            "Server.SpotInstanceShutdown" | "Server.SpotInstanceTermination" => "spot interruption",
            // AWS repeats the code before the message.
            _ => match self.message.strip_prefix(code) {
                Some(message) => message.trim_start_matches(": "),
                None => &self.message,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::StateReason;

    #[test]
    fn reason_is_said_in_few_words() {
        for (code, message, words) in [
            (
                "Server.SpotInstanceTermination",
                "Server.SpotInstanceTermination: Spot instance termination",
                "spot interruption",
            ),
            (
                "Client.VolumeLimitExceeded",
                "Client.VolumeLimitExceeded: Volume limit exceeded",
                "Volume limit exceeded",
            ),
            (
                "Target.FailedHealthChecks",
                "Health checks failed with these codes: [502]",
                "Health checks failed with these codes: [502]",
            ),
        ] {
            let reason = StateReason::new(Some(code), Some(message)).unwrap();
            assert_eq!(reason.to_string(), words);
        }
        assert_eq!(StateReason::new(None, None), None);
    }

    #[test]
    fn transition_has_time() {
        let reason = || StateReason::new(Some("code"), None).unwrap();
        for (transition, since) in [
            (
                "User initiated (2026-01-02 03:04:05 GMT)",
                Some("2026-01-02T03:04:05Z"),
            ),
            ("Server.SpotInstanceTermination", None),
            ("User initiated (yesterday GMT)", None),
            ("", None),
        ] {
            let expected = since.map(|since| since.parse().unwrap());
            assert_eq!(
                reason().at_transition(transition).since,
                expected,
                "{transition}"
            );
        }
    }
}
