//! The tier that the spec asks for: which steps belong to it.
//!
//! Each transition asks here before its first call. A committed stack that grows or shrinks will have a plan of its own,
//! with the tier that it is to have.

use crate::error::Error;
use crate::plan::Plan;
use crate::spec::Tier;

/// Returns an error if the spec asks for no load balancer.
pub(super) fn has_load_balancer(plan: &Plan) -> Result<(), Error> {
    match plan.spec.tier() {
        Tier::Instances => Err(wrong(plan, "balance()", "commit()")),
        Tier::LoadBalancer | Tier::Cdn => Ok(()),
    }
}

/// Returns an error if the spec asks for no CDN. Without one in the plan, the load balancer stays open to everybody.
pub(super) fn has_cdn(plan: &Plan, step: &'static str) -> Result<(), Error> {
    match plan.spec.tier() {
        Tier::Instances | Tier::LoadBalancer => Err(wrong(plan, step, "commit()")),
        Tier::Cdn => Ok(()),
    }
}

/// Returns an error if the spec asks for more than this tier. The load balancer of a plan with a CDN admits CloudFront
/// only.
pub(super) fn is_reached(plan: &Plan, tier: Tier) -> Result<(), Error> {
    if plan.spec.tier() <= tier {
        return Ok(());
    }
    let next = match tier {
        Tier::Instances => "balance()",
        Tier::LoadBalancer | Tier::Cdn => "publish()",
    };
    Err(wrong(plan, "commit()", next))
}

fn wrong(plan: &Plan, step: &'static str, instead: &'static str) -> Error {
    Error::WrongTier {
        stack: plan.spec.name().clone(),
        tier: plan.spec.tier(),
        step,
        instead,
    }
}
