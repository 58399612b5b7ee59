//! The health of targets: AWS's states and reason codes, in words, with what to check.

use aws_sdk_elasticloadbalancingv2::types::{
    TargetHealth as SdkTargetHealth, TargetHealthReasonEnum, TargetHealthStateEnum,
};

use crate::spec::{HealthMatcher, HealthPath};

/// The reason why a target is not healthy.
///
/// Source: Elastic Load Balancing API, `TargetHealthReasonEnum`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetReason {
    RegistrationInProgress,
    InitialHealthChecking,
    ResponseCodeMismatch,
    Timeout,
    FailedHealthChecks,
    NotRegistered,
    NotInUse,
    DeregistrationInProgress,
    InvalidState,
    IpUnusable,
    HealthCheckDisabled,
    InternalError,
    /// A code that AWS has added since.
    Other(String),
    /// AWS gives no code.
    None,
}

impl TargetReason {
    fn of(code: Option<&TargetHealthReasonEnum>) -> Self {
        let Some(code) = code else { return Self::None };
        match code.as_str() {
            "Elb.RegistrationInProgress" => Self::RegistrationInProgress,
            "Elb.InitialHealthChecking" => Self::InitialHealthChecking,
            "Target.ResponseCodeMismatch" => Self::ResponseCodeMismatch,
            "Target.Timeout" => Self::Timeout,
            "Target.FailedHealthChecks" => Self::FailedHealthChecks,
            "Target.NotRegistered" => Self::NotRegistered,
            "Target.NotInUse" => Self::NotInUse,
            "Target.DeregistrationInProgress" => Self::DeregistrationInProgress,
            "Target.InvalidState" => Self::InvalidState,
            "Target.IpUnusable" => Self::IpUnusable,
            "Target.HealthCheckDisabled" => Self::HealthCheckDisabled,
            "Elb.InternalError" => Self::InternalError,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// The health check of a service, as the words about a target need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check<'a> {
    pub(crate) service: &'a str,
    pub(crate) port: u16,
    pub(crate) path: &'a HealthPath,
    pub(crate) matcher: &'a HealthMatcher,
}

/// The health of one target, as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetHealth {
    /// The state; none if the target is not registered.
    state: Option<TargetHealthStateEnum>,
    code: Option<String>,
    reason: TargetReason,
    description: Option<String>,
}

impl TargetHealth {
    /// Reads AWS's description, if there is one.
    pub(crate) fn of(health: Option<&SdkTargetHealth>) -> Self {
        let reason = health.and_then(|health| health.reason());
        Self {
            state: health.and_then(|health| health.state()).cloned(),
            code: reason.map(|reason| reason.as_str().to_owned()),
            reason: match health {
                Some(_) => TargetReason::of(reason),
                None => TargetReason::NotRegistered,
            },
            description: health
                .and_then(|health| health.description())
                .map(str::to_owned),
        }
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.state == Some(TargetHealthStateEnum::Healthy)
    }

    /// Returns true if the health checks have failed: the target is neither new nor leaving.
    pub(crate) fn has_failed(&self) -> bool {
        self.state == Some(TargetHealthStateEnum::Unhealthy)
    }

    /// Returns AWS's name of the state.
    pub(crate) fn state(&self) -> String {
        match &self.state {
            Some(state) => state.as_str().to_owned(),
            None => "not registered".to_owned(),
        }
    }

    /// Returns AWS's code and description.
    pub(crate) fn reason(&self) -> String {
        let parts = self.code.iter().chain(&self.description);
        let parts: Vec<_> = parts.map(String::as_str).collect();
        if parts.is_empty() {
            "AWS gives no reason".to_owned()
        } else {
            parts.join(": ")
        }
    }

    /// Returns the statuses that the health checks have got: `404` of `Health checks failed with these codes: [404]`.
    fn codes(&self) -> Option<&str> {
        let (_, rest) = self.description.as_deref()?.split_once('[')?;
        let (codes, _) = rest.split_once(']')?;
        Some(codes).filter(|codes| !codes.is_empty())
    }

    /// Returns what is wrong, in words that follow the target's name.
    pub(crate) fn finding(&self, check: Check<'_>) -> String {
        let Check {
            port,
            path,
            matcher,
            ..
        } = check;
        match &self.reason {
            TargetReason::RegistrationInProgress => "is being registered".to_owned(),
            TargetReason::InitialHealthChecking => "has had too few health checks yet".to_owned(),
            TargetReason::ResponseCodeMismatch => match self.codes() {
                Some(codes) => format!("answers {codes} on {path}; expected {}", matcher.as_str()),
                None => format!("answers {path} without status {}", matcher.as_str()),
            },
            TargetReason::Timeout => format!("does not answer in time on port {port}, {path}"),
            TargetReason::FailedHealthChecks => {
                format!("accepts no connection on port {port}, or answers no HTTP there")
            }
            TargetReason::NotRegistered => "is not registered with its target group".to_owned(),
            TargetReason::NotInUse => {
                "gets no requests: no listener uses its target group, or the load balancer has no subnet in its zone"
                    .to_owned()
            }
            TargetReason::DeregistrationInProgress => "is being deregistered".to_owned(),
            TargetReason::InvalidState => "is on a stopped or terminated instance".to_owned(),
            TargetReason::IpUnusable => "has an address that the load balancer reserves".to_owned(),
            TargetReason::HealthCheckDisabled => "is not checked: its checks are off".to_owned(),
            TargetReason::InternalError => {
                "could not be checked because of an error of AWS".to_owned()
            }
            TargetReason::Other(code) => format!("is not healthy ({code})"),
            TargetReason::None => "is not healthy".to_owned(),
        }
    }

    /// Returns what the user can check.
    pub(crate) fn remedy(&self, check: Check<'_>) -> String {
        let Check { service, port, .. } = check;
        match &self.reason {
            TargetReason::RegistrationInProgress | TargetReason::InitialHealthChecking => format!(
                "give {service} more time (health.grace of the service, or load_balancer.wait_timeout)"
            ),
            TargetReason::ResponseCodeMismatch => {
                format!("set health_path and health.matcher of {service} to what it answers")
            }
            TargetReason::Timeout => format!(
                "look if {service} is still starting or overloaded, and if the security group of the instances \
                 admits the load balancer on port {port}"
            ),
            TargetReason::FailedHealthChecks => format!(
                "look if {service} listens on port {port} on all addresses and not only on 127.0.0.1, and how far \
                 the instance has come"
            ),
            TargetReason::NotRegistered | TargetReason::DeregistrationInProgress => format!(
                "find out who deregisters the instance from the target group of {service}: another program may manage it"
            ),
            TargetReason::NotInUse => {
                "find out who has changed the listener or the subnets of the load balancer"
                    .to_owned()
            }
            TargetReason::InvalidState => {
                "find out who has stopped the instance, and start it again".to_owned()
            }
            TargetReason::IpUnusable => "use another subnet for the instances".to_owned(),
            TargetReason::HealthCheckDisabled => {
                format!("switch the health checks of the target group of {service} on")
            }
            TargetReason::InternalError => {
                "try again; https://health.aws.amazon.com shows incidents".to_owned()
            }
            TargetReason::Other(_) | TargetReason::None => {
                format!("read the log of {service}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 12] = [
        "Elb.RegistrationInProgress",
        "Elb.InitialHealthChecking",
        "Target.ResponseCodeMismatch",
        "Target.Timeout",
        "Target.FailedHealthChecks",
        "Target.NotRegistered",
        "Target.NotInUse",
        "Target.DeregistrationInProgress",
        "Target.InvalidState",
        "Target.IpUnusable",
        "Target.HealthCheckDisabled",
        "Elb.InternalError",
    ];

    fn health(code: &str, description: &str) -> TargetHealth {
        let health = SdkTargetHealth::builder()
            .state(TargetHealthStateEnum::Unhealthy)
            .reason(code.into())
            .description(description)
            .build();
        TargetHealth::of(Some(&health))
    }

    fn words(health: &TargetHealth) -> (String, String) {
        let (path, matcher) = ("/healthz".parse().unwrap(), HealthMatcher::default());
        let check = Check {
            service: "webui",
            port: 8080,
            path: &path,
            matcher: &matcher,
        };
        (health.finding(check), health.remedy(check))
    }

    #[test]
    fn reason_code_has_words_and_remedy() {
        let mut findings = Vec::new();
        for code in ALL {
            let health = health(code, "AWS's words");
            assert!(!matches!(health.reason, TargetReason::Other(_)), "{code}");
            let (finding, remedy) = words(&health);
            assert!(!finding.contains(code) && !remedy.is_empty(), "{code}");
            assert_eq!(health.reason(), format!("{code}: AWS's words"));
            findings.push(finding);
        }
        findings.sort();
        findings.dedup();
        assert_eq!(findings.len(), ALL.len(), "{findings:#?}");
        let (finding, _) = words(&health("Target.Sleepy", ""));
        assert_eq!(finding, "is not healthy (Target.Sleepy)");
    }

    #[test]
    fn wrong_status_is_compared_with_matcher() {
        let health = health(
            "Target.ResponseCodeMismatch",
            "Health checks failed with these codes: [404]",
        );
        let (finding, remedy) = words(&health);
        assert_eq!(finding, "answers 404 on /healthz; expected 200");
        assert!(remedy.contains("health_path"), "{remedy}");
    }

    #[test]
    fn missing_target_is_not_registered() {
        let (finding, _) = words(&TargetHealth::of(None));
        assert_eq!(finding, "is not registered with its target group");
        assert_eq!(TargetHealth::of(None).state(), "not registered");
    }
}
