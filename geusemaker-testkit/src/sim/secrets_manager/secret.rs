//! Secrets: their names, their settings and their versions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::deletion::Deletion;
use super::tags::{self, Tag, Tags};
use super::value::{CURRENT, SecretValue, Version};
use super::{Code, SecretsManager, invalid, seconds};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    kms_key: Option<String>,
    created_at: Timestamp,
    pub(super) changed_at: Timestamp,
    pub(super) deletion: Option<Deletion>,
    /// By id.
    pub(super) versions: BTreeMap<String, Version>,
    pub(super) tags: Tags,
}

impl Secret {
    pub(super) fn has_id(&self, id: &str) -> bool {
        // The end is a hyphen and six characters.
        let partial = self.arn.len().saturating_sub(7);
        id == self.name || id == self.arn || self.arn.get(..partial) == Some(id)
    }

    /// Returns the parts that all descriptions have.
    pub(super) fn described(&self) -> Value {
        let mut stages = serde_json::Map::new();
        for (id, version) in &self.versions {
            if !version.stages.is_empty() {
                stages.insert(id.clone(), json!(version.stages));
            }
        }
        let mut described = json!({
            "ARN": self.arn,
            "Name": self.name,
            "CreatedDate": seconds(self.created_at),
            "LastChangedDate": seconds(self.changed_at),
            "Tags": tags::listed(&self.tags),
            "VersionIdsToStages": stages,
        });
        if let Some(description) = &self.description {
            described["Description"] = description.clone().into();
        }
        if let Some(key) = &self.kms_key {
            described["KmsKeyId"] = key.clone().into();
        }
        if let Some(deletion) = &self.deletion {
            described["DeletedDate"] = seconds(deletion.asked_at).into();
        }
        described
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_binary: Option<String>,
    secret_string: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn create(
    secrets: &mut SecretsManager,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: CreateRequest = input.body()?;
    check_name(&request.name)?;
    check_description(request.description.as_deref())?;
    let value = SecretValue::read(request.secret_string, request.secret_binary)?;
    let token = Version::id(request.client_request_token, context)?;
    let present = secrets.present(context.now);
    let old = present
        .into_iter()
        .find(|secret| secret.name == request.name);
    if let Some(old) = old {
        if old.is_deleted() {
            let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
            return Err(ServiceError::new(Code::InvalidRequestException, message));
        }
        let made = old.versions.get(&token);
        if made.is_some_and(|version| Some(&version.value) == value.as_ref()) {
            return Ok(named(old, Some(&token)));
        }
        let message = format!(
            "The operation failed because the secret {} already exists.",
            request.name
        );
        return Err(ServiceError::new(Code::ResourceExistsException, message));
    }
    let count = secrets.present(context.now).count();
    context.quotas.admit(Quota::Secrets, count + 1)?;
    let mut secret = Secret {
        arn: format!(
            "arn:{}:secretsmanager:{}:{}:secret:{}-{}",
            context.partition(),
            context.region,
            context.account_id,
            request.name,
            context.rng.alphanumeric(6)
        ),
        name: request.name,
        description: request.description,
        kms_key: request.kms_key_id,
        created_at: context.now,
        changed_at: context.now,
        deletion: None,
        versions: BTreeMap::new(),
        tags: Tags::new(),
    };
    tags::insert(&mut secret.tags, request.tags)?;
    let has_value = value.is_some();
    if let Some(value) = value {
        secret.add_version(&token, value, &[CURRENT.to_owned()], context.now)?;
    }
    let reply = named(&secret, has_value.then_some(token.as_str()));
    secrets.secrets.insert(secret.name.clone(), secret);
    Ok(reply)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRequest {
    secret_id: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_binary: Option<String>,
    secret_string: Option<String>,
}

pub(super) fn update(
    secrets: &mut SecretsManager,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: UpdateRequest = input.body()?;
    check_description(request.description.as_deref())?;
    let value = SecretValue::read(request.secret_string, request.secret_binary)?;
    let token = Version::id(request.client_request_token, context)?;
    let secret = secrets.secret_mut(&request.secret_id, context.now)?;
    let has_value = value.is_some();
    if let Some(value) = value {
        secret.add_version(&token, value, &[CURRENT.to_owned()], context.now)?;
    }
    if request.description.is_some() {
        secret.description = request.description;
    }
    if request.kms_key_id.is_some() {
        secret.kms_key = request.kms_key_id;
    }
    secret.changed_at = context.now;
    Ok(named(secret, has_value.then_some(token.as_str())))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRequest {
    secret_id: String,
}

pub(super) fn describe(
    secrets: &SecretsManager,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: DescribeRequest = input.body()?;
    let secret = secrets.secret(&request.secret_id, context.now)?;
    Ok(Reply::json(secret.described()))
}

/// Returns the answer that names a secret, and a version of it.
fn named(secret: &Secret, version: Option<&str>) -> Reply {
    let mut body = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(version) = version {
        body["VersionId"] = version.into();
    }
    Reply::json(body)
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    if name.is_empty() || !name.chars().all(is_allowed) {
        return Err(invalid(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ));
    }
    if name.len() > 512 {
        return Err(invalid(
            "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have length less than or equal to 512",
        ));
    }
    Ok(())
}

fn check_description(description: Option<&str>) -> Result<(), ServiceError> {
    if description.is_some_and(|text| text.chars().count() > 2048) {
        return Err(invalid(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 2048",
        ));
    }
    Ok(())
}
