//! File systems.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tags::Tag;
use super::{Efs, LifeCycle, LifeCycleState, refuse_other_query};
use crate::sim::moment::Moment;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FileSystem {
    id: String,
    created_at: Timestamp,
    life_cycle: LifeCycle,
    creation: Creation,
}

/// The body of CreateFileSystem, which a file system keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Creation {
    creation_token: String,
    #[serde(default)]
    performance_mode: PerformanceMode,
    #[serde(default)]
    throughput_mode: ThroughputMode,
    provisioned_throughput_in_mibps: Option<f64>,
    #[serde(default)]
    encrypted: bool,
    kms_key_id: Option<String>,
    /// Whether AWS Backup looks after it, which nothing simulated shows.
    #[serde(default)]
    backup: bool,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PerformanceMode {
    #[default]
    GeneralPurpose,
    #[serde(rename = "maxIO")]
    MaxIo,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ThroughputMode {
    #[default]
    Bursting,
    Provisioned,
    Elastic,
}

impl FileSystem {
    pub(super) fn state(&self, now: Timestamp) -> LifeCycleState {
        self.life_cycle.state(now)
    }

    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.life_cycle.is_gone(now)
    }

    pub(super) fn tags(&self) -> &[Tag] {
        &self.creation.tags
    }

    pub(super) fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.creation.tags
    }

    fn description(&self, efs: &Efs, moment: &Moment<'_>) -> Value {
        let Self { id, creation, .. } = self;
        let Moment {
            region, account_id, ..
        } = moment;
        let mut description = json!({
            "OwnerId": account_id,
            "CreationToken": creation.creation_token,
            "FileSystemId": id,
            "FileSystemArn": format!("arn:aws:elasticfilesystem:{region}:{account_id}:file-system/{id}"),
            "CreationTime": self.created_at.as_second(),
            "LifeCycleState": self.state(moment.now),
            "NumberOfMountTargets": efs.mount_targets_of(id).count(),
            // What EFS meters for an empty file system.
            "SizeInBytes": { "Value": 6144, "ValueInIA": 0, "ValueInStandard": 6144, "ValueInArchive": 0 },
            "PerformanceMode": creation.performance_mode,
            "ThroughputMode": creation.throughput_mode,
            "Encrypted": creation.encrypted,
            "Tags": creation.tags,
            "FileSystemProtection": { "ReplicationOverwriteProtection": "ENABLED" },
        });
        let name = creation.tags.iter().find(|tag| tag.key == "Name");
        if let Some(name) = name {
            description["Name"] = name.value.clone().into();
        }
        if let Some(key) = &creation.kms_key_id {
            description["KmsKeyId"] = key.clone().into();
        }
        if let Some(throughput) = creation.provisioned_throughput_in_mibps {
            description["ProvisionedThroughputInMibps"] = throughput.into();
        }
        description
    }
}

pub(super) fn create(
    efs: &mut Efs,
    moment: &mut Moment<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let creation: Creation = input.body()?;
    let token = &creation.creation_token;
    if !(1..=64).contains(&token.len()) {
        return Err(bad_request("CreationToken must have 1 to 64 characters"));
    }
    let provisioned = creation.throughput_mode == ThroughputMode::Provisioned;
    if provisioned != creation.provisioned_throughput_in_mibps.is_some() {
        return Err(bad_request(
            "ProvisionedThroughputInMibps must be given if and only if ThroughputMode is provisioned",
        ));
    }
    if creation.kms_key_id.is_some() && !creation.encrypted {
        return Err(bad_request("KmsKeyId requires Encrypted to be true"));
    }
    // The EFS model: a token in use is an error, which carries the id so that the caller can go on with it.
    let same = |other: &&FileSystem| other.creation.creation_token == *token;
    if let Some(other) = efs.file_systems.values().find(same) {
        let message = format!(
            "File system '{}' already exists with creation token '{token}'",
            other.id
        );
        return Err(ServiceError::new("FileSystemAlreadyExists", message)
            .status(409)
            .member("FileSystemId", &other.id));
    }
    moment
        .quotas
        .admit(Quota::FileSystems, efs.file_systems.len() + 1)?;
    let id = format!("fs-{}", moment.dice.hex(17));
    let available_at = moment.now + moment.duration(Step::FileSystemAvailable);
    let file_system = FileSystem {
        id: id.clone(),
        created_at: moment.now,
        life_cycle: LifeCycle::available_at(available_at),
        creation,
    };
    let description = file_system.description(efs, moment);
    efs.file_systems.insert(id, file_system);
    Ok(Reply::json(description).status(201))
}

pub(super) fn describe(
    efs: &Efs,
    moment: &Moment<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["FileSystemId", "CreationToken"])?;
    let token = input.query.get("CreationToken");
    let chosen: Vec<&FileSystem> = match (input.query.get("FileSystemId"), token) {
        (Some(_), Some(_)) => {
            return Err(bad_request(
                "FileSystemId and CreationToken exclude each other",
            ));
        }
        (Some(id), None) => vec![efs.file_system(id)?],
        (None, _) => efs
            .file_systems
            .values()
            .filter(|file_system| {
                token.is_none_or(|token| file_system.creation.creation_token == *token)
            })
            .collect(),
    };
    let descriptions: Vec<Value> = chosen
        .into_iter()
        .map(|file_system| file_system.description(efs, moment))
        .collect();
    Ok(Reply::json(json!({ "FileSystems": descriptions })))
}

pub(super) fn delete(
    efs: &mut Efs,
    moment: &mut Moment<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let id = input.segment(1)?;
    efs.file_system(id)?;
    // A mount target that is still being deleted is in the way too.
    if efs.mount_targets_of(id).next().is_some() {
        let message = format!("File system '{id}' has mount targets. Delete them first.");
        return Err(ServiceError::new("FileSystemInUse", message).status(409));
    }
    let gone_at = moment.now + moment.duration(Step::FileSystemDeleted);
    if let Some(file_system) = efs.file_systems.get_mut(id) {
        file_system.life_cycle.delete(gone_at);
    }
    Ok(Reply::empty().status(204))
}

fn bad_request(message: &str) -> ServiceError {
    ServiceError::new("BadRequest", message)
}
