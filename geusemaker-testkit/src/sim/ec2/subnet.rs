//! Subnets.

use serde::{Deserialize, Serialize};

use super::Ec2;
use super::cidr::Cidr;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use crate::sim::catalog::{self, Zone};
use crate::sim::moment::Moment;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// `us-east-1a`
    pub(crate) zone: String,
    /// `use1-az1`
    pub(crate) zone_id: String,
    pub(crate) cidr: Cidr,
    /// The zone's default subnet, whose instances get public addresses.
    pub(crate) is_default: bool,
}

impl Described for Subnet {
    const IDS: Option<&'static str> = Some("SubnetId");
    const FIELDS: &'static [Field<Self>] = &[
        ("subnet-id", |_, _, subnet| vec![subnet.id.clone()]),
        ("vpc-id", |_, _, subnet| vec![subnet.vpc.clone()]),
        ("availability-zone", |_, _, subnet| {
            vec![subnet.zone.clone()]
        }),
        ("availability-zone-id", |_, _, subnet| {
            vec![subnet.zone_id.clone()]
        }),
        ("default-for-az", |_, _, subnet| {
            vec![subnet.is_default.to_string()]
        }),
        ("map-public-ip-on-launch", |_, _, subnet| {
            vec![subnet.is_default.to_string()]
        }),
        ("cidr-block", |_, _, subnet| vec![subnet.cidr.to_string()]),
        ("state", |_, _, _| vec!["available".to_owned()]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Subnet.unknown(id)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeSubnets")?;
    let page = selection.choose(ec2, moment.now, ec2.subnets.values())?;
    Ok(page.reply("subnetSet", |subnet| element(ec2, moment, subnet)))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    moment: &mut Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let vpc_id = params.required("VpcId")?;
    let cidr: Cidr = params.required("CidrBlock")?.parse()?;
    let zone_name = params.optional("AvailabilityZone");
    let zone_id = params.optional("AvailabilityZoneId");
    let tags = TagSpecifications::read(params, &[ResourceKind::Subnet])?;
    params.refuse_unread("CreateSubnet")?;
    let vpc = ec2
        .vpc(&vpc_id)
        .ok_or_else(|| ResourceKind::Vpc.unknown(&vpc_id))?;
    let zone = choose_zone(moment.region, zone_name.as_deref(), zone_id.as_deref())?;
    if !vpc.cidr.contains(cidr) || !(16..=28).contains(&cidr.prefix()) {
        let message = format!("The CIDR '{cidr}' is invalid.");
        return Err(ServiceError::new("InvalidSubnet.Range", message));
    }
    let siblings = || ec2.subnets.values().filter(|subnet| subnet.vpc == vpc_id);
    if siblings().any(|subnet| subnet.cidr.overlaps(cidr)) {
        let message = format!("The CIDR '{cidr}' conflicts with another subnet");
        return Err(ServiceError::new("InvalidSubnet.Conflict", message));
    }
    moment
        .quotas
        .admit(Quota::SubnetsPerVpc, siblings().count() + 1)?;
    let subnet = Subnet {
        id: ResourceKind::Subnet.new_id(moment.dice),
        vpc: vpc_id,
        zone: zone.name,
        zone_id: zone.id,
        cidr,
        is_default: false,
    };
    ec2.tags.attach(&subnet.id, tags.of(ResourceKind::Subnet));
    let description = element(ec2, moment, &subnet).renamed("subnet");
    ec2.subnets.insert(subnet.id.clone(), subnet);
    Ok(Reply::xml(Element::new("reply").child(description)))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    moment: &Moment<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("SubnetId")?;
    params.refuse_unread("DeleteSubnet")?;
    if ec2.subnet(&id).is_none() {
        return Err(ResourceKind::Subnet.unknown(&id));
    }
    let mut interfaces = ec2.interfaces.values();
    if interfaces.any(|interface| interface.subnet == id && interface.exists(moment.now)) {
        let message = format!("The subnet '{id}' has dependencies and cannot be deleted.");
        return Err(ServiceError::new("DependencyViolation", message));
    }
    ec2.subnets.remove(&id);
    ec2.tags.remove(&id);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

/// The zone that was asked for; without a wish AWS chooses, here the first.
fn choose_zone(region: &str, name: Option<&str>, id: Option<&str>) -> Result<Zone, ServiceError> {
    catalog::zones(region)
        .into_iter()
        .find(|zone| name.is_none_or(|name| zone.name == name) && id.is_none_or(|id| zone.id == id))
        .ok_or_else(|| {
            let zone = name.or(id).unwrap_or_default();
            let message = format!("Value ({zone}) for parameter availabilityZone is invalid.");
            ServiceError::new("InvalidParameterValue", message)
        })
}

fn element(ec2: &Ec2, moment: &Moment<'_>, subnet: &Subnet) -> Element {
    let (region, account) = (&ec2.region, &ec2.account_id);
    Element::new("item")
        .with("subnetId", &subnet.id)
        .with(
            "subnetArn",
            format_args!("arn:aws:ec2:{region}:{account}:subnet/{}", subnet.id),
        )
        .with("state", "available")
        .with("ownerId", account)
        .with("vpcId", &subnet.vpc)
        .with("cidrBlock", subnet.cidr)
        .with(
            "availableIpAddressCount",
            ec2.free_addresses(subnet, moment.now),
        )
        .with("availabilityZone", &subnet.zone)
        .with("availabilityZoneId", &subnet.zone_id)
        .with("defaultForAz", subnet.is_default)
        .with("mapPublicIpOnLaunch", subnet.is_default)
        .with("assignIpv6AddressOnCreation", false)
        .child(ec2.tags.element(&subnet.id))
}
