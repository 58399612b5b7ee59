//! Mount targets.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::file_system::FileSystem;
use super::life_cycle::{LifeCycle, LifeCycleState};
use super::paging::{self, Words};
use super::{Code, Efs, bad_request, refuse_other_query};
use crate::sim::context::RequestContext;
use crate::sim::ec2::{AddressUse, Ec2, NetworkInterface, NewInterface, Subnet};
use crate::sim::regions;
use crate::sim::timings::Step;
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MountTarget {
    id: String,
    pub(super) file_system: String,
    subnet: Subnet,
    interface: NetworkInterface,
    life_cycle: LifeCycle,
}

/// The body of CreateMountTarget.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Creation {
    file_system_id: String,
    subnet_id: String,
    #[serde(default)]
    security_groups: Vec<String>,
    /// An address of the subnet; without it AWS chooses one.
    ip_address: Option<Ipv4Addr>,
    #[serde(default)]
    ip_address_type: IpAddressType,
}

/// Only IPv4: the other types need subnets with IPv6, which are not simulated.
#[derive(Default, Deserialize)]
enum IpAddressType {
    #[default]
    #[serde(rename = "IPV4_ONLY")]
    Ipv4Only,
    #[serde(rename = "IPV6_ONLY")]
    Ipv6Only,
    #[serde(rename = "DUAL_STACK")]
    DualStack,
}

/// The body of ModifyMountTargetSecurityGroups.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SecurityGroups {
    security_groups: Vec<String>,
}

impl MountTarget {
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.life_cycle.is_gone(now)
    }

    fn refuse_if_deleting(&self, context: &RequestContext<'_>) -> Result<(), ServiceError> {
        if self.life_cycle.state(context.now) != LifeCycleState::Deleting {
            return Ok(());
        }
        let message = format!("Mount target '{}' is being deleted.", self.id);
        Err(ServiceError::new(Code::IncorrectMountTargetState, message))
    }

    pub(super) fn state(&self, now: Timestamp) -> LifeCycleState {
        self.life_cycle.state(now)
    }

    fn description(&self, context: &RequestContext<'_>) -> Value {
        json!({
            "OwnerId": context.account_id,
            "MountTargetId": self.id,
            "FileSystemId": self.file_system,
            "SubnetId": self.subnet.id,
            "LifeCycleState": self.life_cycle.state(context.now),
            "IpAddress": self.interface.private_ip,
            "NetworkInterfaceId": self.interface.id,
            "AvailabilityZoneId": self.subnet.zone_id,
            "AvailabilityZoneName": self.subnet.zone,
            "VpcId": self.subnet.vpc,
        })
    }
}

pub(super) fn create(
    efs: &mut Efs,
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let creation: Creation = input.body()?;
    match creation.ip_address_type {
        IpAddressType::Ipv4Only => {}
        IpAddressType::Ipv6Only | IpAddressType::DualStack => {
            return Err(ServiceError::unsupported("mount targets with IPv6"));
        }
    }
    let file_system = efs.file_system(&creation.file_system_id)?;
    file_system.require(LifeCycleState::Available, context.now)?;
    let file_system_id = file_system.id().to_owned();
    let subnet = subnet_for(ec2, file_system, &creation.subnet_id)?;
    refuse_conflict(efs, &file_system_id, &subnet)?;
    let security_groups = security_groups(ec2, &subnet, creation.security_groups)?;
    if ec2.free_addresses(&subnet, context.now) == 0 {
        let message = format!("The subnet '{}' has no free addresses", subnet.id);
        return Err(ServiceError::new(Code::NoFreeAddressesInSubnet, message));
    }
    if let Some(address) = creation.ip_address {
        refuse_address(ec2, context, &subnet, address)?;
    }
    ec2.admit_interfaces(context, 1)
        .map_err(|error| ServiceError::new(Code::NetworkInterfaceLimitExceeded, error.message))?;
    let id = format!("fsmt-{}", context.rng.hex(17));
    let interface = NewInterface {
        subnet: subnet.clone(),
        security_groups,
        description: format!("EFS mount target for {file_system_id} ({id})"),
        requester_managed: true,
        owner: "amazon-efs".to_owned(),
        instance: None,
    };
    let mut interface = ec2.create_interface(context, interface);
    if let Some(address) = creation.ip_address {
        ec2.readdress_interface(&interface.id, address);
        interface.private_ip = address;
    }
    let mount_target = MountTarget {
        id: id.clone(),
        file_system: file_system_id,
        subnet,
        interface,
        life_cycle: LifeCycle::begin(context, Step::MountTargetAvailable),
    };
    let description = mount_target.description(context);
    efs.mount_targets.insert(id, mount_target);
    Ok(Reply::json(description))
}

/// Returns the subnet. It has to be in the zone of a file system that is in one zone.
fn subnet_for(
    ec2: &Ec2,
    file_system: &FileSystem,
    subnet_id: &str,
) -> Result<Subnet, ServiceError> {
    let subnet = ec2.subnet(subnet_id).cloned().ok_or_else(|| {
        let message = format!("The subnet ID '{subnet_id}' does not exist");
        ServiceError::new(Code::SubnetNotFound, message)
    })?;
    let mut edge = regions::edge_zones(ec2.region()).iter();
    if edge.any(|zone| zone.name == subnet.zone) {
        let message = format!(
            "Amazon EFS is not available in the zone {} of the subnet '{subnet_id}'",
            subnet.zone
        );
        let code = Code::UnsupportedAvailabilityZone;
        return Err(ServiceError::new(code, message));
    }
    if file_system.zone().is_some_and(|zone| zone != subnet.zone) {
        let message = format!(
            "The file system '{}' is not in the Availability Zone of the subnet '{}'",
            file_system.id(),
            subnet.id
        );
        return Err(ServiceError::new(Code::AvailabilityZonesMismatch, message));
    }
    Ok(subnet)
}

/// Refuses an address that is not free in the subnet.
fn refuse_address(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    subnet: &Subnet,
    address: Ipv4Addr,
) -> Result<(), ServiceError> {
    match ec2.address_use(subnet, address, context.now) {
        AddressUse::Free => Ok(()),
        AddressUse::Taken => {
            let message = format!("The address {address} is already in use in the subnet");
            Err(ServiceError::new(Code::IpAddressInUse, message))
        }
        AddressUse::Outside => Err(bad_request(format!(
            "The address {address} does not fall within the subnet's address range"
        ))),
    }
}

/// Refuses a second mount target in a zone, and one in another VPC (the EFS model).
fn refuse_conflict(efs: &Efs, file_system: &str, subnet: &Subnet) -> Result<(), ServiceError> {
    let conflict = |message| Err(ServiceError::new(Code::MountTargetConflict, message));
    for other in efs.mount_targets_of(file_system) {
        if other.subnet.vpc != subnet.vpc {
            return conflict(
                "requested subnet for new mount target is not in the same VPC as existing mount targets",
            );
        }
        if other.subnet.zone == subnet.zone {
            return conflict("mount target already exists in this AZ");
        }
    }
    Ok(())
}

/// Returns the requested groups, or, without a request, the VPC's default group, as AWS does.
fn security_groups(
    ec2: &Ec2,
    subnet: &Subnet,
    asked: Vec<String>,
) -> Result<Vec<String>, ServiceError> {
    if asked.is_empty() {
        return Ok(ec2
            .default_security_group(&subnet.vpc)
            .into_iter()
            .collect());
    }
    if asked.len() > 5 {
        let message = "A mount target has at most five security groups";
        return Err(ServiceError::new(Code::SecurityGroupLimitExceeded, message));
    }
    for id in &asked {
        let known = ec2
            .security_group(id)
            .is_some_and(|group| group.vpc == subnet.vpc);
        if !known {
            let message = format!(
                "The security group ID '{id}' does not exist in {}",
                subnet.vpc
            );
            return Err(ServiceError::new(Code::SecurityGroupNotFound, message));
        }
    }
    Ok(asked)
}

pub(super) fn describe(
    efs: &Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let names = ["FileSystemId", "MountTargetId", "AccessPointId"];
    let [size, marker] = Words::Marker.parameters();
    refuse_other_query(input, &[size, marker, names[0], names[1], names[2]])?;
    let chosen: Vec<&MountTarget> = match names.map(|name| input.query.get(name)) {
        [Some(file_system), None, None] => {
            let id = efs.file_system(file_system)?.id();
            efs.mount_targets_of(id).collect()
        }
        [None, Some(id), None] => vec![efs.mount_target(id)?],
        [None, None, Some(access_point)] => {
            let id = efs.access_point(access_point)?.file_system();
            efs.mount_targets_of(id).collect()
        }
        _ => {
            return Err(bad_request(
                "exactly one of FileSystemId, MountTargetId and AccessPointId must be given",
            ));
        }
    };
    let items = chosen
        .into_iter()
        .map(|chosen| (chosen.id.clone(), chosen.description(context)));
    paging::reply(input, Words::Marker, "MountTargets", items)
}

pub(super) fn describe_security_groups(
    efs: &Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let mount_target = efs.mount_target(input.segment(1)?)?;
    mount_target.refuse_if_deleting(context)?;
    let groups = &mount_target.interface.security_groups;
    Ok(Reply::json(json!({ "SecurityGroups": groups })))
}

pub(super) fn modify_security_groups(
    efs: &mut Efs,
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let asked: SecurityGroups = input.body()?;
    let mount_target = efs.mount_target(input.segment(1)?)?;
    mount_target.refuse_if_deleting(context)?;
    if asked.security_groups.is_empty() {
        return Err(bad_request("at least one security group must be given"));
    }
    let groups = security_groups(ec2, &mount_target.subnet, asked.security_groups)?;
    ec2.regroup_interface(&mount_target.interface.id, groups.clone());
    if let Some(mount_target) = efs.mount_targets.get_mut(input.segment(1)?) {
        mount_target.interface.security_groups = groups;
    }
    Ok(Reply::empty().status(204))
}

pub(super) fn delete(
    efs: &mut Efs,
    ec2: &mut Ec2,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let id = input.segment(1)?;
    efs.mount_target(id)?;
    let gone_at = context.now + context.duration(Step::MountTargetDeleted);
    if let Some(mount_target) = efs.mount_targets.get_mut(id) {
        let gone_at = mount_target.life_cycle.delete(gone_at);
        ec2.release_interface(&mount_target.interface.id, gone_at);
    }
    Ok(Reply::empty().status(204))
}
