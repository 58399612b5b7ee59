//! Target groups of instances.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::attributes::{Attributes, DEREGISTRATION_DELAY, TARGET_GROUP};
use super::health_check::HealthCheck;
use super::paging::{Page, Paging};
use super::protocol::Protocol;
use super::tags::Tags;
use super::target::Target;
use super::{Code, ElasticLoadBalancing, members, validation};
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) settings: Settings,
    pub(crate) attributes: Attributes,
    pub(crate) targets: Vec<Target>,
    pub(crate) tags: Tags,
}

/// The caller's choices, which decide whether a second creation is the same or another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    name: String,
    #[serde(default)]
    pub(crate) protocol: Protocol,
    #[serde(default)]
    pub(crate) version: ProtocolVersion,
    pub(crate) port: u32,
    vpc: String,
    pub(crate) health_check: HealthCheck,
}

/// The protocol version of requests to the targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ProtocolVersion {
    #[default]
    Http1,
    Http2,
    Grpc,
}

impl ProtocolVersion {
    fn read(params: &mut Params) -> Result<Self, ServiceError> {
        match params.optional("ProtocolVersion").as_deref() {
            None | Some("HTTP1") => Ok(Self::Http1),
            Some("HTTP2") => Ok(Self::Http2),
            Some("GRPC") => Ok(Self::Grpc),
            Some(other) => Err(validation::error(format!(
                "Protocol version '{other}' must be one of '[GRPC, HTTP1, HTTP2]'"
            ))),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP1",
            Self::Http2 => "HTTP2",
            Self::Grpc => "GRPC",
        }
    }
}

impl TargetGroup {
    pub(super) fn vpc(&self) -> &str {
        &self.settings.vpc
    }

    /// Returns the protocol version, if it is one that only HTTPS listeners can have.
    pub(super) fn version_of_https(&self) -> Option<&'static str> {
        match self.settings.version {
            ProtocolVersion::Http1 => None,
            version @ (ProtocolVersion::Http2 | ProtocolVersion::Grpc) => Some(version.as_str()),
        }
    }

    /// Returns the time for which a deregistered target drains, in seconds.
    pub(super) fn deregistration_delay(&self) -> u64 {
        let value = self.attributes.value(TARGET_GROUP, DEREGISTRATION_DELAY);
        // All values of the attribute are numbers: others are refused when it is set.
        value.parse().unwrap_or_default()
    }

    fn element(&self, elb: &ElasticLoadBalancing) -> Element {
        let settings = &self.settings;
        let load_balancers: BTreeSet<&str> = elb
            .rules_to(&self.arn)
            .map(|(listener, _)| listener.load_balancer.as_str())
            .collect();
        let load_balancers = load_balancers
            .into_iter()
            .map(|arn| Element::leaf("arn", arn));
        Element::new("target group")
            .with("TargetGroupArn", &self.arn)
            .with("TargetGroupName", &settings.name)
            .with("Protocol", settings.protocol.as_str())
            .with("ProtocolVersion", settings.version.as_str())
            .with("Port", settings.port)
            .with("VpcId", &settings.vpc)
            .with("TargetType", "instance")
            .with("IpAddressType", "ipv4")
            .children(settings.health_check.elements())
            .child(Element::list("LoadBalancerArns", "member", load_balancers))
    }
}

impl Settings {
    fn read(params: &mut Params) -> Result<Self, ServiceError> {
        let name = params.required("Name")?;
        params.required("Protocol")?;
        let protocol = Protocol::read(params, "Protocol")?.unwrap_or_default();
        let version = ProtocolVersion::read(params)?;
        validation::only(params, "TargetType", "instance")?;
        validation::only(params, "IpAddressType", "ipv4")?;
        params.required("Port")?;
        Ok(Self {
            name,
            protocol,
            version,
            port: validation::number(params, "Port", 1..=65535, 0)?,
            vpc: params.required("VpcId")?,
            health_check: HealthCheck::read(
                params,
                HealthCheck::standard(protocol, version == ProtocolVersion::Grpc),
            )?,
        })
    }
}

pub(super) fn create(
    elb: &mut ElasticLoadBalancing,
    ec2: &Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let settings = Settings::read(params)?;
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateTargetGroup")?;

    validation::name("Target group", &settings.name)?;
    if ec2.vpc(&settings.vpc).is_none() {
        let message = format!("The VPC ID '{}' is not found", settings.vpc);
        return Err(validation::error(message));
    }
    let same_name = |other: &&TargetGroup| other.settings.name == settings.name;
    if let Some(other) = elb.target_groups.values().find(same_name) {
        // The ELB model: the same settings again mean the same target group.
        if other.settings == settings {
            return Ok(described(elb, other));
        }
        return Err(ServiceError::new(
            Code::DuplicateTargetGroupName,
            format!(
                "A target group with the same name '{}' exists, but with different settings",
                settings.name
            ),
        ));
    }
    context
        .quotas
        .admit(Quota::TargetGroups, elb.target_groups.len() + 1)?;
    let arn = format!(
        "arn:{}:elasticloadbalancing:{}:{}:targetgroup/{}/{}",
        context.partition(),
        context.region,
        context.account_id,
        settings.name,
        context.rng.hex(16)
    );
    let group = TargetGroup {
        arn: arn.clone(),
        settings,
        attributes: Attributes::default(),
        targets: Vec::new(),
        tags,
    };
    let reply = described(elb, &group);
    elb.target_groups.insert(arn, group);
    Ok(reply)
}

pub(super) fn describe(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let load_balancer = params.optional("LoadBalancerArn");
    let arns = members(params, "TargetGroupArns");
    let names = members(params, "Names");
    let paging = Paging::read(params)?;
    params.refuse_unread("DescribeTargetGroups")?;
    for arn in &arns {
        elb.target_group(arn)?;
    }
    for name in &names {
        if !elb
            .target_groups
            .values()
            .any(|group| group.settings.name == *name)
        {
            return Err(ServiceError::new(
                Code::TargetGroupNotFound,
                "One or more target groups not found",
            ));
        }
    }
    if let Some(arn) = &load_balancer {
        elb.load_balancer(arn)?;
    }
    let is_behind = |group: &TargetGroup, load_balancer: &str| {
        elb.rules_to(&group.arn)
            .any(|(listener, _)| listener.load_balancer == load_balancer)
    };
    let chosen = elb.target_groups.values().filter(|group| {
        (arns.is_empty() || arns.contains(&group.arn))
            && (names.is_empty() || names.contains(&group.settings.name))
            && load_balancer
                .as_ref()
                .is_none_or(|arn| is_behind(group, arn))
    });
    let page = paging.cut(chosen.map(|group| (group.arn.clone(), group)));
    Ok(page.reply("TargetGroups", |group| group.element(elb)))
}

fn described(elb: &ElasticLoadBalancing, group: &TargetGroup) -> Reply {
    Page::whole([group]).reply("TargetGroups", |group| group.element(elb))
}

/// Changes the health check, which is the only changeable part of a target group.
pub(super) fn modify(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("TargetGroupArn")?;
    let mut group = elb.target_group(&arn)?.clone();
    group.settings.health_check = HealthCheck::read(params, group.settings.health_check)?;
    params.refuse_unread("ModifyTargetGroup")?;
    let reply = described(elb, &group);
    elb.target_groups.insert(arn, group);
    Ok(reply)
}

pub(super) fn describe_attributes(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("TargetGroupArn")?;
    params.refuse_unread("DescribeTargetGroupAttributes")?;
    let attributes = &elb.target_group(&arn)?.attributes;
    Ok(Reply::xml(attributes.element(TARGET_GROUP)))
}

pub(super) fn modify_attributes(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("TargetGroupArn")?;
    let changes = Attributes::read(params, "Target group", TARGET_GROUP)?;
    params.refuse_unread("ModifyTargetGroupAttributes")?;
    let mut attributes = elb.target_group(&arn)?.attributes.clone();
    attributes.apply(changes);
    refuse_contradictions(&attributes)?;
    let reply = Reply::xml(attributes.element(TARGET_GROUP));
    if let Some(group) = elb.target_groups.get_mut(&arn) {
        group.attributes = attributes;
    }
    Ok(reply)
}

/// Refuses attributes that exclude each other. Application Load Balancers guide: Edit target group attributes.
fn refuse_contradictions(attributes: &Attributes) -> Result<(), ServiceError> {
    let value = |key: &str| attributes.value(TARGET_GROUP, key);
    let algorithm = value("load_balancing.algorithm.type");
    let has_slow_start = value("slow_start.duration_seconds") != "0";
    let is_sticky = value("stickiness.enabled") == "true";
    let by_app = is_sticky && value("stickiness.type") == "app_cookie";
    let least = |what: &str| -> u32 {
        let key = format!("target_group_health.{what}.minimum_healthy_targets.count");
        value(&key).parse().unwrap_or(1)
    };
    let contradictions = [
        (
            value("load_balancing.algorithm.anomaly_mitigation") == "on"
                && algorithm != "weighted_random",
            "Anomaly mitigation is only supported with the algorithm 'weighted_random'",
        ),
        (
            has_slow_start && algorithm != "round_robin",
            "Slow start is only supported with the algorithm 'round_robin'",
        ),
        (
            is_sticky && algorithm == "weighted_random",
            "Stickiness is not supported with the algorithm 'weighted_random'",
        ),
        (
            by_app && value("stickiness.app_cookie.cookie_name").is_empty(),
            "A cookie name must be specified for stickiness of type 'app_cookie'",
        ),
        (
            by_app && value("load_balancing.cross_zone.enabled") == "false",
            "Stickiness of type 'app_cookie' is not supported if cross-zone load balancing is off",
        ),
        (
            least("dns_failover") < least("unhealthy_state_routing"),
            "The minimum of healthy targets for DNS failover must not be less than that for routing",
        ),
    ];
    match contradictions.iter().find(|(is_one, _)| *is_one) {
        Some((_, message)) => Err(validation::error(*message)),
        None => Ok(()),
    }
}

pub(super) fn delete(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("TargetGroupArn")?;
    params.refuse_unread("DeleteTargetGroup")?;
    elb.target_group(&arn)?;
    if elb.rules_to(&arn).next().is_some() {
        return Err(ServiceError::new(
            Code::ResourceInUse,
            format!("Target group '{arn}' is currently in use by a listener or a rule"),
        ));
    }
    elb.target_groups.remove(&arn);
    Ok(Reply::empty())
}
