//! The wait for healthy targets, which also listens to what the instances say about their software.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{TargetHealthDescription, TargetHealthStateEnum};
use jiff::Timestamp;

use crate::aws::error::AwsError;
use crate::error::{Error, UnhealthyTarget};
use crate::id::InstanceId;
use crate::ledger::Ledger;
use crate::mutex::Mutex;
use crate::plan::reached::Ec2Ready;
use crate::progress::step::Step;
use crate::resource::instance;
use crate::resource::target_group::{self, TargetGroup};
use crate::user_data::BootReport;
use crate::wait::{Expected, PollState, Wait, WaitError};

/// The time between two looks at a console. AWS posts what an instance prints with a delay of its own.
const CONSOLE_INTERVAL: Duration = Duration::from_secs(30);

/// Waits until every instance is healthy in every target group. At the deadline, the error names the unhealthy targets
/// with AWS's reasons. An instance that reports a failure ends the wait at once.
pub(super) async fn await_healthy(
    ledger: &Arc<Ledger>,
    target_groups: &[TargetGroup],
    ec2: &Ec2Ready,
) -> Result<(), Error> {
    let account = &ledger.account;
    account.progress.step(Step::WaitingForTargets);
    let total = target_groups.len() * ec2.instances.len();
    let settings = ledger.plan.spec.load_balancer();
    let interval = settings.health_check_interval().as_secs();
    let last = Mutex::new(Vec::new());
    let consoles = Consoles::new(ledger);
    let served = ledger.plan.spec.served_services();
    let grace = served.map(|service| service.health().grace()).max();
    let deadline = settings.wait_timeout() + grace.unwrap_or_default();
    let expected = Expected::seconds(interval, interval * 5, deadline);
    let healthy = Wait::new("targets to be healthy", expected)
        .until(&account.clock, &account.progress, || async {
            let unhealthy = unhealthy_targets(ledger, target_groups, ec2).await?;
            let healthy = total - unhealthy.len();
            let seen = match unhealthy.first() {
                None => PollState::Ready(Ok(())),
                Some(first) => match consoles.failure_of(&unhealthy).await {
                    Some(failed) => PollState::Ready(Err(failed)),
                    None => PollState::Pending(format!(
                        "{healthy} of {total} healthy; {}",
                        consoles.state_of(first)
                    )),
                },
            };
            *last.lock() = unhealthy;
            Ok(seen)
        })
        .await;
    match healthy {
        Err(WaitError::Deadline { elapsed, .. }) => Err(Error::Unhealthy {
            unhealthy: last.into_inner(),
            total,
            elapsed,
        }),
        healthy => {
            healthy??;
            account.progress.step(Step::TargetsHealthy);
            Ok(())
        }
    }
}

/// The consoles of the instances, each read from time to time while a target on it is not healthy.
struct Consoles<'a> {
    ledger: &'a Ledger,
    begun: Timestamp,
    seen: Mutex<BTreeMap<InstanceId, Console>>,
}

/// The last look at a console.
struct Console {
    at: Timestamp,
    report: Option<BootReport>,
}

impl<'a> Consoles<'a> {
    fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            begun: ledger.account.clock.now(),
            seen: Mutex::default(),
        }
    }

    /// Returns the error for the first instance that reports a failure of its software.
    async fn failure_of(&self, unhealthy: &[UnhealthyTarget]) -> Option<Error> {
        for target in unhealthy {
            if let Some(BootReport::Failed(failure)) = self.report_of(&target.instance).await {
                return Some(failure.on(&target.instance));
            }
        }
        None
    }

    /// Returns the state of an unhealthy target: the stage of its instance while that is at work, otherwise AWS's words.
    fn state_of(&self, target: &UnhealthyTarget) -> String {
        let seen = self.seen.lock();
        match seen.get(&target.instance).map(|console| &console.report) {
            Some(Some(BootReport::AtWork(stage))) => {
                format!("{} of {}: {stage}", target.service, target.instance)
            }
            Some(Some(BootReport::Ready | BootReport::Failed(_)) | None) | None => {
                target.to_string()
            }
        }
    }

    /// Returns the last report of an instance, and reads its console if that was long ago. A console that cannot be
    /// read says nothing: the health checks decide.
    async fn report_of(&self, instance: &InstanceId) -> Option<BootReport> {
        let clock = &self.ledger.account.clock;
        let (last, known) = match self.seen.lock().get(instance) {
            Some(console) => (console.at, console.report.clone()),
            None => (self.begun, None),
        };
        if clock.since(last) < CONSOLE_INTERVAL {
            return known;
        }
        let output = instance::console_output(&self.ledger.account.reader, instance).await;
        let report = match output {
            Ok(Some(text)) => BootReport::find_in(&text).or(known),
            Ok(None) | Err(_) => known,
        };
        let console = Console {
            at: clock.now(),
            report: report.clone(),
        };
        self.seen.lock().insert(instance.clone(), console);
        report
    }
}

async fn unhealthy_targets(
    ledger: &Ledger,
    target_groups: &[TargetGroup],
    ec2: &Ec2Ready,
) -> Result<Vec<UnhealthyTarget>, AwsError> {
    let mut unhealthy = Vec::new();
    for group in target_groups {
        let targets = target_group::health(&ledger.account.reader, &group.arn).await?;
        for instance in &ec2.instances {
            let described = targets.iter().find(|description| {
                description.target().and_then(|target| target.id()) == Some(instance.id.as_str())
            });
            unhealthy.extend(unhealthy_target(group, &instance.id, described));
        }
    }
    Ok(unhealthy)
}

fn unhealthy_target(
    group: &TargetGroup,
    instance: &InstanceId,
    described: Option<&TargetHealthDescription>,
) -> Option<UnhealthyTarget> {
    let health = described.and_then(TargetHealthDescription::target_health);
    let state = health.and_then(|health| health.state());
    if state == Some(&TargetHealthStateEnum::Healthy) {
        return None;
    }
    let reason = health
        .and_then(|health| health.reason())
        .map(|reason| reason.as_str());
    let description = health.and_then(|health| health.description());
    let reason: Vec<_> = reason.into_iter().chain(description).collect();
    Some(UnhealthyTarget {
        instance: instance.clone(),
        service: group.service.clone(),
        state: state.map_or_else(
            || "not registered".to_owned(),
            |state| state.as_str().to_owned(),
        ),
        reason: if reason.is_empty() {
            "AWS gives no reason".to_owned()
        } else {
            reason.join(": ")
        },
    })
}
