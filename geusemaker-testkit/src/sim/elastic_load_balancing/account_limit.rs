//! The quotas of a new account as DescribeAccountLimits lists them (ELB docs, "Quotas for your Application Load
//! Balancers").

use super::paging::Paging;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

const LIMITS: &[(&str, u32)] = &[
    ("application-load-balancers", 50),
    ("certificates-per-application-load-balancer", 25),
    ("condition-values-per-alb-rule", 5),
    ("condition-wildcards-per-alb-rule", 5),
    ("listeners-per-application-load-balancer", 50),
    ("rules-per-application-load-balancer", 100),
    ("target-groups", 3000),
    ("target-groups-per-action-on-application-load-balancer", 5),
    ("target-groups-per-application-load-balancer", 100),
    ("targets-per-application-load-balancer", 1000),
];

pub(super) fn describe(params: &mut Params) -> Result<Reply, ServiceError> {
    let paging = Paging::read(params)?;
    params.refuse_unread("DescribeAccountLimits")?;
    let page = paging.cut(LIMITS.iter().map(|limit| (limit.0.to_owned(), limit)));
    Ok(page.reply("Limits", |(name, most)| {
        Element::new("limit").with("Name", name).with("Max", most)
    }))
}
