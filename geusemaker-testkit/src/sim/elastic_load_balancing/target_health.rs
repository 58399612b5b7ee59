//! Target health: a function of the time, of the rules that forward to the group, and of the instance.

use std::time::Duration;

use jiff::Timestamp;

use super::ElasticLoadBalancing;
use super::health_check::HealthCheck;
use super::target::{Failure, Named, Target};
use crate::sim::context::RequestContext;
use crate::sim::ec2::{Ec2, Instance, InstanceState};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// A target's health as DescribeTargetHealth shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) state: State,
    /// The code and the text; `None` for a healthy target.
    reason: Option<(String, &'static str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
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

    fn because(self, code: impl Into<String>, text: &'static str) -> Health {
        Health {
            state: self,
            reason: Some((code.into(), text)),
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
        let health = of(elb, &arn, target, ec2, context.now);
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
            checked(&group.settings.health_check, target, instance, since, now)
        }
    }
}

/// Returns the time since which a load balancer can send requests from the group's rules to that zone.
fn usable_since(
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

/// Returns the result of the health checks since that time.
fn checked(
    check: &HealthCheck,
    target: &Target,
    instance: &Instance,
    since: Timestamp,
    now: Timestamp,
) -> Health {
    let interval = Duration::from_secs(check.interval.into());
    let first = since + interval.mul_f64(target.check_offset);
    let count = |end| checks_before(first, interval, end);
    let done = count(now + Duration::from_nanos(1));
    let initial = State::Initial.because(
        "Elb.InitialHealthChecking",
        "Initial health checks in progress",
    );
    let threshold = u64::from(check.unhealthy_threshold);
    if let Some(Failure {
        reason,
        after: None,
    }) = &target.failure
    {
        return if done >= threshold {
            State::Unhealthy.because(reason, failure_text(reason))
        } else {
            initial
        };
    }
    let failed = done.min(count(instance.services_up_at()));
    let passed = done - failed;
    // The ELB docs: a new target is healthy after one success, regardless of the threshold; the threshold is for a
    // target that was unhealthy.
    let was_unhealthy = failed >= threshold;
    let needed = if was_unhealthy {
        u64::from(check.healthy_threshold)
    } else {
        1
    };
    if passed < needed {
        return if was_unhealthy {
            State::Unhealthy.because("Target.FailedHealthChecks", "Health checks failed")
        } else {
            initial
        };
    }
    if let Some(Failure {
        reason,
        after: Some(after),
    }) = &target.failure
    {
        let seconds = u64::from(check.interval) * (failed + needed - 1);
        let ends_at = first + Duration::from_secs(seconds) + *after;
        if done.saturating_sub(count(ends_at)) >= threshold {
            return State::Unhealthy.because(reason, failure_text(reason));
        }
    }
    Health {
        state: State::Healthy,
        reason: None,
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
fn checks_before(first: Timestamp, interval: Duration, end: Timestamp) -> u64 {
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

    use super::checks_before;

    proptest! {
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
