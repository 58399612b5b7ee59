//! Amazon Elastic File System: file systems, with their mount targets and access points.

mod access_point;
mod error_code;
mod file_system;
mod file_system_settings;
mod life_cycle;
mod mount_target;
mod operations;
mod paging;
mod tags;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::access_point::AccessPoint;
pub(crate) use self::error_code::{Code, ERROR_CODES};
use self::file_system::FileSystem;
use self::mount_target::MountTarget;
pub(crate) use self::operations::OPERATIONS;
use self::tags::Tag;
use super::account::Region;
use super::context::RequestContext;
use super::resource::{Resource, ResourceState};
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

/// The content of EFS in one region, by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Efs {
    file_systems: BTreeMap<String, FileSystem>,
    mount_targets: BTreeMap<String, MountTarget>,
    #[serde(default)]
    access_points: BTreeMap<String, AccessPoint>,
    /// The id of the key that AWS provides for file systems without their own, once there has been such a file system.
    #[serde(default)]
    default_key: Option<String>,
}

impl Efs {
    /// Returns the resources that exist at that time.
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
        let access_points = self
            .access_points
            .iter()
            .filter(|(_, access_point)| self.exists(access_point, now))
            .map(|(id, _)| Resource::new("EFS::AccessPoint", id));
        file_systems
            .chain(mount_targets)
            .chain(access_points)
            .collect()
    }

    /// Returns true if the access point exists. It is deleted with its file system.
    fn exists(&self, access_point: &AccessPoint, now: Timestamp) -> bool {
        !access_point.life_cycle.is_gone(now)
            && self
                .file_systems
                .get(access_point.file_system())
                .is_some_and(|file_system| !file_system.is_gone(now))
    }

    /// Returns the states of the resources that have one.
    pub(crate) fn states(&self, now: Timestamp) -> impl Iterator<Item = ResourceState> {
        let file_systems = self
            .file_systems
            .iter()
            .filter(move |(_, file_system)| !file_system.is_gone(now))
            .map(move |(id, file_system)| {
                Resource::new("EFS::FileSystem", id).in_state(file_system.state(now).as_str())
            });
        let mount_targets = self
            .mount_targets
            .iter()
            .filter(move |(_, mount_target)| !mount_target.is_gone(now))
            .map(move |(id, mount_target)| {
                Resource::new("EFS::MountTarget", id).in_state(mount_target.state(now).as_str())
            });
        file_systems.chain(mount_targets)
    }

    /// Drops the resources that are gone by now, so that everything still held exists.
    fn forget_gone(&mut self, now: Timestamp) {
        self.file_systems
            .retain(|_, file_system| !file_system.is_gone(now));
        self.mount_targets
            .retain(|_, mount_target| !mount_target.is_gone(now));
        let mut access_points = std::mem::take(&mut self.access_points);
        access_points.retain(|_, access_point| self.exists(access_point, now));
        self.access_points = access_points;
    }

    fn file_system(&self, id: &str) -> Result<&FileSystem, ServiceError> {
        self.file_systems
            .get(without_arn(id))
            .ok_or_else(|| not_found(Code::FileSystemNotFound, "File system", id))
    }

    fn file_system_mut(&mut self, id: &str) -> Result<&mut FileSystem, ServiceError> {
        self.file_systems
            .get_mut(without_arn(id))
            .ok_or_else(|| not_found(Code::FileSystemNotFound, "File system", id))
    }

    fn access_point(&self, id: &str) -> Result<&AccessPoint, ServiceError> {
        self.access_points
            .get(without_arn(id))
            .ok_or_else(|| not_found(Code::AccessPointNotFound, "Access point", id))
    }

    /// Returns the tags of the file system or access point with that id.
    fn tags(&self, id: &str) -> Result<&[Tag], ServiceError> {
        if without_arn(id).starts_with("fsap-") {
            self.access_point(id).map(AccessPoint::tags)
        } else {
            self.file_system(id).map(FileSystem::tags)
        }
    }

    fn tags_mut(&mut self, id: &str) -> Result<&mut Vec<Tag>, ServiceError> {
        if without_arn(id).starts_with("fsap-") {
            self.access_points
                .get_mut(without_arn(id))
                .map(AccessPoint::tags_mut)
                .ok_or_else(|| not_found(Code::AccessPointNotFound, "Access point", id))
        } else {
            self.file_system_mut(id).map(FileSystem::tags_mut)
        }
    }

    fn mount_target(&self, id: &str) -> Result<&MountTarget, ServiceError> {
        self.mount_targets
            .get(id)
            .ok_or_else(|| not_found(Code::MountTargetNotFound, "Mount target", id))
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
    context: &mut RequestContext<'_>,
    operation: &str,
    input: &mut Input,
) -> Result<Reply, ServiceError> {
    let Region { ec2, efs, .. } = region;
    efs.forget_gone(context.now);
    operations::perform(operation, efs, ec2, context, input)
}

/// Refuses a query parameter that the operation would ignore.
fn refuse_other_query(input: &Input, known: &[&str]) -> Result<(), ServiceError> {
    match input
        .query
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        Some(name) => Err(ServiceError::unsupported(format_args!(
            "the parameter {name}"
        ))),
        None => Ok(()),
    }
}

/// Returns the id of a file system or access point that is named by its id or its ARN, which ends in the id.
fn without_arn(id: &str) -> &str {
    match id.rsplit_once('/') {
        Some((arn, id)) if arn.starts_with("arn:") => id,
        Some(_) | None => id,
    }
}

fn not_found(code: Code, what: &str, id: &str) -> ServiceError {
    ServiceError::new(code, format!("{what} '{id}' does not exist."))
}

fn bad_request(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::BadRequest, message)
}
