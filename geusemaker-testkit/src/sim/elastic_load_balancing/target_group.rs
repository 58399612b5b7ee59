//! Target groups of instances.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::attributes::{Attributes, DEREGISTRATION_DELAY, TARGET_GROUP};
use super::tags::Tags;
use super::target::Target;
use super::{ElasticLoadBalancing, accept_page_size, members, validation};
use crate::sim::ec2::Ec2;
use crate::sim::moment::Moment;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TargetGroup {
    arn: String,
    pub(super) settings: Settings,
    attributes: Attributes,
    pub(super) targets: Vec<Target>,
    pub(super) tags: Tags,
}

/// What a caller chooses, and what makes a second creation the same or another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    name: String,
    pub(super) port: u32,
    vpc: String,
    pub(super) health_check: HealthCheck,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HealthCheck {
    /// Nothing for the port of the traffic.
    pub(super) port: Option<u32>,
    path: String,
    matcher: String,
    /// Seconds between two checks.
    pub(super) interval: u32,
    /// Seconds until an unanswered check has failed.
    timeout: u32,
    pub(super) healthy_threshold: u32,
    pub(super) unhealthy_threshold: u32,
}

impl TargetGroup {
    pub(super) fn vpc(&self) -> &str {
        &self.settings.vpc
    }

    /// How long a target that was deregistered drains, in seconds.
    pub(super) fn deregistration_delay(&self) -> u64 {
        let value = self.attributes.value(TARGET_GROUP, DEREGISTRATION_DELAY);
        // The attribute's values are all numbers: others are refused when it is set.
        value.parse().unwrap_or_default()
    }

    fn element(&self, elb: &ElasticLoadBalancing) -> Element {
        let Settings {
            name,
            port,
            vpc,
            health_check,
        } = &self.settings;
        let check_port = match health_check.port {
            Some(port) => port.to_string(),
            None => "traffic-port".to_owned(),
        };
        let load_balancers: BTreeSet<&str> = elb
            .rules_to(&self.arn)
            .map(|(listener, _)| listener.load_balancer.as_str())
            .collect();
        let load_balancers = load_balancers
            .into_iter()
            .map(|arn| Element::leaf("arn", arn));
        Element::new("target group")
            .with("TargetGroupArn", &self.arn)
            .with("TargetGroupName", name)
            .with("Protocol", "HTTP")
            .with("ProtocolVersion", "HTTP1")
            .with("Port", port)
            .with("VpcId", vpc)
            .with("TargetType", "instance")
            .with("IpAddressType", "ipv4")
            .with("HealthCheckEnabled", true)
            .with("HealthCheckProtocol", "HTTP")
            .with("HealthCheckPort", check_port)
            .with("HealthCheckPath", &health_check.path)
            .with("HealthCheckIntervalSeconds", health_check.interval)
            .with("HealthCheckTimeoutSeconds", health_check.timeout)
            .with("HealthyThresholdCount", health_check.healthy_threshold)
            .with("UnhealthyThresholdCount", health_check.unhealthy_threshold)
            .child(Element::new("Matcher").with("HttpCode", &health_check.matcher))
            .child(Element::list("LoadBalancerArns", "member", load_balancers))
    }
}

pub(super) fn create(
    elb: &mut ElasticLoadBalancing,
    ec2: &Ec2,
    moment: &mut Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = params.required("Name")?;
    params.required("Protocol")?;
    validation::only(params, "Protocol", "HTTP")?;
    validation::only(params, "ProtocolVersion", "HTTP1")?;
    validation::only(params, "TargetType", "instance")?;
    validation::only(params, "IpAddressType", "ipv4")?;
    params.required("Port")?;
    let port = validation::number(params, "Port", 1..=65535, 0)?;
    let vpc = params.required("VpcId")?;
    let health_check = HealthCheck::read(params)?;
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateTargetGroup")?;

    validation::name("Target group", &name)?;
    if ec2.vpc(&vpc).is_none() {
        return Err(validation::error(format!(
            "The VPC ID '{vpc}' is not found"
        )));
    }
    let settings = Settings {
        name,
        port,
        vpc,
        health_check,
    };
    let same_name = |other: &&TargetGroup| other.settings.name == settings.name;
    if let Some(other) = elb.target_groups.values().find(same_name) {
        // The ELB model: the same settings again are the same target group.
        if other.settings == settings {
            return Ok(described(elb, [other]));
        }
        return Err(ServiceError::new(
            "DuplicateTargetGroupName",
            format!(
                "A target group with the same name '{}' exists, but with different settings",
                settings.name
            ),
        ));
    }
    moment
        .quotas
        .admit(Quota::TargetGroups, elb.target_groups.len() + 1)?;
    let arn = format!(
        "arn:aws:elasticloadbalancing:{}:{}:targetgroup/{}/{}",
        moment.region,
        moment.account_id,
        settings.name,
        moment.dice.hex(16)
    );
    let group = TargetGroup {
        arn: arn.clone(),
        settings,
        attributes: Attributes::default(),
        targets: Vec::new(),
        tags,
    };
    let reply = described(elb, [&group]);
    elb.target_groups.insert(arn, group);
    Ok(reply)
}

impl HealthCheck {
    /// Reads the parameters of CreateTargetGroup; bounds and defaults are those of the ELB model for HTTP.
    fn read(params: &mut Params) -> Result<Self, ServiceError> {
        validation::only(params, "HealthCheckProtocol", "HTTP")?;
        if params.parsed("HealthCheckEnabled")? == Some(false) {
            return Err(validation::error(
                "Health check enabled must be true for target groups with target type 'instance'",
            ));
        }
        let port = match params.optional("HealthCheckPort").as_deref() {
            None | Some("traffic-port") => None,
            Some(_) => Some(validation::number(params, "HealthCheckPort", 1..=65535, 0)?),
        };
        let path = params
            .optional("HealthCheckPath")
            .unwrap_or_else(|| "/".to_owned());
        if !path.starts_with('/') || path.len() > 1024 {
            return Err(validation::error(format!(
                "Health check path '{path}' must begin with '/' and have at most 1024 characters"
            )));
        }
        let matcher = params
            .optional("Matcher.HttpCode")
            .unwrap_or_else(|| "200".to_owned());
        if !matcher.split(',').all(is_matched_codes) {
            return Err(validation::error(format!(
                "Health check matcher HTTP code '{matcher}' must be within '200-499' inclusive"
            )));
        }
        let check = Self {
            port,
            path,
            matcher,
            interval: validation::number(params, "HealthCheckIntervalSeconds", 5..=300, 30)?,
            timeout: validation::number(params, "HealthCheckTimeoutSeconds", 2..=120, 6)?,
            healthy_threshold: validation::number(params, "HealthyThresholdCount", 2..=10, 5)?,
            unhealthy_threshold: validation::number(params, "UnhealthyThresholdCount", 2..=10, 2)?,
        };
        if check.timeout >= check.interval {
            return Err(validation::error(format!(
                "Health check timeout '{}' must be smaller than the interval '{}'",
                check.timeout, check.interval
            )));
        }
        Ok(check)
    }
}

/// A code `200` or a range `200-299`, from 200 to 499.
fn is_matched_codes(codes: &str) -> bool {
    let (first, last) = codes.split_once('-').unwrap_or((codes, codes));
    match (first.parse::<u32>(), last.parse::<u32>()) {
        (Ok(first), Ok(last)) => 200 <= first && first <= last && last <= 499,
        _ => false,
    }
}

pub(super) fn describe(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let load_balancer = params.optional("LoadBalancerArn");
    let arns = members(params, "TargetGroupArns");
    let names = members(params, "Names");
    accept_page_size(params);
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
                "TargetGroupNotFound",
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
    Ok(described(elb, chosen))
}

fn described<'a>(
    elb: &ElasticLoadBalancing,
    groups: impl IntoIterator<Item = &'a TargetGroup>,
) -> Reply {
    let elements = groups.into_iter().map(|group| group.element(elb));
    let list = Element::list("TargetGroups", "member", elements);
    Reply::xml(Element::new("result").child(list))
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
    let changes = Attributes::read(params, TARGET_GROUP)?;
    params.refuse_unread("ModifyTargetGroupAttributes")?;
    elb.target_group(&arn)?;
    if let Some(group) = elb.target_groups.get_mut(&arn) {
        group.attributes.apply(changes);
    }
    let attributes = &elb.target_group(&arn)?.attributes;
    Ok(Reply::xml(attributes.element(TARGET_GROUP)))
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
            "ResourceInUse",
            format!("Target group '{arn}' is currently in use by a listener or a rule"),
        ));
    }
    elb.target_groups.remove(&arn);
    Ok(Reply::empty())
}
