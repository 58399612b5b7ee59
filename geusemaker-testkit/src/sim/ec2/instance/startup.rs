//! The start of an instance, as the random draws or a lifecycle override decide it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::end::InstanceEnd;
use crate::sim::context::RequestContext;
use crate::sim::lifecycle::{CENTURY, LifecycleOverride};
use crate::sim::timings::Step;

/// The times of the steps of an instance's run, if it lives that long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::sim::ec2) struct Startup {
    pub(super) running_at: Timestamp,
    pub(super) services_up_at: Timestamp,
    pub(super) status_checked_at: Timestamp,
    /// The time from which there is console output.
    pub(super) console_at: Timestamp,
}

/// Status checks that fail while the instance runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::sim::ec2) struct Impairment {
    pub(super) since: Timestamp,
    /// True if the instance check fails, which covers the guest as far as AWS can see it.
    pub(super) of_instance: bool,
    /// True if the system check fails, which covers the machine below the guest.
    pub(super) of_system: bool,
}

/// The outcome of a start.
pub(super) struct Outcome {
    pub(super) startup: Startup,
    pub(super) impairment: Option<Impairment>,
    /// The end of the run that the lifecycle override decides.
    pub(super) end: Option<InstanceEnd>,
}

impl Startup {
    pub(super) fn draw(context: &mut RequestContext<'_>) -> Outcome {
        // The override delays or stops the way to `running`; the later steps take their usual time.
        let running_at = context.now + context.duration(Step::InstanceRunning);
        let services_up_at = running_at + context.rng.duration(Step::ServicesUp);
        let console_at = running_at + context.rng.duration(Step::ConsoleOutput);
        let status_checked_at = running_at + context.rng.duration(Step::StatusChecksPassed);
        let mut startup = Self {
            running_at,
            services_up_at,
            status_checked_at,
            // The console is read for the output of user data, so it is not shown before user data has run.
            console_at: console_at.max(services_up_at),
        };
        let LifecycleOverride::Fails { reason, after } = context.lifecycle else {
            return Outcome {
                startup,
                impairment: None,
                end: None,
            };
        };
        if let Some((of_instance, of_system)) = failed_checks(reason) {
            if after.is_none() {
                startup.services_up_at = running_at + CENTURY;
            }
            let since = after.map_or(status_checked_at, |after| running_at + after);
            let impairment = Impairment {
                since,
                of_instance,
                of_system,
            };
            return Outcome {
                startup,
                impairment: Some(impairment),
                end: None,
            };
        }
        let end = match after {
            // The instance never runs: it goes straight from `pending` to its end.
            None => {
                startup.services_up_at = running_at + CENTURY;
                startup.console_at = running_at + CENTURY;
                InstanceEnd::because(reason, running_at, running_at)
            }
            Some(after) => {
                let begins_at = running_at + *after;
                let takes = context.rng.duration(Step::InstanceTerminated);
                InstanceEnd::because(reason, begins_at, begins_at + takes)
            }
        };
        Outcome {
            startup,
            impairment: None,
            end: Some(end),
        }
    }
}

/// Returns the checks, of the instance and of the system, that a reason makes fail. The reason is one of CloudWatch's
/// metrics for them.
fn failed_checks(reason: &str) -> Option<(bool, bool)> {
    match reason {
        "StatusCheckFailed" => Some((true, true)),
        "StatusCheckFailed_Instance" => Some((true, false)),
        "StatusCheckFailed_System" => Some((false, true)),
        _ => None,
    }
}
