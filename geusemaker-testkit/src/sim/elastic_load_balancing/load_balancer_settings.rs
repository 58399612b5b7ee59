//! The settings of a load balancer that can be changed: its subnets, its security groups, and its attributes.

use super::attributes::{Attributes, LOAD_BALANCER};
use super::load_balancer::{live, live_mut};
use super::placement::{self, Placement};
use super::{Code, ElasticLoadBalancing, members, validation};
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

pub(super) fn set_subnets(
    elb: &mut ElasticLoadBalancing,
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("LoadBalancerArn")?;
    let ids = placement::read_subnets(params)?;
    placement::read_ip_address_type(params)?;
    params.refuse_unread("SetSubnets")?;

    let load_balancer = live(elb, &arn)?;
    let subnets = placement::one_per_zone(ec2, &ids)?;
    let vpc = &load_balancer.vpc;
    if placement::one_vpc(&subnets)? != *vpc {
        return Err(ServiceError::new(
            Code::InvalidConfigurationRequest,
            format!("The subnets must be in the VPC '{vpc}' of the load balancer"),
        ));
    }
    let (path, groups) = (
        load_balancer.path().to_owned(),
        load_balancer.settings.security_groups.clone(),
    );
    let (kept, removed): (Vec<_>, Vec<_>) = load_balancer
        .placements
        .iter()
        .cloned()
        .partition(|old| ids.contains(&old.subnet.id));
    let find = |id: &str| kept.iter().find(|old| old.subnet.id == id).cloned();
    let added = subnets.iter().filter(|subnet| find(&subnet.id).is_none());
    placement::refuse_full(ec2, added, context.now)?;
    let mut placements = Vec::new();
    for subnet in subnets {
        placements.push(match find(&subnet.id) {
            Some(old) => old,
            None => Placement::make(ec2, context, &path, subnet, &groups),
        });
    }
    let released_at = context.now + context.duration(Step::LoadBalancerInterfacesReleased);
    for old in removed {
        ec2.release_interface(&old.interface, released_at);
    }
    let result = Element::new("result")
        .child(Placement::list(&placements))
        .with("IpAddressType", "ipv4");
    let load_balancer = live_mut(elb, &arn)?;
    load_balancer.settings.subnets = ids.into_iter().collect();
    load_balancer.placements = placements;
    Ok(Reply::xml(result))
}

pub(super) fn set_security_groups(
    elb: &mut ElasticLoadBalancing,
    ec2: &mut Ec2,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("LoadBalancerArn")?;
    let asked = members(params, "SecurityGroups");
    params.refuse_unread("SetSecurityGroups")?;
    let load_balancer = live_mut(elb, &arn)?;
    if asked.is_empty() {
        return Err(validation::error(
            "At least one security group must be specified",
        ));
    }
    let groups = placement::groups_in(ec2, &load_balancer.vpc, asked)?;
    for placement in &load_balancer.placements {
        ec2.regroup_interface(&placement.interface, groups.iter().cloned().collect());
    }
    let ids = groups.iter().map(|group| Element::leaf("group", group));
    let result = Element::new("result").child(Element::list("SecurityGroupIds", "member", ids));
    load_balancer.settings.security_groups = groups;
    Ok(Reply::xml(result))
}

pub(super) fn set_ip_address_type(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("LoadBalancerArn")?;
    params.required("IpAddressType")?;
    placement::read_ip_address_type(params)?;
    params.refuse_unread("SetIpAddressType")?;
    live(elb, &arn)?;
    let result = Element::new("result").with("IpAddressType", "ipv4");
    Ok(Reply::xml(result))
}

pub(super) fn describe_attributes(
    elb: &ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("LoadBalancerArn")?;
    params.refuse_unread("DescribeLoadBalancerAttributes")?;
    let attributes = &elb.load_balancer(&arn)?.attributes;
    Ok(Reply::xml(attributes.element(LOAD_BALANCER)))
}

pub(super) fn modify_attributes(
    elb: &mut ElasticLoadBalancing,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let arn = params.required("LoadBalancerArn")?;
    let changes = Attributes::read(params, "Load balancer", LOAD_BALANCER)?;
    params.refuse_unread("ModifyLoadBalancerAttributes")?;
    let load_balancer = live_mut(elb, &arn)?;
    let mut attributes = load_balancer.attributes.clone();
    attributes.apply(changes);
    for logs in ["access_logs", "connection_logs", "health_check_logs"] {
        let value = |key: &str| attributes.value(LOAD_BALANCER, &format!("{logs}.s3.{key}"));
        // The ELB model: the bucket is required if the logs are enabled.
        if value("enabled") == "true" && value("bucket").is_empty() {
            return Err(validation::error(format!(
                "The attribute '{logs}.s3.bucket' must be specified if '{logs}.s3.enabled' is true"
            )));
        }
    }
    load_balancer.attributes = attributes;
    Ok(Reply::xml(load_balancer.attributes.element(LOAD_BALANCER)))
}
