//! The account's quotas as DescribeAccountLimits lists them (ELB docs, "Quotas for your Application Load Balancers").

use super::paging::Paging;
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

const LIMITS: &[(&str, Limit)] = &[
    (
        "application-load-balancers",
        Limit::Quota(Quota::LoadBalancers),
    ),
    (
        "certificates-per-application-load-balancer",
        Limit::Fixed(25),
    ),
    ("condition-values-per-alb-rule", Limit::Fixed(5)),
    ("condition-wildcards-per-alb-rule", Limit::Fixed(5)),
    (
        "listeners-per-application-load-balancer",
        Limit::Quota(Quota::ListenersPerLoadBalancer),
    ),
    (
        "rules-per-application-load-balancer",
        Limit::Quota(Quota::RulesPerLoadBalancer),
    ),
    ("target-groups", Limit::Quota(Quota::TargetGroups)),
    (
        "target-groups-per-action-on-application-load-balancer",
        Limit::Fixed(5),
    ),
    (
        "targets-per-target-group",
        Limit::Quota(Quota::TargetsPerTargetGroup),
    ),
];

enum Limit {
    /// A quota that cannot be raised here.
    Fixed(u32),
    Quota(Quota),
}

pub(super) fn describe(
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let paging = Paging::read(params)?;
    params.refuse_unread("DescribeAccountLimits")?;
    let limits = LIMITS.iter().filter_map(|(name, limit)| {
        let most = match limit {
            Limit::Fixed(most) => Some(*most),
            Limit::Quota(quota) => context.quotas.limit(*quota),
        }?;
        let limit = Element::new("limit").with("Name", name).with("Max", most);
        Some(((*name).to_owned(), limit))
    });
    Ok(paging.cut(limits).reply("Limits", |limit| limit))
}
