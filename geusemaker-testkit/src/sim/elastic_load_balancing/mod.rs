//! Elastic Load Balancing, version 2: application load balancers, and the health of their targets.

mod account_limit;
pub(crate) mod action;
pub(crate) mod attributes;
pub(crate) mod authentication;
pub(crate) mod condition;
mod error_code;
pub(crate) mod health_check;
mod hosted_zone;
pub(crate) mod listener;
pub(crate) mod load_balancer;
mod load_balancer_settings;
mod operations;
mod paging;
pub(crate) mod placement;
#[cfg(feature = "traffic")]
mod planned_check;
pub(crate) mod protocol;
pub(crate) mod redirect;
pub(crate) mod rule;
mod ssl_policy;
mod tags;
pub(crate) mod target;
pub(crate) mod target_group;
pub(crate) mod target_health;
pub(crate) mod tls;
pub(crate) mod transform;
mod validation;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::error_code::{Code, ERROR_CODES};
use self::listener::Listener;
use self::load_balancer::LoadBalancer;
pub(crate) use self::operations::OPERATIONS;
#[cfg(feature = "traffic")]
pub(crate) use self::planned_check::PlannedCheck;
use self::rule::Rule;
use self::target_group::TargetGroup;
use super::account::Region;
use super::cloudfront::CloudFront;
use super::context::RequestContext;
use super::ec2::{Ec2, Subnet};
use super::guest::Software;
use super::resource::{Resource, ResourceState};
use super::timings::Step;
use crate::wire::params::Params;
use crate::wire::{Reply, ServiceError};

/// The content of Elastic Load Balancing in one region, by ARN.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ElasticLoadBalancing {
    load_balancers: BTreeMap<String, LoadBalancer>,
    listeners: BTreeMap<String, Listener>,
    target_groups: BTreeMap<String, TargetGroup>,
}

impl ElasticLoadBalancing {
    /// Returns the resources that exist at that time.
    pub(crate) fn inventory(&self, now: Timestamp) -> Vec<Resource> {
        let load_balancers = self
            .load_balancers
            .iter()
            .filter(|(_, load_balancer)| !load_balancer.is_gone(now))
            .map(|(arn, _)| Resource::new("ElasticLoadBalancingV2::LoadBalancer", arn));
        let target_groups = self
            .target_groups
            .keys()
            .map(|arn| Resource::new("ElasticLoadBalancingV2::TargetGroup", arn));
        let listeners = self
            .listeners
            .keys()
            .map(|arn| Resource::new("ElasticLoadBalancingV2::Listener", arn));
        let rules = self
            .listeners
            .values()
            .flat_map(|listener| listener.rules.values())
            .map(|rule| Resource::new("ElasticLoadBalancingV2::ListenerRule", &rule.arn));
        load_balancers
            .chain(target_groups)
            .chain(listeners)
            .chain(rules)
            .collect()
    }

    /// Returns the states of the resources that have one; targets are `ElasticLoadBalancingV2::TargetGroup target`, by
    /// instance.
    pub(crate) fn states(
        &self,
        ec2: &Ec2,
        software: Software<'_>,
        now: Timestamp,
    ) -> impl Iterator<Item = ResourceState> {
        let load_balancers = self
            .load_balancers
            .iter()
            .filter(move |(_, load_balancer)| !load_balancer.is_gone(now))
            .map(move |(arn, load_balancer)| {
                Resource::new("ElasticLoadBalancingV2::LoadBalancer", arn)
                    .in_state(load_balancer.state(now))
            });
        let targets = self.target_groups.iter().flat_map(move |(arn, group)| {
            let registered = group
                .targets
                .iter()
                .filter(move |target| target.drained_at.is_none_or(|at| now < at));
            registered.map(move |target| {
                let health = target_health::of(self, arn, target, ec2, software, now);
                Resource::new(
                    "ElasticLoadBalancingV2::TargetGroup target",
                    &target.instance,
                )
                .in_state(health.state.as_str())
            })
        });
        load_balancers.chain(targets)
    }

    /// Returns the ARNs of the load balancers whose listeners use a certificate.
    pub(crate) fn with_certificate(&self, arn: &str) -> Vec<String> {
        let mut using: Vec<String> = self
            .listeners
            .values()
            .filter(|listener| listener.tls.as_ref().is_some_and(|tls| tls.has(arn)))
            .map(|listener| listener.load_balancer.clone())
            .collect();
        using.sort();
        using.dedup();
        using
    }

    /// Returns the certificates that listeners use, each with the ARN of the load balancer.
    fn certificate_uses(&self) -> BTreeSet<(String, String)> {
        let listeners = self.listeners.values();
        let uses = listeners.flat_map(|listener| {
            let tls = listener.tls.iter();
            tls.flat_map(|tls| tls.certificates())
                .map(|arn| (arn.clone(), listener.load_balancer.clone()))
        });
        uses.collect()
    }

    /// Returns the hosted zone of the load balancer with a host name.
    pub(crate) fn zone_of(&self, dns_name: &str) -> Option<&'static str> {
        let mut load_balancers = self.load_balancers.values();
        let found = load_balancers.find(|one| one.dns_name.eq_ignore_ascii_case(dns_name));
        found.map(LoadBalancer::hosted_zone)
    }

    /// Returns the load balancer of an ARN as CloudFront sees it, unless it is being deleted.
    pub(crate) fn as_origin(&self, arn: &str, now: Timestamp) -> Option<OriginBalancer> {
        let found = load_balancer::live(self, arn).ok()?;
        let placements = found.placements.iter();
        Some(OriginBalancer {
            vpc: found.vpc.clone(),
            subnets: placements.map(|it| it.subnet.clone()).collect(),
            is_active: found.state(now) == "active",
            is_internal: found.is_internal(),
        })
    }

    /// Returns the ARN of the load balancer with a host name.
    #[cfg(feature = "traffic")]
    pub(crate) fn of_dns_name(&self, name: &str, now: Timestamp) -> Option<&str> {
        let mut load_balancers = self.load_balancers.values();
        let found = load_balancers
            .find(|one| one.dns_name.eq_ignore_ascii_case(name) && !one.is_gone(now))?;
        Some(&found.arn)
    }

    /// Returns the DNS names of the load balancers that accept connections.
    #[cfg(feature = "traffic")]
    pub(crate) fn dns_names(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let accepting = self.load_balancers.keys();
        let accepting = accepting.filter_map(move |arn| self.accepting(arn, now));
        accepting.map(|load_balancer| load_balancer.dns_name.as_str())
    }

    /// Returns the ports of a load balancer's listeners.
    #[cfg(feature = "traffic")]
    pub(crate) fn ports_of(&self, load_balancer: &str) -> Vec<u16> {
        let listeners = self.listeners.values();
        let listeners = listeners.filter(|it| it.load_balancer == load_balancer);
        listeners
            .filter_map(|it| u16::try_from(it.port).ok())
            .collect()
    }

    /// Returns a load balancer that accepts connections.
    #[cfg(feature = "traffic")]
    pub(crate) fn accepting(&self, arn: &str, now: Timestamp) -> Option<&LoadBalancer> {
        let found = self.load_balancers.get(arn)?;
        (found.state(now) == "active" && !found.is_gone(now)).then_some(found)
    }

    /// Returns the listener of a load balancer on a port.
    #[cfg(feature = "traffic")]
    pub(crate) fn listener_on(&self, load_balancer: &str, port: u16) -> Option<&Listener> {
        self.listeners.values().find(|listener| {
            listener.load_balancer == load_balancer && listener.port == u32::from(port)
        })
    }

    /// Returns the state of a target.
    #[cfg(feature = "traffic")]
    pub(crate) fn health(
        &self,
        group: &str,
        target: &target::Target,
        ec2: &Ec2,
        software: Software<'_>,
        now: Timestamp,
    ) -> target_health::State {
        target_health::of(self, group, target, ec2, software, now).state
    }

    /// Returns the health checks that are to be made of the targets.
    #[cfg(feature = "traffic")]
    pub(crate) fn planned_checks(&self, ec2: &Ec2, now: Timestamp) -> Vec<PlannedCheck> {
        let groups = self.target_groups.values();
        let planned = groups.flat_map(|group| {
            let targets = group.targets.iter();
            targets.filter_map(|target| planned_check::of(self, group, target, ec2, now))
        });
        planned.collect()
    }

    /// Returns a target.
    #[cfg(feature = "traffic")]
    pub(crate) fn target_mut(
        &mut self,
        group: &str,
        instance: &str,
        port: u32,
    ) -> Option<&mut target::Target> {
        let targets = self.target_groups.get_mut(group)?.targets.iter_mut();
        let mut own = targets.filter(|it| it.instance == instance && it.port == port);
        own.next()
    }

    /// Returns a target group.
    #[cfg(feature = "traffic")]
    pub(crate) fn group(&self, arn: &str) -> Option<&TargetGroup> {
        self.target_groups.get(arn)
    }

    /// Returns the load balancer, even if it is being deleted.
    fn load_balancer(&self, arn: &str) -> Result<&LoadBalancer, ServiceError> {
        self.load_balancers
            .get(arn)
            .ok_or_else(load_balancer::not_found)
    }

    fn listener(&self, arn: &str) -> Result<&Listener, ServiceError> {
        self.listeners.get(arn).ok_or_else(|| {
            ServiceError::new(Code::ListenerNotFound, "One or more listeners not found")
        })
    }

    fn target_group(&self, arn: &str) -> Result<&TargetGroup, ServiceError> {
        self.target_groups.get(arn).ok_or_else(|| {
            ServiceError::new(
                Code::TargetGroupNotFound,
                "One or more target groups not found",
            )
        })
    }

    pub(crate) fn listeners_of<'a>(
        &'a self,
        load_balancer: &'a str,
    ) -> impl Iterator<Item = &'a Listener> {
        self.listeners
            .values()
            .filter(move |listener| listener.load_balancer == load_balancer)
    }

    /// Returns the listeners and rules that forward to a target group.
    fn rules_to<'a>(
        &'a self,
        target_group: &'a str,
    ) -> impl Iterator<Item = (&'a Listener, &'a Rule)> {
        self.listeners
            .values()
            .flat_map(|listener| listener.all_rules().map(move |(_, rule)| (listener, rule)))
            .filter(move |(_, rule)| rule.forwards_to(target_group))
    }
}

/// A load balancer as CloudFront sees it.
pub(crate) struct OriginBalancer {
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) is_active: bool,
    pub(crate) is_internal: bool,
}

pub(crate) fn answer(
    region: &mut Region,
    cloudfront: &CloudFront,
    context: &mut RequestContext<'_>,
    operation: &str,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let Region {
        acm,
        ec2,
        elastic_load_balancing: elb,
        ..
    } = region;
    elb.load_balancers
        .retain(|_, load_balancer| !load_balancer.is_gone(context.now));
    let uses = elb.certificate_uses();
    let reply = operations::perform(operation, elb, acm, ec2, cloudfront, context, params)?;
    for (certificate, user) in uses.difference(&elb.certificate_uses()) {
        let known_until = context.now + context.rng.duration(Step::CertificateReleased);
        acm.release(certificate.clone(), user.clone(), known_until);
    }
    Ok(reply)
}

/// Returns the members of a list. The SDK writes an empty list as an empty parameter with the list's own name.
fn members(params: &mut Params, list: &str) -> Vec<String> {
    params.optional(list);
    params.list(&format!("{list}.member"))
}
