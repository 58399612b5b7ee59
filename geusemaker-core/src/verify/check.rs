//! The results of a verification.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::id::InstanceId;
use crate::spec::{ServiceName, StackName, Tier};

/// The result of a verification: what was asked of a stack, and what came of it.
///
/// ```no_run
/// # async fn example(session: &geusemaker_core::Session) -> Result<(), geusemaker_core::Error> {
/// use geusemaker_core::{CheckResult, Internet};
///
/// let verification = session.verify(&"llm".parse()?, &Internet::direct()).await?;
/// for check in &verification.checks {
///     if let CheckResult::Failed { problem, remedy, .. } = &check.result {
///         println!("{} {}: {problem}; {remedy}", check.way, check.kind);
///     }
/// }
/// assert!(verification.has_passed());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// The stack.
    pub name: StackName,
    /// The tier.
    pub tier: Tier,
    /// The checks: those of the services in the order of the spec, and then those of the stack.
    pub checks: Vec<Check>,
}

impl Verification {
    /// Returns true if no check has failed.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Returns the checks that have failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        let checks = self.checks.iter();
        checks.filter(|check| matches!(check.result, CheckResult::Failed { .. }))
    }

    /// Returns the checks that have passed.
    pub fn passed(&self) -> impl Iterator<Item = &Check> {
        let checks = self.checks.iter();
        checks.filter(|check| matches!(check.result, CheckResult::Passed { .. }))
    }

    /// Returns the checks that were skipped.
    pub fn skipped(&self) -> impl Iterator<Item = &Check> {
        let checks = self.checks.iter();
        checks.filter(|check| matches!(check.result, CheckResult::Skipped { .. }))
    }
}

/// A check of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// The service; none if the check is about the stack.
    pub service: Option<ServiceName>,
    /// The way that the request took.
    pub way: Way,
    /// The instance, if no load balancer stands in front of it.
    pub instance: Option<InstanceId>,
    /// The subject of the check.
    pub kind: CheckKind,
    /// The URL that was asked for.
    pub url: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The time until the answer began, with the connection. It is serialized in milliseconds.
    #[serde(rename = "latency_ms", serialize_with = "as_milliseconds")]
    pub latency: Option<Duration>,
    /// The header with which CloudFront says where the answer is from.
    pub x_cache: Option<String>,
    /// The result.
    #[serde(flatten)]
    pub result: CheckResult,
}

/// The way that the request of a [`Check`] took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Way {
    /// To an instance.
    Instance,
    /// Through the load balancer.
    LoadBalancer,
    /// Through the CDN.
    Cdn,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Instance => "instance",
            Self::LoadBalancer => "load balancer",
            Self::Cdn => "CDN",
        })
    }
}

/// The subject of a [`Check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CheckKind {
    /// The service answers.
    Answer,
    /// A request without the bearer token is refused.
    NoToken,
    /// A request of somebody who has not signed in is sent to sign in, or refused.
    SignIn,
    /// An answer arrives piece by piece.
    Stream,
    /// A WebSocket opens, and stays open.
    #[serde(rename = "websocket")]
    WebSocket,
    /// The load balancer behind a CDN refuses a request that does not come from it.
    DirectRequest,
    /// A request for HTTP is sent to HTTPS.
    Redirect,
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Answer => "answers",
            Self::NoToken => "asks for token",
            Self::SignIn => "asks to sign in",
            Self::Stream => "streams",
            Self::WebSocket => "WebSocket",
            Self::DirectRequest => "refuses direct request",
            Self::Redirect => "redirects to HTTPS",
        })
    }
}

/// The result of a [`Check`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CheckResult {
    /// It is as it should be.
    #[non_exhaustive]
    Passed {
        /// More about it, if there is more to say: `12 pieces in 1.2s`.
        detail: Option<String>,
    },
    /// It is not as it should be.
    #[non_exhaustive]
    Failed {
        /// The problem.
        problem: String,
        /// The next thing to do.
        remedy: String,
    },
    /// It was not checked.
    #[non_exhaustive]
    Skipped {
        /// The reason.
        reason: String,
    },
}

fn as_milliseconds<S: Serializer>(
    latency: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let whole = latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
    whole.serialize(serializer)
}
