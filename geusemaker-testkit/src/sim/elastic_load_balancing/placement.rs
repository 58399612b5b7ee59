//! The placement of a load balancer: its subnets, one in each zone, and its security groups.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Code, members, validation};
use crate::sim::context::RequestContext;
use crate::sim::ec2::{Ec2, NewInterface, Subnet};
use crate::wire::ServiceError;
use crate::wire::params::Params;
use crate::wire::xml::Element;

/// The placement of a load balancer in one zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Placement {
    pub(crate) subnet: Subnet,
    /// The id of the network interface in that zone.
    pub(crate) interface: String,
}

impl Placement {
    /// Places a load balancer in a subnet: `path` is `app/name/50dc6c495c0c9188`.
    pub(super) fn make(
        ec2: &mut Ec2,
        context: &mut RequestContext<'_>,
        path: &str,
        subnet: Subnet,
        security_groups: &BTreeSet<String>,
    ) -> Self {
        let interface = NewInterface {
            subnet: subnet.clone(),
            security_groups: security_groups.iter().cloned().collect(),
            description: format!("ELB {path}"),
            requester_managed: true,
            owner: "amazon-elb".to_owned(),
            instance: None,
        };
        let interface = ec2.create_interface(context, interface).id;
        Self { subnet, interface }
    }

    pub(super) fn list(placements: &[Self]) -> Element {
        let zones = placements.iter().map(|placement| {
            Element::new("zone")
                .with("ZoneName", &placement.subnet.zone)
                .with("SubnetId", &placement.subnet.id)
                .child(Element::new("LoadBalancerAddresses"))
        });
        Element::list("AvailabilityZones", "member", zones)
    }
}

/// Returns the subnets that a call names: as `Subnets`, or as `SubnetMappings`, whose other members are for network
/// load balancers and stay unread.
pub(super) fn read_subnets(params: &mut Params) -> Result<Vec<String>, ServiceError> {
    let subnets = members(params, "Subnets");
    params.optional("SubnetMappings");
    let mut mapped = Vec::new();
    for mapping in params.structures("SubnetMappings.member") {
        mapped.push(params.required(&mapping.member("SubnetId"))?);
    }
    if !subnets.is_empty() && !mapped.is_empty() {
        return Err(validation::error(
            "You can specify either subnets or subnet mappings, not both",
        ));
    }
    Ok(if mapped.is_empty() { subnets } else { mapped })
}

/// Reads the type of addresses. No simulated subnet has IPv6 addresses, without which AWS refuses the other types.
pub(super) fn read_ip_address_type(params: &mut Params) -> Result<(), ServiceError> {
    let known = ["ipv4", "dualstack", "dualstack-without-public-ipv4"];
    match validation::one_of(params, "IpAddressType", &known)?.as_str() {
        "ipv4" => Ok(()),
        _ => Err(ServiceError::new(
            Code::InvalidSubnet,
            "You must specify subnets with an associated IPv6 CIDR block",
        )),
    }
}

/// Returns the subnets of those ids. The ELB model: at least two zones, and one subnet in each.
pub(super) fn one_per_zone(ec2: &Ec2, ids: &[String]) -> Result<Vec<Subnet>, ServiceError> {
    let mut subnets: Vec<Subnet> = Vec::new();
    for id in ids {
        let subnet = ec2.subnet(id).ok_or_else(|| {
            ServiceError::new(
                Code::SubnetNotFound,
                format!("The subnet ID '{id}' does not exist"),
            )
        })?;
        if subnets.iter().any(|other| other.zone == subnet.zone) {
            return Err(ServiceError::new(
                Code::InvalidConfigurationRequest,
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            ));
        }
        subnets.push(subnet.clone());
    }
    if subnets.len() < 2 {
        return Err(validation::error(
            "At least two subnets in two different Availability Zones must be specified",
        ));
    }
    Ok(subnets)
}

/// Refuses a subnet without room. The ELB docs: a load balancer needs eight free addresses in each of its subnets.
pub(super) fn refuse_full<'a>(
    ec2: &Ec2,
    subnets: impl IntoIterator<Item = &'a Subnet>,
    now: Timestamp,
) -> Result<(), ServiceError> {
    for subnet in subnets {
        if ec2.free_addresses(subnet, now) < 8 {
            return Err(ServiceError::new(
                Code::InvalidSubnet,
                format!(
                    "Not enough IP space available in {}. ELB requires at least 8 free IP addresses in each subnet.",
                    subnet.id
                ),
            ));
        }
    }
    Ok(())
}

pub(super) fn one_vpc(subnets: &[Subnet]) -> Result<String, ServiceError> {
    let mut vpcs: Vec<&str> = subnets.iter().map(|subnet| subnet.vpc.as_str()).collect();
    vpcs.dedup();
    match vpcs.as_slice() {
        [vpc] => Ok((*vpc).to_owned()),
        _ => Err(ServiceError::new(
            Code::InvalidConfigurationRequest,
            format!(
                "All subnets must belong to the same VPC: '{}'",
                vpcs.join(", ")
            ),
        )),
    }
}

/// Returns the requested groups, or, without a request, the VPC's default group, as AWS does.
pub(super) fn groups_in(
    ec2: &Ec2,
    vpc: &str,
    asked: Vec<String>,
) -> Result<BTreeSet<String>, ServiceError> {
    if asked.is_empty() {
        return Ok(ec2.default_security_group(vpc).into_iter().collect());
    }
    for id in &asked {
        let group = ec2.security_group(id).ok_or_else(|| {
            let message = format!("Security group '{id}' does not exist");
            ServiceError::new(Code::InvalidSecurityGroup, message)
        })?;
        if group.vpc != vpc {
            return Err(ServiceError::new(
                Code::InvalidConfigurationRequest,
                format!("One or more security groups are invalid: '{id}' is not in VPC '{vpc}'"),
            ));
        }
    }
    Ok(asked.into_iter().collect())
}
