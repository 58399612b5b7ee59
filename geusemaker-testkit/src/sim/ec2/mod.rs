//! Amazon EC2: the resources of a region, and the dispatch of its calls.

mod account_attribute;
mod address;
mod availability_zone;
mod cidr;
mod dhcp_options;
mod empty_kinds;
mod expiry;
mod image;
mod instance;
mod instance_type;
mod internet_gateway;
mod key_pair;
mod network_acl;
mod network_interface;
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

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::address::Address;
use self::expiry::SpentTokens;
pub(crate) use self::instance::{Instance, InstanceState};
use self::internet_gateway::InternetGateway;
use self::key_pair::KeyPair;
use self::network_acl::NetworkAcl;
pub(crate) use self::network_interface::service_interface::AddressUse;
pub(crate) use self::network_interface::{NetworkInterface, NewInterface};
use self::resource_kind::ResourceKind;
use self::route_table::RouteTable;
pub(crate) use self::security_group::SecurityGroup;
use self::security_group::rule::Direction;
pub(crate) use self::subnet::Subnet;
use self::tags::Tags;
use self::volume::Volume;
pub(crate) use self::vpc::Vpc;
use super::context::RequestContext;
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
    internet_gateways: BTreeMap<String, InternetGateway>,
    #[serde(default)]
    network_acls: BTreeMap<String, NetworkAcl>,
    #[serde(default)]
    route_tables: BTreeMap<String, RouteTable>,
    /// By name.
    key_pairs: BTreeMap<String, KeyPair>,
    #[serde(default)]
    volumes: BTreeMap<String, Volume>,
    #[serde(default)]
    spent_tokens: SpentTokens,
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
        // The default group, the main route table and the network ACL are deleted with their VPC, and only with it.
        for group in self.security_groups.values() {
            if !group.is_default() {
                add("EC2::SecurityGroup", &group.id);
            }
        }
        for id in self.addresses.keys() {
            add("EC2::EIP", id);
        }
        for id in self.internet_gateways.keys() {
            add("EC2::InternetGateway", id);
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
        self.instances
            .values()
            .filter(move |instance| !instance.is_forgotten(now))
            .map(move |instance| {
                Resource::new("EC2::Instance", &instance.id).in_state(instance.state(now).name())
            })
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

    fn default_vpc(&self) -> Result<&Vpc, ServiceError> {
        self.vpcs
            .values()
            .find(|vpc| vpc.is_default)
            .ok_or_else(|| {
                let message = "No default VPC for this user";
                ServiceError::new("VPCIdNotSpecified", message)
            })
    }

    /// Returns true if other calls know that id.
    fn has(&self, kind: ResourceKind, id: &str, now: Timestamp) -> bool {
        match kind {
            ResourceKind::DhcpOptions => dhcp_options::id(&self.region) == id,
            ResourceKind::ElasticIp => self.addresses.contains_key(id),
            ResourceKind::Image => image::image(&self.region, id).is_some(),
            ResourceKind::Instance => self.visible_instance(id, now).is_ok(),
            ResourceKind::InternetGateway => self.internet_gateways.contains_key(id),
            ResourceKind::KeyPair => self.key_pairs.values().any(|pair| pair.id == id),
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
        }
    }
}

/// Answers an EC2 call.
pub(crate) fn answer(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    operation: &str,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    ec2.forget_gone(context.now);
    if params.parsed("DryRun")? != Some(true) {
        return perform(ec2, context, operation, params);
    }
    // A dry run works on a copy, so that it is checked and has no effect.
    let mut rng = context.rng.clone();
    let mut trial = RequestContext {
        rng: &mut rng,
        ..*context
    };
    perform(&mut ec2.clone(), &mut trial, operation, params)?;
    let message = "Request would have succeeded, but DryRun flag is set.";
    Err(ServiceError::new("DryRunOperation", message).status(412))
}

fn perform(
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    operation: &str,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    match operation {
        "AllocateAddress" => address::allocate(ec2, context, params),
        "AssociateAddress" => address::association::associate(ec2, context, params),
        "AssociateRouteTable" => route_table::association::associate(ec2, context, params),
        "AttachInternetGateway" => internet_gateway::attach(ec2, params),
        "AttachNetworkInterface" => network_interface::attachment::attach(ec2, context, params),
        "AttachVolume" => volume::attachment::attach(ec2, context, params),
        "AuthorizeSecurityGroupEgress" => {
            security_group::rule_change::authorize(ec2, context, params, Direction::Egress)
        }
        "AuthorizeSecurityGroupIngress" => {
            security_group::rule_change::authorize(ec2, context, params, Direction::Ingress)
        }
        "CancelSpotInstanceRequests" => spot_request::cancel(ec2, context, params),
        "CreateDefaultSubnet" => vpc::default::create_subnet(ec2, context, params),
        "CreateDefaultVpc" => vpc::default::create(ec2, context, params),
        "CreateInternetGateway" => internet_gateway::create(ec2, context, params),
        "CreateKeyPair" => key_pair::create(ec2, context, params),
        "CreateNetworkInterface" => network_interface::creation::create(ec2, context, params),
        "CreateRoute" => route_table::route::create(ec2, context, params),
        "CreateRouteTable" => route_table::create(ec2, context, params),
        "CreateSecurityGroup" => security_group::create(ec2, context, params),
        "CreateSubnet" => subnet::create(ec2, context, params),
        "CreateTags" => tags::create(ec2, context, params),
        "CreateVolume" => volume::create(ec2, context, params),
        "CreateVpc" => vpc::create(ec2, context, params),
        "DeleteInternetGateway" => internet_gateway::delete(ec2, params),
        "DeleteKeyPair" => key_pair::delete(ec2, params),
        "DeleteNetworkInterface" => network_interface::creation::delete(ec2, context, params),
        "DeleteRoute" => route_table::route::delete(ec2, context, params),
        "DeleteRouteTable" => route_table::delete(ec2, params),
        "DeleteSecurityGroup" => security_group::delete(ec2, context, params),
        "DeleteSubnet" => subnet::delete(ec2, context, params),
        "DeleteTags" => tags::delete(ec2, context, params),
        "DeleteVolume" => volume::delete(ec2, context, params),
        "DeleteVpc" => vpc::delete(ec2, context, params),
        "DescribeAccountAttributes" => account_attribute::describe(ec2, params),
        "DescribeAddresses" => address::describe(ec2, context, params),
        "DescribeAvailabilityZones" => availability_zone::describe(ec2, context, params),
        "DescribeDhcpOptions" => dhcp_options::describe(ec2, context, params),
        "DescribeEgressOnlyInternetGateways" => {
            empty_kinds::describe::<empty_kinds::EgressOnlyInternetGateway>(
                ec2,
                context,
                params,
                operation,
                "egressOnlyInternetGatewaySet",
            )
        }
        "DescribeIamInstanceProfileAssociations" => {
            instance::profile::describe_associations(ec2, context, params)
        }
        "DescribeImages" => image::describe(ec2, context, params),
        "DescribeInstanceAttribute" => instance::attribute::describe(ec2, context, params),
        "DescribeInstanceStatus" => instance::status::describe(ec2, context, params),
        "DescribeInstanceTypeOfferings" => instance_type::describe_offerings(ec2, context, params),
        "DescribeInstanceTypes" => instance_type::describe(ec2, context, params),
        "DescribeInstances" => instance::description::describe(ec2, context, params),
        "DescribeInternetGateways" => internet_gateway::describe(ec2, context, params),
        "DescribeKeyPairs" => key_pair::describe(ec2, context, params),
        "DescribeManagedPrefixLists" => prefix_list::describe(ec2, context, params),
        "DescribeNatGateways" => empty_kinds::describe::<empty_kinds::NatGateway>(
            ec2,
            context,
            params,
            operation,
            "natGatewaySet",
        ),
        "DescribeNetworkAcls" => network_acl::describe(ec2, context, params),
        "DescribeNetworkInterfaceAttribute" => {
            network_interface::attribute::describe(ec2, context, params)
        }
        "DescribeNetworkInterfaces" => network_interface::describe(ec2, context, params),
        "DescribePrefixLists" => prefix_list::describe_services(ec2, context, params),
        "DescribeRegions" => region::describe(ec2, context, params),
        "DescribeRouteTables" => route_table::describe(ec2, context, params),
        "DescribeSecurityGroupReferences" => {
            security_group::reference::describe(ec2, context, params)
        }
        "DescribeSecurityGroupRules" => security_group::rule::describe(ec2, context, params),
        "DescribeSecurityGroups" => security_group::describe(ec2, context, params),
        "DescribeSpotInstanceRequests" => spot_request::describe(ec2, context, params),
        "DescribeSubnets" => subnet::describe(ec2, context, params),
        "DescribeTags" => tags::describe(ec2, context, params),
        "DescribeVolumeStatus" => volume::describe_status(ec2, context, params),
        "DescribeVolumes" => volume::describe(ec2, context, params),
        "DescribeVpcAttribute" => vpc::attribute::describe(ec2, params),
        "DescribeVpcEndpoints" => empty_kinds::describe::<empty_kinds::VpcEndpoint>(
            ec2,
            context,
            params,
            operation,
            "vpcEndpointSet",
        ),
        "DescribeVpcPeeringConnections" => {
            empty_kinds::describe::<empty_kinds::VpcPeeringConnection>(
                ec2,
                context,
                params,
                operation,
                "vpcPeeringConnectionSet",
            )
        }
        "DescribeVpcs" => vpc::describe(ec2, context, params),
        "DescribeVpnGateways" => empty_kinds::describe::<empty_kinds::VpnGateway>(
            ec2,
            context,
            params,
            operation,
            "vpnGatewaySet",
        ),
        "DetachInternetGateway" => internet_gateway::detach(ec2, context, params),
        "DetachNetworkInterface" => network_interface::attachment::detach(ec2, context, params),
        "DetachVolume" => volume::attachment::detach(ec2, context, params),
        "DisassociateAddress" => address::association::disassociate(ec2, context, params),
        "DisassociateRouteTable" => route_table::association::disassociate(ec2, params),
        "GetConsoleOutput" => instance::console::output(ec2, context, params),
        "GetManagedPrefixListEntries" => prefix_list::entries(context, params),
        "GetSecurityGroupsForVpc" => {
            security_group::reference::groups_for_vpc(ec2, context, params)
        }
        "ImportKeyPair" => key_pair::import(ec2, context, params),
        "ModifyInstanceAttribute" => instance::attribute::modify(ec2, context, params),
        "ModifyInstanceMetadataOptions" => {
            instance::attribute::modify_metadata_options(ec2, context, params)
        }
        "ModifyNetworkInterfaceAttribute" => {
            network_interface::attribute::modify(ec2, context, params)
        }
        "ModifySecurityGroupRules" => security_group::rule_update::modify(ec2, context, params),
        "ModifySubnetAttribute" => subnet::modify_attribute(ec2, params),
        "ModifyVpcAttribute" => vpc::attribute::modify(ec2, params),
        "MonitorInstances" => instance::attribute::monitor(ec2, context, params, operation, true),
        "RebootInstances" => instance::transition::reboot(ec2, context, params),
        "ReleaseAddress" => address::release(ec2, context, params),
        "ReplaceRoute" => route_table::route::replace(ec2, context, params),
        "ReplaceRouteTableAssociation" => route_table::association::replace(ec2, context, params),
        "RevokeSecurityGroupEgress" => {
            security_group::rule_change::revoke(ec2, context, params, Direction::Egress)
        }
        "RevokeSecurityGroupIngress" => {
            security_group::rule_change::revoke(ec2, context, params, Direction::Ingress)
        }
        "RunInstances" => instance::launch::run(ec2, context, params),
        "StartInstances" => instance::transition::start(ec2, context, params),
        "StopInstances" => instance::transition::stop(ec2, context, params),
        "TerminateInstances" => instance::transition::terminate(ec2, context, params),
        "UnmonitorInstances" => {
            instance::attribute::monitor(ec2, context, params, operation, false)
        }
        "UpdateSecurityGroupRuleDescriptionsEgress" => {
            security_group::rule_update::describe_anew(ec2, context, params, Direction::Egress)
        }
        "UpdateSecurityGroupRuleDescriptionsIngress" => {
            security_group::rule_update::describe_anew(ec2, context, params, Direction::Ingress)
        }
        _ => Err(ServiceError::unsupported(format_args!("ec2 {operation}"))),
    }
}
