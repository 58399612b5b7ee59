//! Targets: the instances that a target group sends requests to.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::target_group::TargetGroup;
use super::target_health::{self, State};
use super::{Code, ElasticLoadBalancing, validation};
use crate::sim::context::RequestContext;
use crate::sim::ec2::{Ec2, InstanceState};
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::quota::Quota;
use crate::sim::timings::{Step, Timings};
use crate::wire::params::Params;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) instance: String,
    pub(crate) port: u32,
    /// The time at which the registration has reached the load balancer.
    pub(crate) registered_at: Timestamp,
    /// The part of an interval that passes before the first health check.
    pub(crate) check_offset: f64,
    /// The time at which the target has drained, once it was deregistered.
    pub(crate) drained_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) failure: Option<Failure>,
    /// The health checks that were really made, if the account carries traffic.
    #[serde(skip)]
    pub(crate) made_checks: Option<MadeChecks>,
}

/// The results of the health checks since a time: only the changes are kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct MadeChecks {
    since: Timestamp,
    /// The time of the latest check with a result.
    until: Option<Timestamp>,
    changes: Vec<(Timestamp, Result<(), CheckFailure>)>,
}

/// The failure of a health check, as AWS shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckFailure {
    /// AWS's code: `Target.Timeout`.
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl MadeChecks {
    /// Begins with the checks from that time on.
    #[cfg(feature = "traffic")]
    pub(crate) fn since(since: Timestamp) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    /// Notes the result of a check. Returns true if it differs from the one before.
    #[cfg(feature = "traffic")]
    pub(crate) fn note(&mut self, at: Timestamp, result: Result<(), CheckFailure>) -> bool {
        if self.until.is_some_and(|until| at <= until) {
            return false;
        }
        self.until = Some(at);
        let is_change = self.changes.last().is_none_or(|(_, last)| *last != result);
        if is_change {
            self.changes.push((at, result));
        }
        is_change
    }

    /// Returns the time up to which there are results, if some are missing.
    pub(super) fn known_until(&self) -> Timestamp {
        self.until.unwrap_or(self.since - Duration::from_nanos(1))
    }

    /// Returns the result of the check at that time, if it was made.
    pub(super) fn result(&self, at: Timestamp) -> Option<&Result<(), CheckFailure>> {
        let mut changes = self.changes.iter().rev();
        changes.find_map(|(since, result)| (*since <= at).then_some(result))
    }
}

/// The reason and the time of failing health checks, no matter what runs on the instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// AWS's code: `Target.Timeout`.
    pub(crate) reason: String,
    /// The time for which the target was healthy before; `None` if it never is.
    pub(crate) after: Option<Duration>,
}

/// A target as a caller names it.
pub(crate) struct Named {
    pub(crate) instance: String,
    pub(crate) port: u32,
}

impl Named {
    /// Reads `Targets.member.N`; a target without a port has the group's port.
    pub(super) fn read_list(
        params: &mut Params,
        group_port: u32,
    ) -> Result<Vec<Self>, ServiceError> {
        params.optional("Targets");
        let mut named = Vec::new();
        for place in params.structures("Targets.member") {
            let instance = params.required(&place.member("Id"))?;
            let port = place.member("Port");
            let port = if params.has(&port) {
                validation::number(params, &port, 1..=65535, group_port)?
            } else {
                group_port
            };
            named.push(Self { instance, port });
        }
        Ok(named)
    }

    pub(super) fn is(&self, target: &Target) -> bool {
        target.instance == self.instance && target.port == self.port
    }
}

pub(super) fn register(
    elb: &mut ElasticLoadBalancing,
    ec2: &Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("TargetGroupArn")?;
    let group = elb.target_group(&arn)?;
    let named = Named::read_list(params, group.settings.port)?;
    params.refuse_unread("RegisterTargets")?;
    if named.is_empty() {
        return Err(validation::error("At least one target must be specified"));
    }
    for target in &named {
        refuse_unusable(group, ec2, context.now, &target.instance)?;
    }
    let is_new = |named: &&Named| !group.targets.iter().any(|target| named.is(target));
    let targets = group.targets.len() + named.iter().filter(is_new).count();
    context
        .quotas
        .admit(Quota::TargetsPerTargetGroup, targets)?;
    for named in named {
        let registered_at = context.now + context.duration(Step::TargetRegistered);
        let check_offset = match context.rng.timings() {
            Timings::Instant => 0.0,
            Timings::Typical | Timings::Slow => context.rng.roll(),
        };
        let failure = match context.lifecycle {
            LifecycleOverride::Fails { reason, after } => Some(Failure {
                reason: reason.clone(),
                after: *after,
            }),
            LifecycleOverride::Usual | LifecycleOverride::Stuck | LifecycleOverride::Slow(_) => {
                None
            }
        };
        let Some(group) = elb.target_groups.get_mut(&arn) else {
            break;
        };
        // A draining target is registered again; a registered target stays as it is.
        group
            .targets
            .retain(|target| !(named.is(target) && target.drained_at.is_some()));
        if !group.targets.iter().any(|target| named.is(target)) {
            group.targets.push(Target {
                instance: named.instance,
                port: named.port,
                registered_at,
                check_offset,
                drained_at: None,
                failure,
                made_checks: None,
            });
        }
    }
    Ok(Reply::empty())
}

/// Refuses an instance that cannot be a target. The ELB model: an instance has to be running when it is registered, and
/// in the VPC of the group.
fn refuse_unusable(
    group: &TargetGroup,
    ec2: &Ec2,
    now: Timestamp,
    id: &str,
) -> Result<(), ServiceError> {
    let invalid = |message| Err(ServiceError::new(Code::InvalidTarget, message));
    match ec2.instance(id) {
        None => invalid(format!("Instance ID '{id}' is not valid")),
        Some(instance) if instance.state(now) != InstanceState::Running => invalid(format!(
            "The following targets are not in a running state and cannot be registered: '{id}'"
        )),
        Some(instance) if instance.vpc != group.vpc() => invalid(format!(
            "The following targets are not in the target group VPC '{}': '{id}'",
            group.vpc()
        )),
        Some(_) => Ok(()),
    }
}

pub(super) fn deregister(
    elb: &mut ElasticLoadBalancing,
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("TargetGroupArn")?;
    let group = elb.target_group(&arn)?;
    let named = Named::read_list(params, group.settings.port)?;
    params.refuse_unread("DeregisterTargets")?;
    if named.is_empty() {
        return Err(validation::error("At least one target must be specified"));
    }
    let delay = Duration::from_secs(group.deregistration_delay());
    // The ELB docs: "if the specified target does not exist, the action returns successfully".
    let mut kept = Vec::new();
    for target in &group.targets {
        let mut target = target.clone();
        if target.drained_at.is_none() && named.iter().any(|named| named.is(&target)) {
            let health =
                target_health::of(elb, &arn, &target, ec2, context.software(), context.now);
            if health.state == State::Unused {
                continue;
            }
            target.drained_at = Some(context.now + delay);
        }
        kept.push(target);
    }
    if let Some(group) = elb.target_groups.get_mut(&arn) {
        group.targets = kept;
    }
    Ok(Reply::empty())
}
