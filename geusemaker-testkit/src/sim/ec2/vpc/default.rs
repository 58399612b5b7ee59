//! The default VPC: created in each region of a new account, and again on request.

use std::net::Ipv4Addr;

use super::Vpc;
use crate::sim::context::RequestContext;
use crate::sim::ec2::cidr::Cidr;
use crate::sim::ec2::internet_gateway::InternetGateway;
use crate::sim::ec2::resource_kind::ResourceKind;
use crate::sim::ec2::route_table::{Destination, Route, Target};
use crate::sim::ec2::subnet::{self, Subnet};
use crate::sim::ec2::{Code, Ec2};
use crate::sim::quota::Quota;
use crate::sim::regions::{self, Zone, ZoneKind};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

impl Ec2 {
    /// Returns a region of a new account: the default VPC with a subnet in each zone.
    pub(crate) fn with_default_vpc(account_id: &str, region: &str) -> Self {
        let mut ec2 = Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            ..Self::default()
        };
        ec2.lay_out_default_vpc(&mut |kind, part| match (kind, part) {
            // The part in the id of a subnet is the name of its zone, which no other region has.
            (ResourceKind::Subnet, zone) => kind.fixed_id(zone),
            (_, "") => kind.fixed_id(region),
            (_, part) => kind.fixed_id(&format!("{region} {part}")),
        });
        ec2
    }

    /// Creates the default VPC. VPC User Guide: 172.31.0.0/16 with a /20 in each zone, and an internet gateway to which
    /// the main route table leads.
    fn lay_out_default_vpc(&mut self, new_id: &mut dyn FnMut(ResourceKind, &str) -> String) -> Vpc {
        let cidr = Cidr::holding(Ipv4Addr::new(172, 31, 0, 0), 16);
        let vpc = self.add_vpc(cidr, true, new_id);
        for zone in regions::zones(&self.region) {
            self.add_default_subnet(&vpc, zone, new_id);
        }
        let gateway = InternetGateway {
            id: new_id(ResourceKind::InternetGateway, ""),
            vpc: Some(vpc.id.clone()),
        };
        if let Some(main) = self.main_route_table(&vpc.id).map(|table| table.id.clone())
            && let Some(table) = self.route_tables.get_mut(&main)
        {
            table.routes.push(Route {
                destination: Destination::anywhere(),
                target: Target::Gateway(gateway.id.clone()),
            });
        }
        self.internet_gateways.insert(gateway.id.clone(), gateway);
        vpc
    }

    /// Adds the zone's default subnet in the first free block; returns `None` if there is no room.
    fn add_default_subnet(
        &mut self,
        vpc: &Vpc,
        zone: &Zone,
        new_id: &mut dyn FnMut(ResourceKind, &str) -> String,
    ) -> Option<Subnet> {
        let cidr = (0..16)
            .map(|n| Cidr::holding(vpc.cidr.address(n * 4096), 20))
            .find(|cidr| {
                let mut siblings = self.subnets.values().filter(|other| other.vpc == vpc.id);
                siblings.all(|other| !other.cidr.overlaps(*cidr))
            })?;
        let subnet = Subnet {
            id: new_id(ResourceKind::Subnet, &zone.name),
            vpc: vpc.id.clone(),
            zone: zone.name.clone(),
            zone_id: zone.id.clone(),
            cidr,
            is_default: true,
            maps_public_addresses: None,
        };
        self.subnets.insert(subnet.id.clone(), subnet.clone());
        Some(subnet)
    }
}

/// Answers CreateDefaultVpc.
pub(crate) fn create(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    params.refuse_unread("CreateDefaultVpc")?;
    if ec2.default_vpc().is_ok() {
        let message = "A Default VPC already exists for this account in this region.";
        return Err(ServiceError::new(Code::DefaultVpcAlreadyExists, message));
    }
    context.quotas.admit(Quota::Vpcs, ec2.vpcs.len() + 1)?;
    let rng = &mut *context.rng;
    let vpc = ec2.lay_out_default_vpc(&mut |kind, _| kind.new_id(rng));
    Ok(Reply::xml(
        Element::new("reply").child(vpc.element(ec2).renamed("vpc")),
    ))
}

/// Answers CreateDefaultSubnet.
pub(crate) fn create_subnet(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let zone_name = params.optional("AvailabilityZone");
    let zone_id = params.optional("AvailabilityZoneId");
    params.refuse_unread("CreateDefaultSubnet")?;
    if zone_name.is_none() && zone_id.is_none() {
        let message = "The request must contain the parameter availabilityZone";
        return Err(ServiceError::new(Code::MissingParameter, message));
    }
    let zone = subnet::choose_zone(ec2, zone_name.as_deref(), zone_id.as_deref())?;
    if zone.kind != ZoneKind::AvailabilityZone {
        return Err(ServiceError::unsupported(
            "a default subnet in a local or wavelength zone",
        ));
    }
    let vpc = ec2.default_vpc().cloned().map_err(|_| {
        let message = "No default VPC exists for this account in this region.";
        ServiceError::new(Code::DefaultVpcDoesNotExist, message)
    })?;
    let mut defaults = ec2.subnets.values().filter(|subnet| subnet.is_default);
    if let Some(there) = defaults.find(|subnet| subnet.zone == zone.name) {
        let message = format!(
            "'{}' is already the default subnet in {}.",
            there.id, zone.name
        );
        let code = Code::DefaultSubnetAlreadyExistsInAvailabilityZone;
        return Err(ServiceError::new(code, message));
    }
    let siblings = ec2.subnets.values().filter(|subnet| subnet.vpc == vpc.id);
    context
        .quotas
        .admit(Quota::SubnetsPerVpc, siblings.count() + 1)?;
    let rng = &mut *context.rng;
    let subnet = ec2
        .add_default_subnet(&vpc, &zone, &mut |kind, _| kind.new_id(rng))
        .ok_or_else(|| {
            let message = "There is not enough room for a default subnet in the default VPC";
            ServiceError::new(Code::InsufficientCidrBlocks, message)
        })?;
    Ok(Reply::xml(
        Element::new("reply").child(subnet.element(ec2, context.now).renamed("subnet")),
    ))
}
