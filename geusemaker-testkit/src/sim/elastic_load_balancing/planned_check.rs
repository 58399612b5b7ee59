//! The health checks of a target as they are to be made, for an account that carries traffic.

use std::net::Ipv4Addr;
use std::time::Duration;

use jiff::Timestamp;

use super::ElasticLoadBalancing;
use super::health_check::HealthCheck;
use super::target::Target;
use super::target_group::{ProtocolVersion, TargetGroup};
use super::target_health::{self, checks_before, first_check};
use crate::sim::ec2::{Ec2, InstanceState};

/// The health checks of a target.
#[derive(Clone, Debug)]
pub(crate) struct PlannedCheck {
    pub(crate) group: String,
    pub(crate) load_balancer: String,
    pub(crate) instance: String,
    /// The private address of the instance.
    pub(crate) address: Ipv4Addr,
    /// The port of the target, by which it is known.
    pub(crate) port: u32,
    pub(crate) version: ProtocolVersion,
    pub(crate) check: HealthCheck,
    /// The time of the latest check that is due, if one is.
    pub(crate) due: Option<Timestamp>,
    /// The time of the next one.
    pub(crate) next: Timestamp,
}

impl PlannedCheck {
    /// Returns the port to which the check connects.
    pub(crate) fn checked_port(&self) -> Option<u16> {
        u16::try_from(self.check.port.unwrap_or(self.port)).ok()
    }
}

/// Returns the checks of a target; `None` if it is in no state to be checked.
pub(super) fn of(
    elb: &ElasticLoadBalancing,
    group: &TargetGroup,
    target: &Target,
    ec2: &Ec2,
    now: Timestamp,
) -> Option<PlannedCheck> {
    let instance = ec2.instance(&target.instance)?;
    if instance.state(now) != InstanceState::Running || target.drained_at.is_some() {
        return None;
    }
    let usable = target_health::usable_since(elb, &group.arn, &instance.zone, now).ok()?;
    let (listener, _) = elb.rules_to(&group.arn).next()?;
    let check = &group.settings.health_check;
    let interval = Duration::from_secs(check.interval.into());
    let first = first_check(check, target, usable.max(target.registered_at));
    let done = checks_before(first, interval, now + Duration::from_nanos(1));
    let at = |number: u64| first + Duration::from_secs(u64::from(check.interval) * number);
    Some(PlannedCheck {
        group: group.arn.clone(),
        load_balancer: listener.load_balancer.clone(),
        instance: target.instance.clone(),
        address: instance.private_ip,
        port: target.port,
        version: group.settings.version,
        check: check.clone(),
        due: done.checked_sub(1).map(at),
        next: at(done),
    })
}
