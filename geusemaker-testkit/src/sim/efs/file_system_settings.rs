//! The settings of a file system that can be changed: throughput, protection, storage classes, backups and policy.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::file_system::{FileSystem, ThroughputMode, check_throughput};
use super::life_cycle::LifeCycleState;
use super::{Code, Efs, bad_request, refuse_other_query};
use crate::sim::context::RequestContext;
use crate::sim::timings::Step;
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

const AGES: [&str; 9] = [
    "AFTER_1_DAY",
    "AFTER_7_DAYS",
    "AFTER_14_DAYS",
    "AFTER_30_DAYS",
    "AFTER_60_DAYS",
    "AFTER_90_DAYS",
    "AFTER_180_DAYS",
    "AFTER_270_DAYS",
    "AFTER_365_DAYS",
];

/// The body of UpdateFileSystem.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Update {
    throughput_mode: Option<ThroughputMode>,
    provisioned_throughput_in_mibps: Option<f64>,
}

pub(super) fn update(
    efs: &mut Efs,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let update: Update = input.body()?;
    let mut file_system = efs.file_system(input.segment(1)?)?.clone();
    file_system.require(LifeCycleState::Available, context.now)?;
    let old_mode = file_system.creation.throughput_mode;
    let mode = update.throughput_mode.unwrap_or(old_mode);
    let old_amount = file_system.creation.provisioned_throughput_in_mibps;
    let amount = match mode {
        ThroughputMode::Provisioned => update.provisioned_throughput_in_mibps.or(old_amount),
        ThroughputMode::Bursting | ThroughputMode::Elastic => {
            update.provisioned_throughput_in_mibps
        }
    };
    file_system.creation.throughput_mode = mode;
    file_system.creation.provisioned_throughput_in_mibps = amount;
    check_throughput(&file_system.creation)?;
    let is_decrease = matches!((old_amount, amount), (Some(old), Some(new)) if new < old);
    if mode != old_mode || is_decrease {
        let day = Duration::from_secs(24 * 60 * 60);
        let last = file_system.throughput_changed_at;
        if last.is_some_and(|last| context.now < last + day) {
            // The EFS model: after such a change, the next one has to wait for a day.
            let message = "You must wait at least 24 hours before changing the throughput mode or decreasing the \
                           provisioned throughput of the file system.";
            return Err(ServiceError::new(Code::TooManyRequests, message));
        }
        file_system.throughput_changed_at = Some(context.now);
    }
    let updated_at = context.now + context.duration(Step::FileSystemUpdated);
    file_system.life_cycle.update(updated_at);
    let description = file_system.description(efs, context);
    efs.file_systems
        .insert(file_system.id().to_owned(), file_system);
    Ok(Reply::json(description).status(202))
}

/// Protection against a replication that overwrites the file system. No replications are simulated, so it is only
/// shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum OverwriteProtection {
    #[default]
    Enabled,
    Disabled,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ProtectionUpdate {
    replication_overwrite_protection: Option<OverwriteProtection>,
}

pub(super) fn update_protection(
    efs: &mut Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let update: ProtectionUpdate = input.body()?;
    let file_system = available(efs, context, input)?;
    if let Some(protection) = update.replication_overwrite_protection {
        file_system.protection = protection;
    }
    Ok(Reply::json(json!({
        "ReplicationOverwriteProtection": file_system.protection,
    })))
}

/// A time at which files move to another storage class: one member for each class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LifecyclePolicy {
    #[serde(rename = "TransitionToIA", skip_serializing_if = "Option::is_none")]
    transition_to_ia: Option<String>,
    #[serde(
        rename = "TransitionToPrimaryStorageClass",
        skip_serializing_if = "Option::is_none"
    )]
    transition_to_primary_storage_class: Option<String>,
    #[serde(
        rename = "TransitionToArchive",
        skip_serializing_if = "Option::is_none"
    )]
    transition_to_archive: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LifecycleConfiguration {
    lifecycle_policies: Vec<LifecyclePolicy>,
}

pub(super) fn put_lifecycle_configuration(
    efs: &mut Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let LifecycleConfiguration { lifecycle_policies } = input.body()?;
    let file_system = available(efs, context, input)?;
    check_policies(&lifecycle_policies)?;
    file_system.lifecycle_policies = lifecycle_policies;
    Ok(lifecycle_configuration(file_system))
}

fn check_policies(policies: &[LifecyclePolicy]) -> Result<(), ServiceError> {
    let mut seen = Vec::new();
    for policy in policies {
        let transitions = [
            ("TransitionToIA", &policy.transition_to_ia, &AGES[..]),
            (
                "TransitionToPrimaryStorageClass",
                &policy.transition_to_primary_storage_class,
                &["AFTER_1_ACCESS"],
            ),
            (
                "TransitionToArchive",
                &policy.transition_to_archive,
                &AGES[..],
            ),
        ];
        let mut given = transitions
            .into_iter()
            .filter_map(|(name, value, known)| Some((name, value.as_ref()?, known)));
        // The EFS model: each object has one transition, and each transition is in one object.
        let (Some((name, value, known)), None) = (given.next(), given.next()) else {
            return Err(bad_request(
                "each LifecyclePolicy must have exactly one transition",
            ));
        };
        if !known.contains(&value.as_str()) {
            return Err(bad_request(format!("{name} does not take '{value}'")));
        }
        if seen.contains(&name) {
            return Err(bad_request(format!("{name} must not be given twice")));
        }
        seen.push(name);
    }
    Ok(())
}

pub(super) fn describe_lifecycle_configuration(
    efs: &Efs,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    Ok(lifecycle_configuration(efs.file_system(input.segment(1)?)?))
}

fn lifecycle_configuration(file_system: &FileSystem) -> Reply {
    Reply::json(json!({ "LifecyclePolicies": file_system.lifecycle_policies }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BackupUpdate {
    backup_policy: BackupPolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BackupPolicy {
    status: BackupStatus,
}

/// The status of backups. A caller may also name the intermediate states, which mean the states that they lead to.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum BackupStatus {
    Enabled,
    Enabling,
    Disabled,
    Disabling,
}

pub(super) fn put_backup_policy(
    efs: &mut Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let BackupUpdate { backup_policy } = input.body()?;
    let file_system = available(efs, context, input)?;
    let is_wanted = match backup_policy.status {
        BackupStatus::Enabled | BackupStatus::Enabling => true,
        BackupStatus::Disabled | BackupStatus::Disabling => false,
    };
    let is_change = file_system.creation.has_backup() != is_wanted;
    file_system.creation.backup = Some(is_wanted);
    let status = match (is_wanted, is_change) {
        (true, true) => "ENABLING",
        (true, false) => "ENABLED",
        (false, true) => "DISABLING",
        (false, false) => "DISABLED",
    };
    Ok(Reply::json(backup(status)))
}

pub(super) fn describe_backup_policy(efs: &Efs, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let file_system = efs.file_system(input.segment(1)?)?;
    let status = if file_system.creation.has_backup() {
        "ENABLED"
    } else {
        "DISABLED"
    };
    Ok(Reply::json(backup(status)))
}

fn backup(status: &str) -> Value {
    json!({ "BackupPolicy": { "Status": status } })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PolicyUpdate {
    policy: String,
    /// True if the caller may lock itself out. Policies have no effect here, so that never happens.
    #[serde(default, rename = "BypassPolicyLockoutSafetyCheck")]
    _bypass: bool,
}

pub(super) fn put_policy(
    efs: &mut Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let update: PolicyUpdate = input.body()?;
    let file_system = available(efs, context, input)?;
    let is_document = serde_json::from_str::<Value>(&update.policy)
        .is_ok_and(|policy| policy.get("Statement").is_some());
    if !is_document || update.policy.len() > 20_000 {
        let message = "The policy is not a policy document, or has more than 20000 characters.";
        return Err(ServiceError::new(Code::InvalidPolicyException, message));
    }
    file_system.policy = Some(update.policy);
    policy(file_system)
}

pub(super) fn describe_policy(efs: &Efs, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    policy(efs.file_system(input.segment(1)?)?)
}

fn policy(file_system: &FileSystem) -> Result<Reply, ServiceError> {
    let id = file_system.id();
    let policy = file_system.policy.as_ref().ok_or_else(|| {
        let message = format!("File system '{id}' has no policy.");
        ServiceError::new(Code::PolicyNotFound, message)
    })?;
    Ok(Reply::json(json!({ "FileSystemId": id, "Policy": policy })))
}

pub(super) fn delete_policy(
    efs: &mut Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    available(efs, context, input)?.policy = None;
    Ok(Reply::empty())
}

/// Returns the file system that the path names, which has to be available.
fn available<'a>(
    efs: &'a mut Efs,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<&'a mut FileSystem, ServiceError> {
    let file_system = efs.file_system_mut(input.segment(1)?)?;
    file_system.require(LifeCycleState::Available, context.now)?;
    Ok(file_system)
}
