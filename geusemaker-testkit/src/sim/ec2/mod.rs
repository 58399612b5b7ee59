//! Amazon EC2: what exists in a region, and who answers which call.

mod availability_zone;
mod block_device;
mod cidr;
mod console;
mod image;
mod instance;
mod instance_status;
mod instance_type;
mod interface_quota;
mod key_pair;
mod launch;
mod launch_request;
mod network_interface;
mod permission;
mod prefix_list;
mod resource_kind;
mod security_group;
mod security_group_rule;
mod selection;
mod subnet;
mod tags;
mod vcpu_quota;
mod vpc;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::cidr::Cidr;
pub(crate) use self::instance::{Instance, InstanceState};
use self::key_pair::KeyPair;
pub(crate) use self::network_interface::{NetworkInterface, NewInterface};
use self::resource_kind::ResourceKind;
pub(crate) use self::security_group::SecurityGroup;
pub(crate) use self::subnet::Subnet;
use self::tags::Tags;
pub(crate) use self::vpc::Vpc;
use super::catalog;
use super::moment::Moment;
use super::resource::Resource;
use crate::wire::params::Params;
use crate::wire::{Reply, ServiceError};

/// What a region holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ec2 {
    account_id: String,
    region: String,
    vpcs: BTreeMap<String, Vpc>,
    subnets: BTreeMap<String, Subnet>,
    security_groups: BTreeMap<String, SecurityGroup>,
    instances: BTreeMap<String, Instance>,
    interfaces: BTreeMap<String, NetworkInterface>,
    /// By name.
    key_pairs: BTreeMap<String, KeyPair>,
    tags: Tags,
}

impl Ec2 {
    /// A region as a new account has it: the default VPC with a subnet in each zone.
    pub(crate) fn with_default_vpc(account_id: &str, region: &str) -> Self {
        let mut ec2 = Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            ..Self::default()
        };
        let vpc = Vpc {
            id: ResourceKind::Vpc.fixed_id(region),
            cidr: Cidr::holding(Ipv4Addr::new(172, 31, 0, 0), 16),
            is_default: true,
        };
        let group = SecurityGroup::default_of(
            &vpc.id,
            ResourceKind::SecurityGroup.fixed_id(region),
            ["ingress", "egress"].map(|direction| {
                ResourceKind::SecurityGroupRule.fixed_id(&format!("{region} {direction}"))
            }),
        );
        for (zone, n) in catalog::zones(region).into_iter().zip(0..) {
            let subnet = Subnet {
                id: ResourceKind::Subnet.fixed_id(&zone.name),
                vpc: vpc.id.clone(),
                zone: zone.name,
                zone_id: zone.id,
                cidr: Cidr::holding(Ipv4Addr::new(172, 31, n * 16, 0), 20),
                is_default: true,
            };
            ec2.subnets.insert(subnet.id.clone(), subnet);
        }
        ec2.security_groups.insert(group.id.clone(), group);
        ec2.vpcs.insert(vpc.id.clone(), vpc);
        ec2
    }

    /// What exists and is not on its way out, or is and can still be billed.
    pub(crate) fn inventory(&self, now: Timestamp) -> Vec<Resource> {
        let mut all = Vec::new();
        let mut add = |kind, id: &str| all.push(Resource::new(kind, id));
        for id in self.vpcs.keys() {
            add("EC2::VPC", id);
        }
        for id in self.subnets.keys() {
            add("EC2::Subnet", id);
        }
        for id in self.security_groups.keys() {
            add("EC2::SecurityGroup", id);
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
                continue;
            }
            for volume in instance
                .volumes
                .iter()
                .filter(|volume| volume.outlives_instance())
            {
                add("EC2::Volume", &volume.id);
            }
        }
        all
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

    /// Whether other calls know of that id.
    fn has(&self, kind: ResourceKind, id: &str, now: Timestamp) -> bool {
        match kind {
            ResourceKind::Image => image::image(&self.region, id).is_some(),
            ResourceKind::Instance => self.visible_instance(id, now).is_ok(),
            ResourceKind::KeyPair => self.key_pairs.values().any(|pair| pair.id == id),
            ResourceKind::NetworkInterface => self
                .interfaces
                .get(id)
                .is_some_and(|interface| interface.exists(now)),
            ResourceKind::PrefixList => prefix_list::prefix_lists(&self.region)
                .iter()
                .any(|list| list.id == id),
            ResourceKind::SecurityGroup => self.visible_security_group(id, now).is_ok(),
            ResourceKind::SecurityGroupRule => self
                .security_groups
                .values()
                .flat_map(|group| &group.rules)
                .any(|rule| rule.id == id),
            ResourceKind::Subnet => self.subnets.contains_key(id),
            ResourceKind::Volume => self.instances.values().any(|instance| {
                let is_attached = instance.state(now) != InstanceState::Terminated;
                let mut volumes = instance.volumes.iter();
                volumes.any(|volume| volume.id == id && (is_attached || volume.outlives_instance()))
            }),
            ResourceKind::Vpc => self.vpcs.contains_key(id),
        }
    }
}

/// Answers an EC2 call.
pub(crate) fn answer(
    ec2: &mut Ec2,
    moment: &mut Moment<'_>,
    operation: &str,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    if params.parsed("DryRun")? != Some(true) {
        return perform(ec2, moment, operation, params);
    }
    // A dry run is tried on a copy, so that it is checked and nothing comes of it.
    let mut dice = moment.dice.clone();
    let mut trial = Moment {
        dice: &mut dice,
        ..*moment
    };
    perform(&mut ec2.clone(), &mut trial, operation, params)?;
    let message = "Request would have succeeded, but DryRun flag is set.";
    Err(ServiceError::new("DryRunOperation", message).status(412))
}

fn perform(
    ec2: &mut Ec2,
    moment: &mut Moment<'_>,
    operation: &str,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    match operation {
        "AuthorizeSecurityGroupIngress" => {
            security_group_rule::authorize_ingress(ec2, moment, params)
        }
        "CreateKeyPair" => key_pair::create(ec2, moment, params),
        "CreateSecurityGroup" => security_group::create(ec2, moment, params),
        "CreateSubnet" => subnet::create(ec2, moment, params),
        "CreateTags" => tags::create(ec2, moment, params),
        "CreateVpc" => vpc::create(ec2, moment, params),
        "DeleteKeyPair" => key_pair::delete(ec2, params),
        "DeleteSecurityGroup" => security_group::delete(ec2, moment, params),
        "DeleteSubnet" => subnet::delete(ec2, moment, params),
        "DeleteTags" => tags::delete(ec2, moment, params),
        "DeleteVpc" => vpc::delete(ec2, moment, params),
        "DescribeAvailabilityZones" => availability_zone::describe(ec2, moment, params),
        "DescribeImages" => image::describe(ec2, moment, params),
        "DescribeInstanceStatus" => instance_status::describe(ec2, moment, params),
        "DescribeInstanceTypeOfferings" => instance_type::describe_offerings(ec2, moment, params),
        "DescribeInstanceTypes" => instance_type::describe(ec2, moment, params),
        "DescribeInstances" => instance::describe(ec2, moment, params),
        "DescribeKeyPairs" => key_pair::describe(ec2, moment, params),
        "DescribeManagedPrefixLists" => prefix_list::describe(ec2, moment, params),
        "DescribeNetworkInterfaces" => network_interface::describe(ec2, moment, params),
        "DescribeSecurityGroupRules" => security_group_rule::describe(ec2, moment, params),
        "DescribeSecurityGroups" => security_group::describe(ec2, moment, params),
        "DescribeSubnets" => subnet::describe(ec2, moment, params),
        "DescribeTags" => tags::describe(ec2, moment, params),
        "DescribeVpcs" => vpc::describe(ec2, moment, params),
        "GetConsoleOutput" => console::output(ec2, moment, params),
        "RevokeSecurityGroupIngress" => security_group_rule::revoke_ingress(ec2, moment, params),
        "RunInstances" => launch::run(ec2, moment, params),
        "TerminateInstances" => instance::terminate(ec2, moment, params),
        _ => Err(ServiceError::unsupported(format_args!("ec2 {operation}"))),
    }
}
