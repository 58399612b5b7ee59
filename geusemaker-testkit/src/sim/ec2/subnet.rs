//! Subnets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cidr::Cidr;
use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::tags::TagSpecifications;
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::sim::regions::Zone;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// The zone's name, such as `us-east-1a`.
    pub(crate) zone: String,
    /// The zone's id, such as `use1-az1`.
    pub(crate) zone_id: String,
    pub(crate) cidr: Cidr,
    /// True for the zone's default subnet, whose instances get public addresses.
    pub(crate) is_default: bool,
    /// The setting of public addresses by ModifySubnetAttribute.
    #[serde(default)]
    pub(crate) maps_public_addresses: Option<bool>,
}

impl Described for Subnet {
    const IDS: Option<&'static str> = Some("SubnetId");
    const FIELDS: &'static [Field<Self>] = &[
        ("subnet-id", |_, _, subnet| vec![subnet.id.clone()]),
        ("vpc-id", |_, _, subnet| vec![subnet.vpc.clone()]),
        ("availability-zone", |_, _, subnet| {
            vec![subnet.zone.clone()]
        }),
        ("availabilityZone", |_, _, subnet| vec![subnet.zone.clone()]),
        ("availability-zone-id", |_, _, subnet| {
            vec![subnet.zone_id.clone()]
        }),
        ("availabilityZoneId", |_, _, subnet| {
            vec![subnet.zone_id.clone()]
        }),
        ("available-ip-address-count", |ec2, now, subnet| {
            vec![ec2.free_addresses(subnet, now).to_string()]
        }),
        ("cidr", |_, _, subnet| vec![subnet.cidr.to_string()]),
        ("cidr-block", |_, _, subnet| vec![subnet.cidr.to_string()]),
        ("cidrBlock", |_, _, subnet| vec![subnet.cidr.to_string()]),
        ("default-for-az", |_, _, subnet| {
            vec![subnet.is_default.to_string()]
        }),
        ("defaultForAz", |_, _, subnet| {
            vec![subnet.is_default.to_string()]
        }),
        ("ipv6-native", |_, _, _| vec!["false".to_owned()]),
        ("map-public-ip-on-launch", |_, _, subnet| {
            vec![subnet.gives_public_addresses().to_string()]
        }),
        ("owner-id", |ec2, _, _| vec![ec2.account_id.clone()]),
        ("state", |_, _, _| vec!["available".to_owned()]),
        ("subnet-arn", |ec2, _, subnet| vec![subnet.arn(ec2)]),
    ];

    fn handle(&self) -> &str {
        &self.id
    }

    fn unknown(id: &str) -> ServiceError {
        ResourceKind::Subnet.unknown(id)
    }
}

impl Subnet {
    /// Returns true if instances launched in the subnet get public addresses.
    pub(crate) fn gives_public_addresses(&self) -> bool {
        self.maps_public_addresses.unwrap_or(self.is_default)
    }

    fn arn(&self, ec2: &Ec2) -> String {
        ec2.arn(format_args!("subnet/{}", self.id))
    }

    pub(super) fn element(&self, ec2: &Ec2, now: Timestamp) -> Element {
        let names = Element::new("privateDnsNameOptionsOnLaunch")
            .with("hostnameType", "ip-name")
            .with("enableResourceNameDnsARecord", false)
            .with("enableResourceNameDnsAAAARecord", false);
        Element::new("item")
            .with("subnetId", &self.id)
            .with("subnetArn", self.arn(ec2))
            .with("state", "available")
            .with("ownerId", &ec2.account_id)
            .with("vpcId", &self.vpc)
            .with("cidrBlock", self.cidr)
            .child(Element::new("ipv6CidrBlockAssociationSet"))
            .with("availableIpAddressCount", ec2.free_addresses(self, now))
            .with("availabilityZone", &self.zone)
            .with("availabilityZoneId", &self.zone_id)
            .with("defaultForAz", self.is_default)
            .with("mapPublicIpOnLaunch", self.gives_public_addresses())
            .with("mapCustomerOwnedIpOnLaunch", false)
            .with("assignIpv6AddressOnCreation", false)
            .with("enableDns64", false)
            .with("ipv6Native", false)
            .child(names)
            .children(ec2.tags.element_if_any(&self.id))
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeSubnets")?;
    let page = selection.choose(ec2, context.now, ec2.subnets.values())?;
    Ok(page.reply("subnetSet", |subnet: &Subnet| {
        subnet.element(ec2, context.now)
    }))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
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
    let zone = choose_zone(ec2, zone_name.as_deref(), zone_id.as_deref())?;
    if !vpc.cidr.contains(cidr) || !(16..=28).contains(&cidr.prefix()) {
        let message = format!("The CIDR '{cidr}' is invalid.");
        return Err(ServiceError::new(Code::InvalidSubnetRange, message));
    }
    let siblings = || ec2.subnets.values().filter(|subnet| subnet.vpc == vpc_id);
    if siblings().any(|subnet| subnet.cidr.overlaps(cidr)) {
        let message = format!("The CIDR '{cidr}' conflicts with another subnet");
        return Err(ServiceError::new(Code::InvalidSubnetConflict, message));
    }
    context
        .quotas
        .admit(Quota::SubnetsPerVpc, siblings().count() + 1)?;
    let subnet = Subnet {
        id: ResourceKind::Subnet.new_id(context.rng),
        vpc: vpc_id,
        zone: zone.name,
        zone_id: zone.id,
        cidr,
        is_default: false,
        maps_public_addresses: None,
    };
    ec2.tags.attach(&subnet.id, tags.of(ResourceKind::Subnet));
    let description = subnet.element(ec2, context.now).renamed("subnet");
    ec2.subnets.insert(subnet.id.clone(), subnet);
    Ok(Reply::xml(Element::new("reply").child(description)))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let id = params.required("SubnetId")?;
    params.refuse_unread("DeleteSubnet")?;
    if ec2.subnet(&id).is_none() {
        return Err(ResourceKind::Subnet.unknown(&id));
    }
    let mut interfaces = ec2.interfaces.values();
    if interfaces.any(|interface| interface.subnet == id && interface.exists(context.now)) {
        let message = format!("The subnet '{id}' has dependencies and cannot be deleted.");
        return Err(ServiceError::new(Code::DependencyViolation, message));
    }
    ec2.subnets.remove(&id);
    ec2.forget_route_table_of(&id);
    ec2.tags.remove(&id);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

pub(crate) fn modify_attribute(ec2: &mut Ec2, params: &mut Params) -> Result<Reply, ServiceError> {
    let id = params.required("SubnetId")?;
    let maps_public_addresses = params.parsed("MapPublicIpOnLaunch.Value")?;
    params.refuse_unread("ModifySubnetAttribute")?;
    let subnet = ec2
        .subnets
        .get_mut(&id)
        .ok_or_else(|| ResourceKind::Subnet.unknown(&id))?;
    subnet.maps_public_addresses = maps_public_addresses.or(subnet.maps_public_addresses);
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

/// Returns the requested zone. Without a request AWS chooses one, here the first.
pub(super) fn choose_zone(
    ec2: &Ec2,
    name: Option<&str>,
    id: Option<&str>,
) -> Result<Zone, ServiceError> {
    let zones = ec2.open_zones();
    let all: Vec<&str> = zones.iter().map(|zone| zone.name.as_str()).collect();
    let all = all.join(", ");
    zones
        .into_iter()
        .find(|zone| name.is_none_or(|name| zone.name == name) && id.is_none_or(|id| zone.id == id))
        .cloned()
        .ok_or_else(|| {
            let zone = name.or(id).unwrap_or_default();
            let message = format!(
                "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {all}."
            );
            ServiceError::new(Code::InvalidParameterValue, message)
        })
}
