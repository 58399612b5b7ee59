//! Amazon EC2: the resources of a region, and the dispatch of its calls.

mod account_attribute;
mod address;
mod availability_zone;
mod capacity_reservation;
mod cidr;
mod dhcp_options;
mod empty_kinds;
mod error_code;
mod expiry;
mod image;
mod instance;
mod instance_type;
mod internet_gateway;
mod key_pair;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod operations;
mod prefix_list;
mod region;
mod resource_kind;
mod route_table;
mod security_group;
mod selection;
mod spot_request;
mod subnet;
mod tags;
mod validation;
mod volume;
mod vpc;
mod vpc_endpoint;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::address::Address;
use self::capacity_reservation::CapacityReservation;
use self::capacity_reservation::block::BlockOffering;
pub(crate) use self::error_code::{Code, ERROR_CODES};
use self::expiry::SpentTokens;
pub(crate) use self::image::image_of_parameter;
pub(crate) use self::instance::{Instance, InstanceState, launch_target};
use self::internet_gateway::InternetGateway;
use self::key_pair::KeyPair;
use self::nat_gateway::NatGateway;
use self::network_acl::NetworkAcl;
pub(crate) use self::network_interface::service_interface::AddressUse;
pub(crate) use self::network_interface::{NetworkInterface, NewInterface};
pub(crate) use self::operations::OPERATIONS;
use self::resource_kind::ResourceKind;
use self::route_table::RouteTable;
pub(crate) use self::security_group::SecurityGroup;
pub(crate) use self::subnet::Subnet;
use self::tags::Tags;
use self::volume::Volume;
pub(crate) use self::vpc::Vpc;
use self::vpc_endpoint::VpcEndpoint;
use super::context::RequestContext;
use super::iam::Iam;
use super::partition::Partition;
use super::regions::{self, Zone};
use super::resource::{Resource, ResourceState};
use crate::wire::params::Params;
use crate::wire::{Reply, ServiceError};

/// The content of a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ec2 {
    account_id: String,
    region: String,
    vpcs: BTreeMap<String, Vpc>,
    subnets: BTreeMap<String, Subnet>,
    security_groups: BTreeMap<String, SecurityGroup>,
    instances: BTreeMap<String, Instance>,
    interfaces: BTreeMap<String, NetworkInterface>,
    #[serde(default)]
    addresses: BTreeMap<String, Address>,
    #[serde(default)]
    capacity_reservations: BTreeMap<String, CapacityReservation>,
    /// The offerings that a call has shown.
    #[serde(default)]
    block_offerings: BTreeMap<String, BlockOffering>,
    #[serde(default)]
    internet_gateways: BTreeMap<String, InternetGateway>,
    #[serde(default)]
    network_acls: BTreeMap<String, NetworkAcl>,
    #[serde(default)]
    route_tables: BTreeMap<String, RouteTable>,
    /// By name.
    key_pairs: BTreeMap<String, KeyPair>,
    #[serde(default)]
    nat_gateways: BTreeMap<String, NatGateway>,
    #[serde(default)]
    volumes: BTreeMap<String, Volume>,
    #[serde(default)]
    vpc_endpoints: BTreeMap<String, VpcEndpoint>,
    #[serde(default)]
    spent_tokens: SpentTokens,
    /// The groups of local and wavelength zones that the account has opted in to.
    #[serde(default)]
    zone_groups: BTreeSet<String>,
    tags: Tags,
}

impl Ec2 {
    /// Returns the resources that exist and are not being deleted, or are being deleted and can still be billed.
    pub(crate) fn inventory(&self, now: Timestamp) -> Vec<Resource> {
        let mut all = Vec::new();
        let mut add = |kind, id: &str| all.push(Resource::new(kind, id));
        for id in self.vpcs.keys() {
            add("EC2::VPC", id);
        }
        for id in self.subnets.keys() {
            add("EC2::Subnet", id);
        }
        // The default group, the main route table and the network ACL are deleted with their VPC, and only with it; the
        // group of a service goes with what it is for.
        for group in self.security_groups.values() {
            if !group.is_default() && !group.is_of_service {
                add("EC2::SecurityGroup", &group.id);
            }
        }
        for id in self.addresses.keys() {
            add("EC2::EIP", id);
        }
        for reservation in self.capacity_reservations.values() {
            if !reservation.state(now).is_over() {
                add("EC2::CapacityReservation", &reservation.id);
            }
        }
        for id in self.internet_gateways.keys() {
            add("EC2::InternetGateway", id);
        }
        for gateway in self.nat_gateways.values() {
            if gateway.is_kept(now) {
                add("EC2::NatGateway", &gateway.id);
            }
        }
        for endpoint in self.vpc_endpoints.values() {
            if !endpoint.is_being_deleted() {
                add("EC2::VPCEndpoint", &endpoint.id);
            }
        }
        for table in self.route_tables.values() {
            if !table.is_main() {
                add("EC2::RouteTable", &table.id);
            }
        }
        for pair in self.key_pairs.values() {
            add("EC2::KeyPair", &pair.id);
        }
        for interface in self
            .interfaces
            .values()
            .filter(|interface| interface.is_held())
        {
            add("EC2::NetworkInterface", &interface.id);
        }
        for instance in self.instances.values() {
            if instance.state(now) != InstanceState::Terminated {
                add("EC2::Instance", &instance.id);
            }
        }
        for volume in self.volumes.values() {
            // Volumes that are deleted with their instances are counted as parts of the instances.
            if volume.outlives_instance(self, now) {
                add("EC2::Volume", &volume.id);
            }
        }
        all
    }

    /// Returns the states of the resources that have one.
    pub(crate) fn states(&self, now: Timestamp) -> impl Iterator<Item = ResourceState> {
        let instances = self
            .instances
            .values()
            .filter(move |instance| !instance.is_forgotten(now))
            .map(move |instance| {
                Resource::new("EC2::Instance", &instance.id).in_state(instance.state(now).name())
            });
        let nat_gateways = self
            .nat_gateways
            .values()
            .filter(move |gateway| !gateway.is_forgotten(now))
            .map(move |gateway| {
                Resource::new("EC2::NatGateway", &gateway.id).in_state(gateway.state(now).name())
            });
        let endpoints = self
            .vpc_endpoints
            .values()
            .filter(move |endpoint| !endpoint.is_gone(now))
            .map(move |endpoint| {
                Resource::new("EC2::VPCEndpoint", &endpoint.id).in_state(endpoint.state(now))
            });
        let reservations = self
            .capacity_reservations
            .values()
            .filter(move |reservation| !reservation.is_forgotten(now))
            .map(move |reservation| {
                let resource = Resource::new("EC2::CapacityReservation", &reservation.id);
                resource.in_state(reservation.state(now).name())
            });
        instances
            .chain(nat_gateways)
            .chain(endpoints)
            .chain(reservations)
    }

    /// Returns the ARN of a resource of the account in the region: `volume/vol-1` is the resource.
    fn arn(&self, resource: impl fmt::Display) -> String {
        let (region, account) = (&self.region, &self.account_id);
        let partition = Partition::of(region);
        format!("arn:{partition}:ec2:{region}:{account}:{resource}")
    }

    /// Returns the zones that the account can use: the region's own, and those that it has opted in to.
    pub(crate) fn open_zones(&self) -> Vec<&'static Zone> {
        let edge = regions::edge_zones(&self.region).iter();
        let own = regions::zones(&self.region).iter();
        own.chain(edge.filter(|zone| self.zone_groups.contains(&zone.group)))
            .collect()
    }

    pub(crate) fn vpc(&self, id: &str) -> Option<&Vpc> {
        self.vpcs.get(id)
    }

    pub(crate) fn subnet(&self, id: &str) -> Option<&Subnet> {
        self.subnets.get(id)
    }

    pub(crate) fn security_group(&self, id: &str) -> Option<&SecurityGroup> {
        self.security_groups.get(id)
    }

    pub(crate) fn instance(&self, id: &str) -> Option<&Instance> {
        self.instances.get(id)
    }

    /// Returns all instances, in the order of their ids.
    pub(crate) fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn account_id(&self) -> &str {
        &self.account_id
    }

    fn default_vpc(&self) -> Result<&Vpc, ServiceError> {
        self.vpcs
            .values()
            .find(|vpc| vpc.is_default)
            .ok_or_else(|| {
                let message = "No default VPC for this user";
                ServiceError::new(Code::VPCIdNotSpecified, message)
            })
    }

    /// Returns true if other calls know that id.
    fn has(&self, kind: ResourceKind, id: &str, now: Timestamp) -> bool {
        match kind {
            ResourceKind::CapacityReservation => self.capacity_reservations.contains_key(id),
            ResourceKind::DhcpOptions => dhcp_options::id(&self.region) == id,
            ResourceKind::ElasticIp => self.addresses.contains_key(id),
            ResourceKind::Image => image::image(&self.region, id).is_some(),
            ResourceKind::Instance => self.visible_instance(id, now).is_ok(),
            ResourceKind::InternetGateway => self.internet_gateways.contains_key(id),
            ResourceKind::KeyPair => self.key_pairs.values().any(|pair| pair.id == id),
            ResourceKind::NatGateway => self.nat_gateways.contains_key(id),
            ResourceKind::NetworkAcl => self.network_acls.contains_key(id),
            ResourceKind::NetworkInterface => self
                .interfaces
                .get(id)
                .is_some_and(|interface| interface.exists(now)),
            ResourceKind::PrefixList => prefix_list::prefix_lists(&self.region)
                .iter()
                .any(|list| list.id == id),
            ResourceKind::RouteTable => self.route_tables.contains_key(id),
            ResourceKind::SecurityGroup => self.visible_security_group(id, now).is_ok(),
            ResourceKind::SecurityGroupRule => self
                .security_groups
                .values()
                .flat_map(|group| &group.rules)
                .any(|rule| rule.id == id),
            ResourceKind::SpotInstanceRequest => self
                .visible_instances(now)
                .any(|instance| instance.spot_request.as_deref() == Some(id)),
            ResourceKind::Subnet => self.subnets.contains_key(id),
            ResourceKind::Volume => self.visible_volume(id, now).is_ok(),
            ResourceKind::Vpc => self.vpcs.contains_key(id),
            ResourceKind::VpcEndpoint => self.vpc_endpoints.contains_key(id),
        }
    }
}

/// Answers an EC2 call.
pub(crate) fn answer(
    ec2: &mut Ec2,
    iam: &Iam,
    context: &mut RequestContext<'_>,
    operation: &str,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    ec2.forget_gone(context.now);
    if params.parsed("DryRun")? != Some(true) {
        return operations::perform(operation, ec2, iam, context, params);
    }
    // A dry run works on a copy, so that it is checked and has no effect.
    let mut rng = context.rng.clone();
    let mut trial = RequestContext {
        rng: &mut rng,
        ..*context
    };
    operations::perform(operation, &mut ec2.clone(), iam, &mut trial, params)?;
    let message = "Request would have succeeded, but DryRun flag is set.";
    Err(ServiceError::new(Code::DryRunOperation, message))
}
