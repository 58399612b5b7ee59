//! File systems.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::file_system_settings::{LifecyclePolicy, OverwriteProtection};
use super::life_cycle::{LifeCycle, LifeCycleState};
use super::paging::{self, Words};
use super::tags::{self, Tag};
use super::{Code, Efs, bad_request, refuse_other_query};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::sim::regions;
use crate::sim::timings::Step;
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FileSystem {
    id: String,
    created_at: Timestamp,
    pub(super) life_cycle: LifeCycle,
    pub(super) creation: Creation,
    /// The time of the last change of the throughput mode or decrease of the provisioned throughput.
    #[serde(default)]
    pub(super) throughput_changed_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) protection: OverwriteProtection,
    #[serde(default)]
    pub(super) lifecycle_policies: Vec<LifecyclePolicy>,
    #[serde(default)]
    pub(super) policy: Option<String>,
}

/// The body of CreateFileSystem, which is kept with the file system.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Creation {
    creation_token: String,
    #[serde(default)]
    performance_mode: PerformanceMode,
    #[serde(default)]
    pub(super) throughput_mode: ThroughputMode,
    pub(super) provisioned_throughput_in_mibps: Option<f64>,
    #[serde(default)]
    encrypted: bool,
    kms_key_id: Option<String>,
    /// The zone of a One Zone file system.
    availability_zone_name: Option<String>,
    /// The setting of AWS Backup, if a call has set it. No backups are simulated.
    pub(super) backup: Option<bool>,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl Creation {
    /// Returns the setting of backups. The EFS model: One Zone file systems have backups unless their creator says
    /// otherwise.
    pub(super) fn has_backup(&self) -> bool {
        self.backup.unwrap_or(self.availability_zone_name.is_some())
    }
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
pub(super) enum ThroughputMode {
    #[default]
    Bursting,
    Provisioned,
    Elastic,
}

impl FileSystem {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the zone of a One Zone file system.
    pub(super) fn zone(&self) -> Option<&str> {
        self.creation.availability_zone_name.as_deref()
    }

    /// Refuses a call that needs another state than the file system has.
    pub(super) fn require(
        &self,
        state: LifeCycleState,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        if self.state(now) == state {
            return Ok(());
        }
        let message = format!("File system '{}' is not available.", self.id);
        Err(ServiceError::new(
            Code::IncorrectFileSystemLifeCycleState,
            message,
        ))
    }

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

    pub(super) fn description(&self, efs: &Efs, context: &RequestContext<'_>) -> Value {
        let Self { id, creation, .. } = self;
        let RequestContext {
            region, account_id, ..
        } = context;
        let partition = context.partition();
        let mut description = json!({
            "OwnerId": account_id,
            "CreationToken": creation.creation_token,
            "FileSystemId": id,
            "FileSystemArn": format!("arn:{partition}:elasticfilesystem:{region}:{account_id}:file-system/{id}"),
            "CreationTime": self.created_at.as_second(),
            "LifeCycleState": self.state(context.now),
            "NumberOfMountTargets": efs.mount_targets_of(id).count(),
            // The size that EFS meters for an empty file system.
            "SizeInBytes": { "Value": 6144, "ValueInIA": 0, "ValueInStandard": 6144, "ValueInArchive": 0 },
            "PerformanceMode": creation.performance_mode,
            "ThroughputMode": creation.throughput_mode,
            "Encrypted": creation.encrypted,
            "Tags": creation.tags,
            "FileSystemProtection": { "ReplicationOverwriteProtection": self.protection },
        });
        let name = creation.tags.iter().find(|tag| tag.key == "Name");
        if let Some(name) = name {
            description["Name"] = name.value.clone().into();
        }
        if let Some(key) = &creation.kms_key_id {
            description["KmsKeyId"] = key.clone().into();
        }
        if let Some(zone) = &creation.availability_zone_name {
            description["AvailabilityZoneName"] = zone.clone().into();
            let zone = regions::zones(region)
                .iter()
                .find(|known| known.name == *zone);
            description["AvailabilityZoneId"] = zone.map(|zone| zone.id.clone()).into();
        }
        if let Some(throughput) = creation.provisioned_throughput_in_mibps {
            description["ProvisionedThroughputInMibps"] = throughput.into();
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
    let token = creation.creation_token.clone();
    if !(1..=64).contains(&token.len()) {
        return Err(bad_request("CreationToken must have 1 to 64 characters"));
    }
    check_throughput(&creation)?;
    tags::check(&creation.tags)?;
    check_zone(&creation, context.region)?;
    // The EFS model: a token in use is an error, which carries the id so that the caller can continue with it.
    let same = |other: &&FileSystem| other.creation.creation_token == token;
    if let Some(other) = efs.file_systems.values().find(same) {
        let message = format!(
            "File system '{}' already exists with creation token '{token}'",
            other.id
        );
        return Err(ServiceError::new(Code::FileSystemAlreadyExists, message)
            .member("FileSystemId", &other.id));
    }
    context
        .quotas
        .admit(Quota::FileSystems, efs.file_systems.len() + 1)?;
    creation.kms_key_id = key(efs, context, &creation)?;
    let id = format!("fs-{}", context.rng.hex(17));
    let file_system = FileSystem {
        id: id.clone(),
        created_at: context.now,
        life_cycle: LifeCycle::begin(context, Step::FileSystemAvailable),
        creation,
        throughput_changed_at: None,
        protection: OverwriteProtection::default(),
        lifecycle_policies: Vec::new(),
        policy: None,
    };
    let description = file_system.description(efs, context);
    efs.file_systems.insert(id, file_system);
    Ok(Reply::json(description).status(201))
}

pub(super) fn check_throughput(creation: &Creation) -> Result<(), ServiceError> {
    let is_provisioned = creation.throughput_mode == ThroughputMode::Provisioned;
    match creation.provisioned_throughput_in_mibps {
        Some(amount) if is_provisioned && amount >= 1.0 => {}
        None if !is_provisioned => {}
        Some(_) | None => {
            return Err(bad_request(
                "ProvisionedThroughputInMibps must be given, at least 1, if and only if ThroughputMode is provisioned",
            ));
        }
    }
    let is_max_io = creation.performance_mode == PerformanceMode::MaxIo;
    let is_one_zone = creation.availability_zone_name.is_some();
    if is_max_io && (is_one_zone || creation.throughput_mode == ThroughputMode::Elastic) {
        return Err(bad_request(
            "PerformanceMode maxIO is not supported for One Zone file systems and with elastic throughput",
        ));
    }
    Ok(())
}

fn check_zone(creation: &Creation, region: &str) -> Result<(), ServiceError> {
    let zones = regions::zones(region);
    match &creation.availability_zone_name {
        Some(name) if !zones.iter().any(|zone| zone.name == *name) => Err(ServiceError::new(
            Code::UnsupportedAvailabilityZone,
            format!(
                "The Availability Zone '{name}' does not exist or has no One Zone file systems"
            ),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Returns the ARN of the key that encrypts the file system. The service that holds keys is not simulated: every id
/// that could be a key's is accepted.
fn key(
    efs: &mut Efs,
    context: &mut RequestContext<'_>,
    creation: &Creation,
) -> Result<Option<String>, ServiceError> {
    let (region, account_id) = (context.region, context.account_id);
    let partition = context.partition();
    let arn = |id: &str| format!("arn:{partition}:kms:{region}:{account_id}:key/{id}");
    match (&creation.kms_key_id, creation.encrypted) {
        (None, false) => Ok(None),
        (Some(_), false) => Err(bad_request("KmsKeyId requires Encrypted to be true")),
        (Some(id), true) if id.starts_with("arn:") && id.contains(":key/") => Ok(Some(id.clone())),
        (Some(id), true) if id.starts_with("alias/") || id.contains(":alias/") => Err(
            ServiceError::unsupported(format_args!("the key that has the alias {id}")),
        ),
        (Some(id), true) if is_key_id(id) => Ok(Some(arn(id))),
        (Some(id), true) => Err(bad_request(format!("'{id}' is not the id of a KMS key"))),
        (None, true) => {
            let id = efs.default_key.get_or_insert_with(|| {
                let mut part = |n| context.rng.hex(n);
                [part(8), part(4), part(4), part(4), part(12)].join("-")
            });
            Ok(Some(arn(id)))
        }
    }
}

/// Returns true for an id such as `1234abcd-12ab-34cd-56ef-1234567890ab`, or `mrk-` and 32 digits.
fn is_key_id(id: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    match id.strip_prefix("mrk-") {
        Some(digits) => digits.len() == 32 && is_hex(digits),
        None => lengths == [8, 4, 4, 4, 12] && id.split('-').all(is_hex),
    }
}

pub(super) fn describe(
    efs: &Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let [size, marker] = Words::Marker.parameters();
    refuse_other_query(input, &[size, marker, "FileSystemId", "CreationToken"])?;
    let token = input.query.get("CreationToken");
    let named = match input.query.get("FileSystemId") {
        Some(_) if token.is_some() => {
            return Err(bad_request(
                "FileSystemId and CreationToken exclude each other",
            ));
        }
        Some(id) => Some(efs.file_system(id)?.id()),
        None => None,
    };
    let chosen = efs.file_systems.values().filter(|file_system| {
        named.is_none_or(|id| file_system.id == id)
            && token.is_none_or(|token| file_system.creation.creation_token == *token)
    });
    let items = chosen.map(|chosen| (chosen.id.clone(), chosen.description(efs, context)));
    paging::reply(input, Words::Marker, "FileSystems", items)
}

pub(super) fn delete(
    efs: &mut Efs,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let id = efs.file_system(input.segment(1)?)?.id().to_owned();
    // A mount target that is still being deleted also prevents the deletion.
    if efs.mount_targets_of(&id).next().is_some() {
        let message = format!("File system '{id}' has mount targets. Delete them first.");
        return Err(ServiceError::new(Code::FileSystemInUse, message));
    }
    let gone_at = context.now + context.duration(Step::FileSystemDeleted);
    efs.file_system_mut(&id)?.life_cycle.delete(gone_at);
    Ok(Reply::empty().status(204))
}
