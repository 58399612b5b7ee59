//! Target health: a function of the time, of the rules that forward to the group, and of the instance.

use std::time::Duration;

use jiff::Timestamp;

use super::ElasticLoadBalancing;
use super::health_check::HealthCheck;
use super::target::{Named, Target};
use crate::sim::context::RequestContext;
use crate::sim::ec2::{Ec2, InstanceState};
use crate::sim::guest::Software;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A target's health as DescribeTargetHealth shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) state: State,
    /// The code and the text; `None` for a healthy target.
    reason: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Draining,
    Healthy,
    Initial,
    Unhealthy,
    Unused,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Healthy => "healthy",
            Self::Initial => "initial",
            Self::Unhealthy => "unhealthy",
            Self::Unused => "unused",
        }
    }

    fn because(self, code: impl Into<String>, text: impl Into<String>) -> Health {
        Health {
            state: self,
            reason: Some((code.into(), text.into())),
        }
    }
}

pub(super) fn describe(
    elb: &ElasticLoadBalancing,
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("TargetGroupArn")?;
    let group = elb.target_group(&arn)?;
    let named = Named::read_list(params, group.settings.port)?;
    params.refuse_unread("DescribeTargetHealth")?;
    let check_port = group.settings.health_check.port;
    let registered = |target: &&Target| target.drained_at.is_none_or(|at| context.now < at);
    let describe = |target: &Target| {
        let health = of(elb, &arn, target, ec2, context.software(), context.now);
        health.element(&target.instance, target.port, check_port)
    };
    let descriptions: Vec<Element> = if named.is_empty() {
        group
            .targets
            .iter()
            .filter(registered)
            .map(describe)
            .collect()
    } else {
        let find = |named: &Named| {
            let mut targets = group.targets.iter().filter(registered);
            targets.find(|target| named.is(target))
        };
        named
            .iter()
            .map(|named| match find(named) {
                Some(target) => describe(target),
                None => State::Unused
                    .because(
                        "Target.NotRegistered",
                        "Target is not registered to the target group",
                    )
                    .element(&named.instance, named.port, check_port),
            })
            .collect()
    };
    let list = Element::list("TargetHealthDescriptions", "member", descriptions);
    Ok(Reply::xml(Element::new("result").child(list)))
}

/// Returns the health of a target of the group at that time.
pub(super) fn of(
    elb: &ElasticLoadBalancing,
    target_group: &str,
    target: &Target,
    ec2: &Ec2,
    software: Software<'_>,
    now: Timestamp,
) -> Health {
    let Ok(group) = elb.target_group(target_group) else {
        return State::Unused.because(
            "Target.NotRegistered",
            "Target is not registered to the target group",
        );
    };
    if target.drained_at.is_some() {
        return State::Draining.because(
            "Target.DeregistrationInProgress",
            "Target deregistration is in progress",
        );
    }
    let instance = match ec2.instance(&target.instance) {
        Some(instance) if instance.state(now) == InstanceState::Running => instance,
        Some(_) | None => {
            return State::Unused.because(
                "Target.InvalidState",
                "Target is in the stopped or terminated state",
            );
        }
    };
    match usable_since(elb, target_group, &instance.zone, now) {
        Err(unused) => unused,
        Ok(since) if now < since.max(target.registered_at) => State::Initial.because(
            "Elb.RegistrationInProgress",
            "Target registration is in progress",
        ),
        Ok(since) => {
            let since = since.max(target.registered_at);
            let answers = |check: &HealthCheck, at: Timestamp| {
                let port = check.port.unwrap_or(target.port);
                let boot = software.boot(ec2, instance, at);
                // A port beyond the numbers of TCP is none that a guest could serve.
                u16::try_from(port).is_ok_and(|port| software.guest.serves(&boot, port))
            };
            let check = &group.settings.health_check;
            let up_at = instance.services_up_at();
            let answers = |at| at >= up_at && answers(check, at);
            checked(check, target, answers, since, now)
        }
    }
}

/// Returns the time since which a load balancer can send requests from the group's rules to that zone.
pub(super) fn usable_since(
    elb: &ElasticLoadBalancing,
    target_group: &str,
    zone: &str,
    now: Timestamp,
) -> Result<Timestamp, Health> {
    let mut unused = State::Unused.because(
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer",
    );
    let mut since: Option<Timestamp> = None;
    for (listener, rule) in elb.rules_to(target_group) {
        let Ok(load_balancer) = elb.load_balancer(&listener.load_balancer) else {
            continue;
        };
        if load_balancer.has_failed(now) {
            continue;
        }
        if load_balancer.enables_zone(zone) {
            let usable = rule
                .forwards_since(target_group)
                .max(load_balancer.active_at);
            since = Some(since.map_or(usable, |since| since.min(usable)));
        } else {
            unused = State::Unused.because(
                "Target.NotInUse",
                "Target is in an Availability Zone that is not enabled for the load balancer",
            );
        }
    }
    since.ok_or(unused)
}

/// Returns the time of the first health check of a target that can be used since a time.
pub(super) fn first_check(check: &HealthCheck, target: &Target, since: Timestamp) -> Timestamp {
    let interval = Duration::from_secs(check.interval.into());
    since + interval.mul_f64(target.check_offset)
}

/// Returns the result of the health checks since that time, of a target that answers at some times.
fn checked(
    check: &HealthCheck,
    target: &Target,
    answers: impl Fn(Timestamp) -> bool,
    since: Timestamp,
    now: Timestamp,
) -> Health {
    let interval = Duration::from_secs(check.interval.into());
    let first = first_check(check, target, since);
    let made = target.made_checks.as_ref();
    let known_until = made.map_or(now, |made| made.known_until().min(now));
    let done = checks_before(first, interval, known_until + Duration::from_nanos(1));
    let at = |number: u64| first + Duration::from_secs(u64::from(check.interval) * number);
    let initial = State::Initial.because(
        "Elb.InitialHealthChecking",
        "Initial health checks in progress",
    );
    let thresholds = Thresholds {
        healthy: check.healthy_threshold.into(),
        unhealthy: check.unhealthy_threshold.into(),
    };
    let failure = target.failure.as_ref();
    // The time from which the health checks fail, no matter what runs on the instance.
    let ill_since = match failure.map(|failure| (failure, failure.after)) {
        None => None,
        Some((failure, None)) => {
            return if done >= thresholds.unhealthy {
                State::Unhealthy.because(&failure.reason, failure_text(&failure.reason))
            } else {
                initial
            };
        }
        Some((failure, Some(after))) => {
            let failed = (0..done).find(|number| answers(at(*number)));
            let failed = failed.unwrap_or(done);
            let needed = match failed >= thresholds.unhealthy {
                true => thresholds.healthy,
                false => 1,
            };
            Some((at(failed + needed - 1) + after, &failure.reason))
        }
    };
    let is_ill = |at: Timestamp| ill_since.is_some_and(|(since, _)| at >= since);
    let made_at = |number| made.and_then(|made| made.result(at(number)));
    let passed = |number| match made_at(number) {
        Some(result) => result.is_ok(),
        None => answers(at(number)),
    };
    let passes = |number| passed(number) && !is_ill(at(number));
    match (thresholds.state(done, passes), ill_since) {
        (State::Healthy, _) => Health {
            state: State::Healthy,
            reason: None,
        },
        (State::Unhealthy, Some((since, reason))) if at(done - 1) >= since => {
            State::Unhealthy.because(reason, failure_text(reason))
        }
        (State::Unhealthy, _) => match made_at(done - 1) {
            Some(Err(failure)) => State::Unhealthy.because(failure.code, &failure.text),
            Some(Ok(())) | None => {
                State::Unhealthy.because("Target.FailedHealthChecks", "Health checks failed")
            }
        },
        (State::Draining | State::Initial | State::Unused, _) => initial,
    }
}

/// The numbers of equal results in a row after which a target changes its state.
#[derive(Clone, Copy, Debug)]
struct Thresholds {
    healthy: u64,
    unhealthy: u64,
}

impl Thresholds {
    /// Returns the state of a target after that many health checks. It asks for the results of as few of the latest as
    /// decide.
    ///
    /// The ELB docs: a new target is healthy after one success, regardless of the threshold; the threshold is for a
    /// target that was unhealthy.
    fn state(self, done: u64, passes: impl Fn(u64) -> bool) -> State {
        let mut state = State::Initial;
        // The results after those that decide the state, the latest first.
        let mut later = Vec::new();
        for number in (0..done).rev() {
            let passed = passes(number);
            later.push(passed);
            let same = later.iter().rev().take_while(|it| **it == passed).count();
            if same as u64 >= self.needed(passed) {
                state = Self::reached(passed);
                later.truncate(later.len() - same);
                break;
            }
        }
        let mut differing = 0;
        for passed in later.into_iter().rev() {
            if Self::reached(passed) == state {
                differing = 0;
                continue;
            }
            differing += 1;
            let is_first_success = passed && state == State::Initial;
            if is_first_success || differing >= self.needed(passed) {
                state = Self::reached(passed);
                differing = 0;
            }
        }
        state
    }

    fn needed(self, passed: bool) -> u64 {
        if passed { self.healthy } else { self.unhealthy }
    }

    fn reached(passed: bool) -> State {
        if passed {
            State::Healthy
        } else {
            State::Unhealthy
        }
    }
}

/// Returns the text that AWS adds to a reason code.
fn failure_text(reason: &str) -> &'static str {
    match reason {
        "Target.Timeout" => "Request timed out",
        "Target.ResponseCodeMismatch" => "Health checks failed with these codes: [503]",
        "Elb.InternalError" => "Health checks failed due to an internal error",
        _ => "Health checks failed",
    }
}

/// Returns the number of checks before `end`, the first of them at `first`.
pub(super) fn checks_before(first: Timestamp, interval: Duration, end: Timestamp) -> u64 {
    let elapsed = end.duration_since(first).as_nanos();
    match (u128::try_from(elapsed), interval.as_nanos()) {
        (Ok(elapsed), interval @ 1..) => {
            u64::try_from(elapsed.div_ceil(interval)).unwrap_or(u64::MAX)
        }
        // Before the first check, or with an interval that the API refuses.
        (Err(_), _) | (Ok(_), 0) => 0,
    }
}

impl Health {
    fn element(&self, instance: &str, port: u32, check_port: Option<u32>) -> Element {
        let target = Element::new("Target")
            .with("Id", instance)
            .with("Port", port);
        let health = Element::new("TargetHealth")
            .with("State", self.state.as_str())
            .with_some("Reason", self.reason.as_ref().map(|(code, _)| code))
            .with_some("Description", self.reason.as_ref().map(|(_, text)| text));
        Element::new("description")
            .child(target)
            .with("HealthCheckPort", check_port.unwrap_or(port))
            .child(health)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{State, Thresholds, checks_before};

    /// Returns the state that the results lead to, one after the other.
    fn counted(thresholds: Thresholds, results: &[bool]) -> State {
        let (mut state, mut passed, mut failed) = (State::Initial, 0, 0);
        for result in results {
            (passed, failed) = if *result {
                (passed + 1, 0)
            } else {
                (0, failed + 1)
            };
            if passed >= thresholds.healthy || (passed > 0 && state == State::Initial) {
                state = State::Healthy;
            } else if failed >= thresholds.unhealthy {
                state = State::Unhealthy;
            }
        }
        state
    }

    proptest! {
        #[test]
        fn latest_results_decide_state(
            healthy in 2_u64..6,
            unhealthy in 2_u64..6,
            results in proptest::collection::vec(proptest::bool::weighted(0.6), 0..40),
        ) {
            let thresholds = Thresholds { healthy, unhealthy };
            let passes = |number: u64| results[usize::try_from(number).unwrap()];
            let state = thresholds.state(results.len() as u64, passes);
            prop_assert_eq!(state, counted(thresholds, &results));
        }


        #[test]
        fn check_count_matches_simple_counting(
            first in 0_i64..1000,
            interval in 1_u64..300,
            end in 0_i64..2000,
        ) {
            let counted = (first..)
                .step_by(usize::try_from(interval).unwrap())
                .take_while(|at| *at < end)
                .count();
            let at = |second| Timestamp::from_second(second).unwrap();
            let computed = checks_before(at(first), Duration::from_secs(interval), at(end));
            prop_assert_eq!(computed, counted as u64);
        }
    }
}
