//! Mount targets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Efs, LifeCycle, LifeCycleState, refuse_other_query};
use crate::sim::ec2::{Ec2, NetworkInterface, NewInterface, Subnet};
use crate::sim::moment::Moment;
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
}

impl MountTarget {
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.life_cycle.is_gone(now)
    }

    fn description(&self, moment: &Moment<'_>) -> Value {
        json!({
            "OwnerId": moment.account_id,
            "MountTargetId": self.id,
            "FileSystemId": self.file_system,
            "SubnetId": self.subnet.id,
            "LifeCycleState": self.life_cycle.state(moment.now),
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
    moment: &mut Moment<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let creation: Creation = input.body()?;
    let file_system = efs.file_system(&creation.file_system_id)?;
    if file_system.state(moment.now) != LifeCycleState::Available {
        let message = format!(
            "File system '{}' is not available.",
            creation.file_system_id
        );
        return Err(ServiceError::new("IncorrectFileSystemLifeCycleState", message).status(409));
    }
    let subnet = ec2.subnet(&creation.subnet_id).cloned().ok_or_else(|| {
        let message = format!("The subnet ID '{}' does not exist", creation.subnet_id);
        ServiceError::new("SubnetNotFound", message)
    })?;
    refuse_conflict(efs, &creation.file_system_id, &subnet)?;
    let security_groups = security_groups(ec2, &subnet, creation.security_groups)?;
    if ec2.free_addresses(&subnet, moment.now) == 0 {
        let message = format!("The subnet '{}' has no free addresses", subnet.id);
        return Err(ServiceError::new("NoFreeAddressesInSubnet", message).status(409));
    }
    ec2.admit_interfaces(moment, 1)
        .map_err(|error| error.status(409))?;
    let id = format!("fsmt-{}", moment.dice.hex(17));
    let interface = NewInterface {
        subnet: subnet.clone(),
        security_groups,
        description: format!("EFS mount target for {} ({id})", creation.file_system_id),
        requester_managed: true,
        owner: "amazon-efs".to_owned(),
        instance: None,
    };
    let mount_target = MountTarget {
        id: id.clone(),
        file_system: creation.file_system_id,
        subnet,
        interface: ec2.create_interface(moment, interface),
        life_cycle: LifeCycle::available_at(
            moment.now + moment.duration(Step::MountTargetAvailable),
        ),
    };
    let description = mount_target.description(moment);
    efs.mount_targets.insert(id, mount_target);
    Ok(Reply::json(description))
}

/// The EFS model: one mount target in each zone, and all of them in one VPC.
fn refuse_conflict(efs: &Efs, file_system: &str, subnet: &Subnet) -> Result<(), ServiceError> {
    let conflict = |message| Err(ServiceError::new("MountTargetConflict", message).status(409));
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

/// The groups that were asked for; without any, the VPC's default group as AWS chooses it.
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
        return Err(ServiceError::new("SecurityGroupLimitExceeded", message));
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
            return Err(ServiceError::new("SecurityGroupNotFound", message));
        }
    }
    Ok(asked)
}

pub(super) fn describe(
    efs: &Efs,
    moment: &Moment<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["FileSystemId", "MountTargetId"])?;
    let file_system = input.query.get("FileSystemId");
    let chosen: Vec<&MountTarget> = match (file_system, input.query.get("MountTargetId")) {
        (Some(file_system), None) => {
            efs.file_system(file_system)?;
            efs.mount_targets_of(file_system).collect()
        }
        (None, Some(id)) => vec![efs.mount_target(id)?],
        (Some(_), Some(_)) | (None, None) => {
            let message = "exactly one of FileSystemId and MountTargetId must be given";
            return Err(ServiceError::new("BadRequest", message));
        }
    };
    let descriptions: Vec<Value> = chosen
        .into_iter()
        .map(|mount_target| mount_target.description(moment))
        .collect();
    Ok(Reply::json(json!({ "MountTargets": descriptions })))
}

pub(super) fn describe_security_groups(
    efs: &Efs,
    moment: &Moment<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let mount_target = efs.mount_target(input.segment(1)?)?;
    if mount_target.life_cycle.state(moment.now) == LifeCycleState::Deleting {
        let message = format!("Mount target '{}' is being deleted.", mount_target.id);
        return Err(ServiceError::new("IncorrectMountTargetState", message).status(409));
    }
    let groups = &mount_target.interface.security_groups;
    Ok(Reply::json(json!({ "SecurityGroups": groups })))
}

pub(super) fn delete(
    efs: &mut Efs,
    ec2: &mut Ec2,
    moment: &mut Moment<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let id = input.segment(1)?;
    efs.mount_target(id)?;
    let gone_at = moment.now + moment.duration(Step::MountTargetDeleted);
    if let Some(mount_target) = efs.mount_targets.get_mut(id) {
        mount_target.life_cycle.delete(gone_at);
        if let Some(gone_at) = mount_target.life_cycle.gone_at {
            ec2.release_interface(&mount_target.interface.id, gone_at);
        }
    }
    Ok(Reply::empty().status(204))
}
