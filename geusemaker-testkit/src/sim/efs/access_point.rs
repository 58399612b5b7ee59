//! Access points: the views of a file system that applications mount.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::life_cycle::{LifeCycle, LifeCycleState};
use super::paging::{self, Words};
use super::tags::{self, Tag};
use super::{Code, Efs, bad_request, refuse_other_query};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

/// The characters that no folder of a path may have. Source: the EFS model, `Path`.
const FORBIDDEN: [char; 14] = [
    '$', '#', '<', '>', ';', '`', '|', '&', '?', '{', '}', '^', '*', '\n',
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AccessPoint {
    id: String,
    creation: Creation,
    pub(super) life_cycle: LifeCycle,
}

/// The body of CreateAccessPoint, which is kept with the access point.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Creation {
    client_token: String,
    file_system_id: String,
    #[serde(default)]
    tags: Vec<Tag>,
    posix_user: Option<PosixUser>,
    #[serde(default)]
    root_directory: RootDirectory,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PosixUser {
    uid: u32,
    gid: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secondary_gids: Vec<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RootDirectory {
    #[serde(default = "root")]
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_info: Option<CreationInfo>,
}

impl Default for RootDirectory {
    fn default() -> Self {
        Self {
            path: root(),
            creation_info: None,
        }
    }
}

fn root() -> String {
    "/".to_owned()
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreationInfo {
    owner_uid: u32,
    owner_gid: u32,
    permissions: String,
}

impl AccessPoint {
    pub(super) fn file_system(&self) -> &str {
        &self.creation.file_system_id
    }

    pub(super) fn tags(&self) -> &[Tag] {
        &self.creation.tags
    }

    pub(super) fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.creation.tags
    }

    fn description(&self, context: &RequestContext<'_>) -> Value {
        let Self { id, creation, .. } = self;
        let RequestContext {
            region, account_id, ..
        } = context;
        let partition = context.partition();
        let mut description = json!({
            "ClientToken": creation.client_token,
            "Tags": creation.tags,
            "AccessPointId": id,
            "AccessPointArn": format!("arn:{partition}:elasticfilesystem:{region}:{account_id}:access-point/{id}"),
            "FileSystemId": creation.file_system_id,
            "RootDirectory": creation.root_directory,
            "OwnerId": account_id,
            "LifeCycleState": self.life_cycle.state(context.now),
        });
        if let Some(user) = &creation.posix_user {
            description["PosixUser"] = json!(user);
        }
        if let Some(name) = creation.tags.iter().find(|tag| tag.key == "Name") {
            description["Name"] = name.value.clone().into();
        }
        description
    }
}

pub(super) fn create(
    efs: &mut Efs,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let mut creation: Creation = input.body()?;
    creation.check()?;
    let file_system = efs.file_system(&creation.file_system_id)?;
    file_system.require(LifeCycleState::Available, context.now)?;
    creation.file_system_id = file_system.id().to_owned();
    // The EFS model: a token in use is an error, which carries the id.
    let same = |other: &&AccessPoint| other.creation.client_token == creation.client_token;
    if let Some(other) = efs.access_points.values().find(same) {
        let message = format!(
            "Access point already exists with client token {}: {}",
            creation.client_token, other.id
        );
        return Err(ServiceError::new(Code::AccessPointAlreadyExists, message)
            .member("AccessPointId", &other.id));
    }
    let in_file_system = |other: &&AccessPoint| other.file_system() == creation.file_system_id;
    let count = efs.access_points.values().filter(in_file_system).count();
    context
        .quotas
        .admit(Quota::AccessPointsPerFileSystem, count + 1)?;
    let id = format!("fsap-{}", context.rng.hex(17));
    let access_point = AccessPoint {
        id: id.clone(),
        creation,
        life_cycle: LifeCycle::begin(context, Step::AccessPointAvailable),
    };
    let description = access_point.description(context);
    efs.access_points.insert(id, access_point);
    Ok(Reply::json(description))
}

impl Creation {
    /// Checks the bounds of the EFS model.
    fn check(&self) -> Result<(), ServiceError> {
        if !(1..=64).contains(&self.client_token.len()) {
            return Err(bad_request("ClientToken must have 1 to 64 characters"));
        }
        let gids = self.posix_user.as_ref().map(|user| &user.secondary_gids);
        if gids.is_some_and(|gids| gids.len() > 16) {
            return Err(bad_request("SecondaryGids must have at most 16 members"));
        }
        let RootDirectory {
            path,
            creation_info,
        } = &self.root_directory;
        if !is_path(path) {
            return Err(bad_request(
                "Path must begin with '/', and have at most 100 characters and four subdirectories, none of which begins \
                 with a dot or has one of $#<>;`|&?{}^*",
            ));
        }
        if let Some(info) = creation_info {
            let digits = &info.permissions;
            if !(3..=4).contains(&digits.len())
                || !digits.bytes().all(|b| (b'0'..=b'7').contains(&b))
            {
                return Err(bad_request("Permissions must be an octal mode: 0755"));
            }
        }
        tags::check(&self.tags)
    }
}

/// Returns true for a path that the EFS model allows.
fn is_path(path: &str) -> bool {
    let is_folder =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(&FORBIDDEN[..]);
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    let has_folders = rest.split('/').all(is_folder) && rest.split('/').count() <= 4;
    path.len() <= 100 && (rest.is_empty() || has_folders)
}

pub(super) fn describe(
    efs: &Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let [size, token] = Words::Token.parameters();
    refuse_other_query(input, &[size, token, "AccessPointId", "FileSystemId"])?;
    let file_system = match input.query.get("FileSystemId") {
        Some(id) => Some(efs.file_system(id)?.id()),
        None => None,
    };
    let named = match input.query.get("AccessPointId") {
        Some(_) if file_system.is_some() => {
            return Err(bad_request(
                "AccessPointId and FileSystemId exclude each other",
            ));
        }
        Some(id) => Some(efs.access_point(id)?.id.as_str()),
        None => None,
    };
    let chosen = efs.access_points.values().filter(|access_point| {
        file_system.is_none_or(|id| access_point.file_system() == id)
            && named.is_none_or(|id| access_point.id == id)
    });
    let items = chosen.map(|chosen| (chosen.id.clone(), chosen.description(context)));
    paging::reply(input, Words::Token, "AccessPoints", items)
}

pub(super) fn delete(
    efs: &mut Efs,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let id = efs.access_point(input.segment(1)?)?.id.clone();
    let gone_at = context.now + context.duration(Step::AccessPointDeleted);
    if let Some(access_point) = efs.access_points.get_mut(&id) {
        access_point.life_cycle.delete(gone_at);
    }
    Ok(Reply::empty().status(204))
}
