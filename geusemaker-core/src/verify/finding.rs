//! The outcome of a check.

use std::time::Duration;

use super::check::{Check, CheckKind, CheckResult, Way};
use super::trouble::Trouble;
use super::viewer::Answer;
use crate::id::InstanceId;
use crate::spec::ServiceName;

/// The subject of a check.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) service: Option<ServiceName>,
    pub(super) way: Way,
    pub(super) instance: Option<InstanceId>,
    pub(super) kind: CheckKind,
}

impl Subject {
    /// Makes a check of this subject and what came of it.
    pub(super) fn check(self, url: Option<String>, finding: Finding) -> Check {
        let Seen {
            status,
            latency,
            x_cache,
        } = finding.seen;
        Check {
            service: self.service,
            way: self.way,
            instance: self.instance,
            kind: self.kind,
            url,
            status,
            latency,
            x_cache,
            result: finding.result,
        }
    }
}

/// The outcome of a check, without its subject.
#[derive(Debug)]
pub(super) struct Finding {
    seen: Seen,
    result: CheckResult,
}

/// The parts of an answer that were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) status: Option<u16>,
    pub(super) latency: Option<Duration>,
    pub(super) x_cache: Option<String>,
}

impl Seen {
    pub(super) fn of(answer: &Answer) -> Self {
        Self {
            status: Some(answer.status),
            latency: Some(answer.latency),
            x_cache: answer.header("x-cache").map(str::to_owned),
        }
    }

    pub(super) fn passed(self, detail: Option<String>) -> Finding {
        Finding {
            seen: self,
            result: CheckResult::Passed { detail },
        }
    }

    pub(super) fn failed(self, problem: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding {
            seen: self,
            result: CheckResult::Failed {
                problem: problem.into(),
                remedy: remedy.into(),
            },
        }
    }
}

impl Finding {
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self {
            seen: Seen::default(),
            result: CheckResult::Skipped {
                reason: reason.into(),
            },
        }
    }

    /// Makes a finding of a request without an answer. Behind a firewall that need not admit this machine, silence says
    /// nothing.
    pub(super) fn of_trouble(trouble: &Trouble, closed_to: Option<&str>) -> Self {
        match closed_to {
            Some(why) if trouble.is_refusal() => {
                Self::skipped(format!("no answer from here: {why}"))
            }
            _ => Seen::default().failed(trouble.to_string(), trouble.remedy()),
        }
    }
}
