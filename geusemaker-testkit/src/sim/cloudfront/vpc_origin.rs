//! VPC origins: load balancers in private networks, which distributions reach through network interfaces of CloudFront.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::paging::{self, Paging};
use super::schema::VPC_ORIGIN_ENDPOINT_CONFIG;
use super::shape::invalid_argument;
use super::tags::Tags;
use super::{CloudFront, Code, body, etag, refuse_other_query};
use crate::sim::account::Region;
use crate::sim::context::RequestContext;
use crate::sim::ec2::NewInterface;
use crate::sim::elastic_load_balancing::OriginBalancer;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::rest_xml::Input;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The name of the security group that CloudFront keeps in each VPC with a VPC origin.
const SERVICE_GROUP: &str = "CloudFront-VPCOrigins-Service-SG";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct VpcOrigin {
    id: String,
    /// The VpcOriginEndpointConfig.
    config: Element,
    /// The region and the VPC of the load balancer.
    region: String,
    vpc: String,
    /// The security group of the network interfaces.
    group: String,
    interfaces: Vec<String>,
    etag: String,
    pub(super) tags: Tags,
    created_at: Timestamp,
    modified_at: Timestamp,
    deployed_at: Timestamp,
    /// The time at which the deletion is complete, once a call has asked for it.
    gone_at: Option<Timestamp>,
}

impl VpcOrigin {
    pub(super) fn arn_of(&self, account_id: &str) -> String {
        format!("arn:aws:cloudfront::{account_id}:vpcorigin/{}", self.id)
    }

    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone_at| gone_at <= now)
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        self.gone_at.is_some()
    }

    /// Returns true if this leads to the load balancer.
    pub(super) fn leads_to(&self, load_balancer: &str) -> bool {
        self.text("Arn") == load_balancer
    }

    fn is_deployed(&self, now: Timestamp) -> bool {
        self.deployed_at <= now && !self.is_being_deleted()
    }

    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        if self.is_deployed(now) {
            "Deployed"
        } else {
            "Deploying"
        }
    }

    #[cfg(feature = "traffic")]
    pub(super) fn endpoint(&self) -> super::at_edges::VpcOriginEndpoint<'_> {
        super::at_edges::VpcOriginEndpoint {
            config: &self.config,
            region: &self.region,
            interfaces: &self.interfaces,
        }
    }

    fn text(&self, name: &str) -> &str {
        self.config.text_at(&[name]).unwrap_or_default()
    }

    fn element(&self, context: &RequestContext<'_>) -> Element {
        Element::new("VpcOrigin")
            .with("Id", &self.id)
            .with("Arn", self.arn_of(context.account_id))
            .with("AccountId", context.account_id)
            .with("Status", self.status(context.now))
            .with("CreatedTime", self.created_at)
            .with("LastModifiedTime", self.modified_at)
            .child(self.config.clone())
    }

    fn summary(&self, context: &RequestContext<'_>) -> Element {
        Element::new("VpcOriginSummary")
            .with("Id", &self.id)
            .with("Name", self.text("Name"))
            .with("Status", self.status(context.now))
            .with("CreatedTime", self.created_at)
            .with("LastModifiedTime", self.modified_at)
            .with("Arn", self.arn_of(context.account_id))
            .with("AccountId", context.account_id)
            .with("OriginEndpointArn", self.text("Arn"))
            .with("IpAddressType", self.text("IpAddressType"))
    }

    fn reply(&self, context: &RequestContext<'_>) -> Reply {
        Reply::xml(self.element(context)).header("etag", &self.etag)
    }
}

impl CloudFront {
    fn vpc_origin(&self, id: &str) -> Result<&VpcOrigin, ServiceError> {
        self.vpc_origins.get(id).ok_or_else(not_found)
    }
}

pub(super) fn create(
    cloudfront: &mut CloudFront,
    regions: &mut BTreeMap<String, Region>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let body = body(input)?;
    let mut others = body.elements().iter().map(Element::name);
    if let Some(other) = others.find(|name| !["VpcOriginEndpointConfig", "Tags"].contains(name)) {
        return Err(ServiceError::unsupported(format_args!(
            "the element {other} of CreateVpcOrigin"
        )));
    }
    let config = body
        .find("VpcOriginEndpointConfig")
        .ok_or_else(|| invalid_argument("The parameter VpcOriginEndpointConfig is required."))?;
    let config = VPC_ORIGIN_ENDPOINT_CONFIG.complete(config, "VpcOriginEndpointConfig")?;
    let tags = body.find("Tags").map(Tags::parse).transpose()?;
    let text = |name: &str| config.text_at(&[name]).unwrap_or_default().to_owned();
    if text("Name").is_empty() {
        return Err(invalid_argument("The parameter Name must not be empty."));
    }
    if text("IpAddressType") != "ipv4" {
        return Err(invalid_argument(
            "The parameter IpAddressType does not fit the subnets, which have no IPv6 addresses.",
        ));
    }
    let name = text("Name");
    let mut others = cloudfront.vpc_origins.values();
    if others.any(|other| other.text("Name") == name) {
        let message = format!("A VPC origin of the name {name} already exists.");
        return Err(ServiceError::new(Code::EntityAlreadyExists, message));
    }
    context
        .quotas
        .admit(Quota::VpcOrigins, cloudfront.vpc_origins.len() + 1)?;
    let origin = build(regions, context, config, tags.unwrap_or_default())?;
    let location = format!(
        "https://cloudfront.amazonaws.com/2020-05-31/vpc-origin/{}",
        origin.id
    );
    let reply = origin
        .reply(context)
        .status(202)
        .header("location", location);
    cloudfront.vpc_origins.insert(origin.id.clone(), origin);
    Ok(reply)
}

/// Creates the origin with its network interfaces: one in each subnet of the load balancer.
fn build(
    regions: &mut BTreeMap<String, Region>,
    context: &mut RequestContext<'_>,
    config: Element,
    tags: Tags,
) -> Result<VpcOrigin, ServiceError> {
    let arn = config.text_at(&["Arn"]).unwrap_or_default();
    let name = arn.split(':').nth(3).unwrap_or_default().to_owned();
    if !arn.contains(":loadbalancer/app/") && arn.starts_with("arn:") {
        return Err(ServiceError::unsupported(format_args!(
            "a VPC origin that is no Application Load Balancer: {arn}"
        )));
    }
    let missing = || invalid_argument(format!("The resource {arn} does not exist."));
    let region = regions.get_mut(&name).ok_or_else(missing)?;
    let balancer = region
        .elastic_load_balancing
        .as_origin(arn, context.now)
        .ok_or_else(missing)?;
    check_balancer(&balancer, region, context, arn)?;
    let ec2 = &mut region.ec2;
    let group = ec2.service_group(
        context,
        &balancer.vpc,
        (SERVICE_GROUP, "Security group of CloudFront VPC origins"),
    );
    let interfaces = balancer.subnets.into_iter().map(|subnet| {
        let interface = NewInterface {
            subnet,
            security_groups: vec![group.clone()],
            description: "CloudFront VPC origin".to_owned(),
            requester_managed: true,
            owner: "amazon-cloudfront".to_owned(),
            instance: None,
        };
        ec2.create_interface(context, interface).id
    });
    let interfaces = interfaces.collect();
    Ok(VpcOrigin {
        id: format!("vo_{}", context.rng.alphanumeric(22)),
        config,
        region: name,
        vpc: balancer.vpc,
        group,
        interfaces,
        etag: etag::new(context),
        tags,
        created_at: context.now,
        modified_at: context.now,
        deployed_at: context.now + context.duration(Step::VpcOriginDeployed),
        gone_at: None,
    })
}

/// Checks what the guide requires of the load balancer and its VPC.
fn check_balancer(
    balancer: &OriginBalancer,
    region: &Region,
    context: &RequestContext<'_>,
    arn: &str,
) -> Result<(), ServiceError> {
    if !balancer.is_internal {
        return Err(invalid_argument(format!(
            "The load balancer {arn} is internet-facing. A VPC origin must be in private subnets."
        )));
    }
    if !balancer.is_active {
        return Err(invalid_argument(format!(
            "The load balancer {arn} is not active."
        )));
    }
    let ec2 = &region.ec2;
    if !ec2.has_internet_gateway(&balancer.vpc) {
        return Err(invalid_argument(format!(
            "The VPC {} has no internet gateway.",
            balancer.vpc
        )));
    }
    let mut subnets = balancer.subnets.iter();
    if let Some(full) = subnets.find(|subnet| ec2.free_addresses(subnet, context.now) == 0) {
        return Err(invalid_argument(format!(
            "The subnet {} has no free addresses.",
            full.id
        )));
    }
    Ok(())
}

pub(super) fn get(
    cloudfront: &CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    Ok(cloudfront.vpc_origin(id(input))?.reply(context))
}

pub(super) fn list(
    cloudfront: &CloudFront,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &paging::PARAMETERS)?;
    let paging = Paging::read(input)?;
    let all = cloudfront.vpc_origins.iter();
    let items = all
        .filter(|(id, _)| id.as_str() > paging.marker)
        .map(|(id, origin)| (id.clone(), origin.summary(context)));
    Ok(Reply::xml(paging.list("VpcOriginList", items)))
}

/// Lists the ids of the distributions that use a VPC origin.
pub(super) fn list_distributions(
    cloudfront: &CloudFront,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &paging::PARAMETERS)?;
    let paging = Paging::read(input)?;
    let origin = cloudfront.vpc_origin(id(input))?;
    let items = cloudfront
        .distributions
        .iter()
        .filter(|(id, distribution)| {
            id.as_str() > paging.marker && distribution.has_vpc_origin(&origin.id)
        })
        .map(|(id, _)| (id.clone(), Element::leaf("DistributionId", id)));
    Ok(Reply::xml(paging.list("DistributionIdList", items)))
}

pub(super) fn delete(
    cloudfront: &mut CloudFront,
    regions: &mut BTreeMap<String, Region>,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let origin = cloudfront.vpc_origin(id(input))?;
    etag::check_match(&origin.etag, input.if_match.as_deref())?;
    let mut distributions = cloudfront.distributions.values();
    if distributions.any(|distribution| distribution.has_vpc_origin(&origin.id)) {
        return Err(ServiceError::new(
            Code::CannotDeleteEntityWhileInUse,
            "The VPC origin is in use by a distribution.",
        ));
    }
    if !origin.is_deployed(context.now) {
        return Err(ServiceError::new(
            Code::IllegalDelete,
            "The VPC origin cannot be deleted while it is being deployed.",
        ));
    }
    let gone_at = context.now + context.duration(Step::VpcOriginDeleted);
    let deleted = VpcOrigin {
        etag: etag::new(context),
        modified_at: context.now,
        gone_at: Some(gone_at),
        ..origin.clone()
    };
    // The network interfaces and their group exist longer, and hold the subnets and the VPC until they are gone.
    let released_at = gone_at + context.duration(Step::VpcOriginInterfacesReleased);
    let is_last = !cloudfront.vpc_origins.values().any(|other| {
        other.id != deleted.id && other.group == deleted.group && !other.is_being_deleted()
    });
    if let Some(region) = regions.get_mut(&deleted.region) {
        for interface in &deleted.interfaces {
            region.ec2.release_interface(interface, released_at);
        }
        if is_last {
            region.ec2.release_group(&deleted.group, released_at);
        }
    }
    let reply = deleted.reply(context).status(202);
    cloudfront.vpc_origins.insert(deleted.id.clone(), deleted);
    Ok(reply)
}

/// Refuses a distribution with a VPC origin that does not exist, or that is not deployed yet.
pub(super) fn check_used(
    cloudfront: &CloudFront,
    config: &Config,
    now: Timestamp,
) -> Result<(), ServiceError> {
    for id in config.vpc_origins() {
        if !cloudfront.vpc_origin(id)?.is_deployed(now) {
            return Err(invalid_argument(format!(
                "The VPC origin {id} is not deployed."
            )));
        }
    }
    Ok(())
}

fn not_found() -> ServiceError {
    ServiceError::new(
        Code::EntityNotFound,
        "The specified VPC origin does not exist.",
    )
}

/// Returns the id in `vpc-origin/vo_1` and `distributionsByVpcOriginId/vo_1`.
fn id(input: &Input) -> &str {
    input.path.get(1).map_or("", String::as_str)
}
