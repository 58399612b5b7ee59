//! The wait for healthy targets, which also listens to what the instances say about their software.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription;
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
use crate::resource::target_health::{Check, TargetHealth};
use crate::spec::{LoadBalancer, PortMapping, ServiceName};
use crate::user_data::BootReport;
use crate::wait::timeouts::Stage;
use crate::wait::{Expected, PollState, Wait, WaitError};

/// The time between two looks at a console. AWS posts what an instance prints with a delay of its own.
const CONSOLE_INTERVAL: Duration = Duration::from_secs(30);

/// Returns the longest time for the load balancer to be active and the targets to be healthy.
pub(super) fn wait_timeout(ledger: &Ledger) -> Duration {
    let served = ledger.plan.spec.served_services();
    let grace = served.map(|service| service.health().grace()).max();
    let timeouts = &ledger.account.timeouts;
    let wait = timeouts.of_spec(
        Stage::LoadBalancer,
        ledger.plan.spec.load_balancer().wait_timeout(),
        LoadBalancer::default().wait_timeout(),
    );
    timeouts.of(Stage::LoadBalancer, wait + grace.unwrap_or_default())
}

/// Waits until every instance is healthy in every target group. At the deadline, the error names the unhealthy targets
/// with AWS's reasons. An instance that reports a failure ends the wait at once. The time that was spent on the wait for
/// the load balancer counts.
pub(super) async fn await_healthy(
    ledger: &Arc<Ledger>,
    target_groups: &[TargetGroup],
    ec2: &Ec2Ready,
    spent: Duration,
) -> Result<(), Error> {
    let account = &ledger.account;
    account.progress.step(Step::WaitingForTargets);
    let total = target_groups.len() * ec2.instances.len();
    let settings = ledger.plan.spec.load_balancer();
    let interval = settings.health_check_interval().as_secs();
    let last = Mutex::new(Vec::new());
    let changes = Mutex::new(Changes::default());
    let consoles = Consoles::new(ledger);
    let deadline = wait_timeout(ledger).saturating_sub(spent);
    let expected = Expected::seconds(interval, interval * 5, deadline);
    let healthy = Wait::new("targets to be healthy", expected)
        .until(&account.clock, &account.progress, || async {
            let targets = look_at_targets(ledger, target_groups, ec2).await?;
            let said = changes.lock().since_last_look(&targets);
            let unhealthy: Vec<_> = targets
                .into_iter()
                .filter_map(|seen| seen.unhealthy)
                .collect();
            let healthy = total - unhealthy.len();
            let seen = match unhealthy.first() {
                None => PollState::Ready(Ok(())),
                Some(first) => match consoles.failure_of(&unhealthy).await {
                    Some(failed) => PollState::Ready(Err(failed)),
                    None => PollState::Pending(format!(
                        "healthy {healthy} of {total}; {said}{}",
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
            elapsed: spent + elapsed,
            load_balancer: None,
        }),
        healthy => {
            healthy??;
            account.progress.step(Step::TargetsHealthy);
            Ok(())
        }
    }
}

/// Returns the error for a load balancer that was not active in time: no target can be healthy then. If AWS cannot be
/// asked about the targets, it is the error of the wait.
pub(super) async fn not_in_time(
    ledger: &Arc<Ledger>,
    target_groups: &[TargetGroup],
    ec2: &Ec2Ready,
    late: WaitError,
) -> Error {
    let WaitError::Deadline { last, elapsed, .. } = &late else {
        return late.into();
    };
    let Ok(targets) = look_at_targets(ledger, target_groups, ec2).await else {
        return late.into();
    };
    let total = targets.len();
    let unhealthy: Vec<_> = targets
        .into_iter()
        .filter_map(|seen| seen.unhealthy)
        .collect();
    if unhealthy.is_empty() {
        return late.into();
    }
    Error::Unhealthy {
        unhealthy,
        total,
        elapsed: *elapsed,
        load_balancer: Some(last.clone()),
    }
}

/// One look at a target.
struct Seen {
    service: ServiceName,
    instance: InstanceId,
    has_failed: bool,
    /// None if it is healthy.
    unhealthy: Option<UnhealthyTarget>,
}

/// The changes between the looks at the targets.
#[derive(Default)]
struct Changes {
    /// True for a target that was healthy at the last look, false for one whose checks had failed.
    last: BTreeMap<(ServiceName, InstanceId), bool>,
    /// The last changes in words, which stay until there are others.
    said: String,
}

impl Changes {
    /// Returns the last changes in words: `came up: webui of i-1; `.
    fn since_last_look(&mut self, targets: &[Seen]) -> String {
        let (mut up, mut failed, mut recovered) = (Vec::new(), Vec::new(), Vec::new());
        for seen in targets {
            let target = (seen.service.clone(), seen.instance.clone());
            let name = format!("{} of {}", seen.service, seen.instance);
            let before = self.last.get(&target).copied();
            match (before, &seen.unhealthy) {
                (None, None) => up.push(name),
                (Some(false), None) => recovered.push(name),
                (None | Some(true), Some(_)) if seen.has_failed => failed.push(name),
                (Some(true), Some(_)) => failed.push(name),
                (Some(true), None) | (None | Some(false), Some(_)) => {}
            }
            if seen.unhealthy.is_none() {
                self.last.insert(target, true);
            } else if seen.has_failed || before == Some(true) {
                self.last.insert(target, false);
            }
        }
        let said = [
            ("came up", up),
            ("failed", failed),
            ("recovered", recovered),
        ];
        let said: String = said
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}: {}; ", names.join(", ")))
            .collect();
        if !said.is_empty() {
            self.said = said;
        }
        self.said.clone()
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

async fn look_at_targets(
    ledger: &Ledger,
    target_groups: &[TargetGroup],
    ec2: &Ec2Ready,
) -> Result<Vec<Seen>, AwsError> {
    let mut seen = Vec::new();
    for group in target_groups {
        let targets = target_group::health(&ledger.account.reader, &group.arn).await?;
        for instance in &ec2.instances {
            let described = targets.iter().find(|description| {
                description.target().and_then(|target| target.id()) == Some(instance.id.as_str())
            });
            let health = described.and_then(TargetHealthDescription::target_health);
            seen.push(seen_target(
                ledger,
                group,
                &instance.id,
                &TargetHealth::of(health),
            ));
        }
    }
    Ok(seen)
}

fn seen_target(
    ledger: &Ledger,
    group: &TargetGroup,
    instance: &InstanceId,
    health: &TargetHealth,
) -> Seen {
    let spec = &ledger.plan.spec;
    let mut services = spec.served_services();
    let service = services.find(|service| *service.name() == group.service);
    let unhealthy = || {
        let (finding, remedy) = match service {
            Some(service) => {
                let of_service = service.health();
                let port = service.port().map(PortMapping::host);
                let check = Check {
                    service: service.name().as_str(),
                    port: of_service.port().or(port).unwrap_or_default(),
                    path: of_service.path(),
                    matcher: of_service.matcher(),
                };
                (health.finding(check), health.remedy(check))
            }
            // The target groups are those of the services.
            None => (health.state(), String::new()),
        };
        UnhealthyTarget {
            instance: instance.clone(),
            service: group.service.clone(),
            state: health.state(),
            reason: health.reason(),
            finding,
            remedy,
        }
    };
    Seen {
        service: group.service.clone(),
        instance: instance.clone(),
        has_failed: health.has_failed(),
        unhealthy: (!health.is_healthy()).then(unhealthy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one look at the targets `a` and `b`: `+` is healthy, `-` has failed, `.` is new.
    fn look(changes: &mut Changes, signs: &str) -> String {
        let targets = ["a", "b"].iter().zip(signs.chars()).map(|(name, sign)| {
            let (service, instance): (ServiceName, _) =
                (name.parse().unwrap(), InstanceId::from_aws("i-1"));
            Seen {
                has_failed: sign == '-',
                unhealthy: (sign != '+').then(|| UnhealthyTarget {
                    instance: instance.clone(),
                    service: service.clone(),
                    state: String::new(),
                    reason: String::new(),
                    finding: String::new(),
                    remedy: String::new(),
                }),
                service,
                instance,
            }
        });
        changes.since_last_look(&targets.collect::<Vec<_>>())
    }

    #[test]
    fn changes_since_last_look_are_named() {
        let mut changes = Changes::default();
        for (signs, said) in [
            ("..", ""),
            ("+.", "came up: a of i-1; "),
            ("+.", "came up: a of i-1; "),
            ("-+", "came up: b of i-1; failed: a of i-1; "),
            ("--", "failed: b of i-1; "),
            ("+-", "recovered: a of i-1; "),
        ] {
            assert_eq!(look(&mut changes, signs), said, "{signs}");
        }
    }
}
