//! Application load balancers.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attributes::{Attributes, LOAD_BALANCER};
use super::paging::{Page, Paging};
use super::placement::{self, Placement};
use super::tags::Tags;
use super::{Code, ElasticLoadBalancing, hosted_zone, members, validation};
use crate::sim::cloudfront::CloudFront;
use crate::sim::context::RequestContext;
use crate::sim::ec2::{Ec2, Subnet};
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoadBalancer {
    pub(crate) arn: String,
    pub(crate) settings: Settings,
    pub(crate) dns_name: String,
    pub(super) vpc: String,
    pub(crate) placements: Vec<Placement>,
    pub(crate) attributes: Attributes,
    pub(super) tags: Tags,
    created_at: Timestamp,
    pub(super) active_at: Timestamp,
    #[serde(default)]
    failure: Option<Failure>,
    /// The time at which the deletion is complete, once a call has asked for it.
    gone_at: Option<Timestamp>,
}

/// The caller's choices, which decide whether a second creation is the same or another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    name: String,
    scheme: String,
    pub(super) subnets: BTreeSet<String>,
    pub(crate) security_groups: BTreeSet<String>,
}

/// The failure of the load balancer's creation.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Failure {
    at: Timestamp,
    reason: String,
}

impl LoadBalancer {
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone_at| gone_at <= now)
    }

    pub(super) fn state(&self, now: Timestamp) -> &'static str {
        if self.has_failed(now) {
            "failed"
        } else if now < self.active_at {
            "provisioning"
        } else {
            "active"
        }
    }

    /// Returns the id of the zone that the load balancer's host name is in.
    pub(super) fn hosted_zone(&self) -> &'static str {
        hosted_zone::of_region(self.arn.split(':').nth(3).unwrap_or_default())
    }

    /// Returns true if it is reached only from within its network.
    pub(super) fn is_internal(&self) -> bool {
        self.settings.scheme == "internal"
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        self.gone_at.is_some()
    }

    pub(super) fn has_failed(&self, now: Timestamp) -> bool {
        self.failure
            .as_ref()
            .is_some_and(|failure| failure.at <= now)
    }

    pub(super) fn enables_zone(&self, zone: &str) -> bool {
        self.placements
            .iter()
            .any(|placement| placement.subnet.zone == zone)
    }

    /// Returns `app/name/50dc6c495c0c9188`, which the ARNs of its listeners continue.
    pub(super) fn path(&self) -> &str {
        self.arn
            .split_once(":loadbalancer/")
            .map_or("", |(_, path)| path)
    }

    fn element(&self, now: Timestamp) -> Element {
        // A load balancer that is being deleted still shows as active until it is gone: the SDK's waiter for the
        // deletion continues while it reads that state.
        let state = Element::new("State").with("Code", self.state(now));
        let state = match &self.failure {
            Some(failure) if failure.at <= now => state.with("Reason", &failure.reason),
            Some(_) | None => state,
        };
        let groups = &self.settings.security_groups;
        let groups = groups.iter().map(|group| Element::leaf("group", group));
        Element::new("load balancer")
            .with("LoadBalancerArn", &self.arn)
            .with("DNSName", &self.dns_name)
            .with("CanonicalHostedZoneId", self.hosted_zone())
            .with("CreatedTime", self.created_at)
            .with("LoadBalancerName", &self.settings.name)
            .with("Scheme", &self.settings.scheme)
            .with("VpcId", &self.vpc)
            .child(state)
            .with("Type", "application")
            .child(Placement::list(&self.placements))
            .child(Element::list("SecurityGroups", "member", groups))
            .with("IpAddressType", "ipv4")
    }
}

pub(super) fn create(
    elb: &mut ElasticLoadBalancing,
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = params.required("Name")?;
    let scheme = validation::one_of(params, "Scheme", &["internet-facing", "internal"])?;
    validation::only(params, "Type", "application")?;
    placement::read_ip_address_type(params)?;
    let subnets = placement::read_subnets(params)?;
    let security_groups = members(params, "SecurityGroups");
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateLoadBalancer")?;

    validation::name("Load balancer", &name)?;
    if name.starts_with("internal-") {
        return Err(validation::error(format!(
            "Load balancer name '{name}' cannot begin with 'internal-'"
        )));
    }
    let subnets = placement::one_per_zone(ec2, &subnets)?;
    let vpc = placement::one_vpc(&subnets)?;
    let security_groups = placement::groups_in(ec2, &vpc, security_groups)?;
    let settings = Settings {
        name,
        scheme,
        subnets: subnets.iter().map(|subnet| subnet.id.clone()).collect(),
        security_groups,
    };
    let same_name = |other: &&LoadBalancer| other.settings.name == settings.name;
    if let Some(other) = elb.load_balancers.values().find(same_name) {
        // The ELB model: the same settings again mean the same load balancer.
        if other.settings == settings && !other.is_being_deleted() {
            return Ok(described(other, context.now));
        }
        return Err(ServiceError::new(
            Code::DuplicateLoadBalancerName,
            format!(
                "A load balancer with the same name '{}' exists, but with different settings",
                settings.name
            ),
        ));
    }
    if settings.scheme == "internet-facing" && !ec2.has_internet_gateway(&vpc) {
        let message = format!("VPC {vpc} has no internet gateway");
        return Err(ServiceError::new(Code::InvalidSubnet, message));
    }
    placement::refuse_full(ec2, &subnets, context.now)?;
    // The quota is the account's, and a load balancer that is being deleted counts until it is gone.
    context
        .quotas
        .admit(Quota::LoadBalancers, elb.load_balancers.len() + 1)?;
    let load_balancer = build(ec2, context, settings, vpc, subnets, tags);
    let reply = described(&load_balancer, context.now);
    elb.load_balancers
        .insert(load_balancer.arn.clone(), load_balancer);
    Ok(reply)
}

fn build(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    settings: Settings,
    vpc: String,
    subnets: Vec<Subnet>,
    tags: Tags,
) -> LoadBalancer {
    let Settings { name, scheme, .. } = &settings;
    let (region, account_id) = (context.region, context.account_id);
    let id = context.rng.hex(16);
    let prefix = if scheme == "internal" {
        "internal-"
    } else {
        ""
    };
    let dns_name = format!(
        "{prefix}{name}-{}.{region}.elb.{}",
        context.rng.digits(10),
        context.partition().dns_suffix()
    );
    let path = format!("app/{name}/{id}");
    let groups = &settings.security_groups;
    let placements = subnets
        .into_iter()
        .map(|subnet| Placement::make(ec2, context, &path, subnet, groups))
        .collect();
    let active_at = context.now + context.duration(Step::LoadBalancerActive);
    let failure = match context.lifecycle {
        LifecycleOverride::Fails { reason, after } => Some(Failure {
            at: active_at + after.unwrap_or_default(),
            reason: reason.clone(),
        }),
        LifecycleOverride::Usual | LifecycleOverride::Stuck | LifecycleOverride::Slow(_) => None,
    };
    LoadBalancer {
        arn: format!(
            "arn:{}:elasticloadbalancing:{region}:{account_id}:loadbalancer/{path}",
            context.partition()
        ),
        settings,
        dns_name,
        vpc,
        placements,
        attributes: Attributes::default(),
        tags,
        created_at: context.now,
        active_at,
        failure,
        gone_at: None,
    }
}

pub(super) fn describe(
    elb: &ElasticLoadBalancing,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arns = members(params, "LoadBalancerArns");
    let names = members(params, "Names");
    let paging = Paging::read(params)?;
    params.refuse_unread("DescribeLoadBalancers")?;
    for arn in &arns {
        elb.load_balancer(arn)?;
    }
    for name in &names {
        let known = elb
            .load_balancers
            .values()
            .any(|other| other.settings.name == *name);
        if !known {
            // Elastic Load Balancing says "not found" with HTTP status 400.
            let message = format!("Load balancers '[{name}]' not found");
            return Err(ServiceError::new(Code::LoadBalancerNotFound, message));
        }
    }
    let chosen = elb.load_balancers.values().filter(|load_balancer| {
        (arns.is_empty() || arns.contains(&load_balancer.arn))
            && (names.is_empty() || names.contains(&load_balancer.settings.name))
    });
    let page = paging.cut(chosen.map(|chosen| (chosen.arn.clone(), chosen)));
    Ok(page.reply("LoadBalancers", |chosen| chosen.element(context.now)))
}

fn described(load_balancer: &LoadBalancer, now: Timestamp) -> Reply {
    Page::whole([load_balancer]).reply("LoadBalancers", |one| one.element(now))
}

pub(super) fn delete(
    elb: &mut ElasticLoadBalancing,
    ec2: &mut Ec2,
    cloudfront: &CloudFront,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("LoadBalancerArn")?;
    params.refuse_unread("DeleteLoadBalancer")?;
    // The ELB model: "if the load balancer does not exist or has already been deleted, the call succeeds".
    let Ok(load_balancer) = live_mut(elb, &arn) else {
        return Ok(Reply::empty());
    };
    let attributes = &load_balancer.attributes;
    if attributes.value(LOAD_BALANCER, "deletion_protection.enabled") == "true" {
        return Err(ServiceError::new(
            Code::OperationNotPermitted,
            format!(
                "Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            ),
        ));
    }
    if cloudfront.leads_to(&arn, context.now) {
        let message = format!(
            "Load balancer '{arn}' cannot be deleted because it is currently associated with another service"
        );
        return Err(ServiceError::new(Code::ResourceInUse, message));
    }
    let gone_at = context.now + context.duration(Step::LoadBalancerDeleted);
    // The network interfaces exist longer than the load balancer, and hold its security groups until they are gone.
    let released_at = gone_at + context.duration(Step::LoadBalancerInterfacesReleased);
    load_balancer.gone_at = Some(gone_at);
    for placement in &load_balancer.placements {
        ec2.release_interface(&placement.interface, released_at);
    }
    // Its listeners and their rules are deleted with it; its target groups are not.
    elb.listeners
        .retain(|_, listener| listener.load_balancer != arn);
    Ok(Reply::empty())
}

/// Returns a load balancer that exists and is not being deleted.
pub(super) fn live<'a>(
    elb: &'a ElasticLoadBalancing,
    arn: &str,
) -> Result<&'a LoadBalancer, ServiceError> {
    elb.load_balancer(arn).and_then(|load_balancer| {
        if load_balancer.is_being_deleted() {
            Err(not_found())
        } else {
            Ok(load_balancer)
        }
    })
}

pub(super) fn live_mut<'a>(
    elb: &'a mut ElasticLoadBalancing,
    arn: &str,
) -> Result<&'a mut LoadBalancer, ServiceError> {
    elb.load_balancers
        .get_mut(arn)
        .filter(|load_balancer| !load_balancer.is_being_deleted())
        .ok_or_else(not_found)
}

pub(super) fn not_found() -> ServiceError {
    ServiceError::new(
        Code::LoadBalancerNotFound,
        "One or more load balancers not found",
    )
}
