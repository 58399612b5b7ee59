//! Amazon Elastic File System: file systems and the mount targets through which instances reach them.

mod file_system;
mod mount_target;
mod tags;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::file_system::FileSystem;
use self::mount_target::MountTarget;
use super::account::Region;
use super::moment::Moment;
use super::resource::Resource;
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

/// What the account holds of EFS in one region, by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Efs {
    file_systems: BTreeMap<String, FileSystem>,
    mount_targets: BTreeMap<String, MountTarget>,
}

impl Efs {
    /// What exists at that time.
    pub(crate) fn inventory(&self, now: Timestamp) -> Vec<Resource> {
        let file_systems = self
            .file_systems
            .iter()
            .filter(|(_, file_system)| !file_system.is_gone(now))
            .map(|(id, _)| Resource::new("EFS::FileSystem", id));
        let mount_targets = self
            .mount_targets
            .iter()
            .filter(|(_, mount_target)| !mount_target.is_gone(now))
            .map(|(id, _)| Resource::new("EFS::MountTarget", id));
        file_systems.chain(mount_targets).collect()
    }

    /// Drops what has gone by now, so that whatever is still held exists.
    fn forget_gone(&mut self, now: Timestamp) {
        self.file_systems
            .retain(|_, file_system| !file_system.is_gone(now));
        self.mount_targets
            .retain(|_, mount_target| !mount_target.is_gone(now));
    }

    fn file_system(&self, id: &str) -> Result<&FileSystem, ServiceError> {
        self.file_systems.get(id).ok_or_else(|| {
            ServiceError::new(
                "FileSystemNotFound",
                format!("File system '{id}' does not exist."),
            )
            .status(404)
        })
    }

    fn mount_target(&self, id: &str) -> Result<&MountTarget, ServiceError> {
        self.mount_targets.get(id).ok_or_else(|| {
            ServiceError::new(
                "MountTargetNotFound",
                format!("Mount target '{id}' does not exist."),
            )
            .status(404)
        })
    }

    fn mount_targets_of<'a>(
        &'a self,
        file_system: &'a str,
    ) -> impl Iterator<Item = &'a MountTarget> {
        self.mount_targets
            .values()
            .filter(move |mount_target| mount_target.file_system == file_system)
    }
}

pub(crate) fn answer(
    region: &mut Region,
    moment: &mut Moment<'_>,
    operation: &str,
    input: &mut Input,
) -> Result<Reply, ServiceError> {
    let Region { ec2, efs, .. } = region;
    efs.forget_gone(moment.now);
    match operation {
        "CreateFileSystem" => file_system::create(efs, moment, input),
        "DescribeFileSystems" => file_system::describe(efs, moment, input),
        "DeleteFileSystem" => file_system::delete(efs, moment, input),
        "CreateMountTarget" => mount_target::create(efs, ec2, moment, input),
        "DescribeMountTargets" => mount_target::describe(efs, moment, input),
        "DescribeMountTargetSecurityGroups" => {
            mount_target::describe_security_groups(efs, moment, input)
        }
        "DeleteMountTarget" => mount_target::delete(efs, ec2, moment, input),
        "ListTagsForResource" => tags::list(efs, input),
        "TagResource" => tags::add(efs, input),
        _ => Err(ServiceError::unsupported(format_args!("efs {operation}"))),
    }
}

/// The state of a file system or a mount target, which both have these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum LifeCycleState {
    Creating,
    Available,
    Deleting,
}

/// The times from which a life-cycle state follows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LifeCycle {
    available_at: Timestamp,
    /// When its deletion is complete, once that has been asked for.
    gone_at: Option<Timestamp>,
}

impl LifeCycle {
    fn available_at(available_at: Timestamp) -> Self {
        Self {
            available_at,
            gone_at: None,
        }
    }

    fn state(&self, now: Timestamp) -> LifeCycleState {
        if self.gone_at.is_some() {
            LifeCycleState::Deleting
        } else if now < self.available_at {
            LifeCycleState::Creating
        } else {
            LifeCycleState::Available
        }
    }

    /// Begins the deletion; asking again does not put it off.
    fn delete(&mut self, gone_at: Timestamp) {
        self.gone_at.get_or_insert(gone_at);
    }

    fn is_gone(&self, now: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone_at| gone_at <= now)
    }
}

/// Refuses a query parameter that the operation would ignore. Lists come whole, so that a page size changes nothing
/// and a marker cannot have come from here.
fn refuse_other_query(input: &Input, known: &[&str]) -> Result<(), ServiceError> {
    for name in input.query.keys() {
        if !known.contains(&name.as_str()) && !["MaxItems", "MaxResults"].contains(&name.as_str()) {
            return Err(ServiceError::unsupported(format_args!(
                "the parameter {name}"
            )));
        }
    }
    Ok(())
}
