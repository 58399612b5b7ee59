//! The values of secrets: versions, and the labels that say which is current.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::secret::Secret;
use super::{Code, SecretsManager, invalid, seconds};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

/// The label of the version that is meant unless another is named, and that of the one before.
pub(super) const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// The most bytes of a value.
const LONGEST: usize = 65_536;

/// The number of versions from which those without labels are removed.
const MOST_VERSIONS: usize = 100;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) value: SecretValue,
    pub(super) stages: BTreeSet<String>,
    created_at: Timestamp,
}

/// A text, or bytes in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SecretValue {
    Binary(String),
    Text(String),
}

impl SecretValue {
    /// Reads the value of a request; returns `None` if it has none.
    pub(super) fn read(
        text: Option<String>,
        binary: Option<String>,
    ) -> Result<Option<Self>, ServiceError> {
        let (member, length, value) = match (text, binary) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let message = "You can't specify both a binary secret value and a string secret value in the same secret.";
                return Err(ServiceError::new(Code::InvalidParameterException, message));
            }
            (Some(text), None) => ("secretString", text.len(), Self::Text(text)),
            (None, Some(binary)) => {
                let bytes = STANDARD.decode(&binary);
                let bytes = bytes.map_err(|_| invalid("SecretBinary must be base64."))?;
                ("secretBinary", bytes.len(), Self::Binary(binary))
            }
        };
        if !(1..=LONGEST).contains(&length) {
            return Err(invalid(format!(
                "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length between 1 and {LONGEST}"
            )));
        }
        Ok(Some(value))
    }
}

impl Version {
    /// Returns the id of a new version: the token of its request, or a new one.
    pub(super) fn id(
        token: Option<String>,
        context: &mut RequestContext<'_>,
    ) -> Result<String, ServiceError> {
        match token {
            Some(token) if (32..=64).contains(&token.len()) => Ok(token),
            Some(_) => Err(invalid(
                "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length between 32 and 64",
            )),
            None => Ok(context.rng.uuid()),
        }
    }
}

impl Secret {
    /// Adds a version with these labels, which other versions lose. The same request again changes nothing.
    pub(super) fn add_version(
        &mut self,
        id: &str,
        value: SecretValue,
        stages: &[String],
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        if let Some(version) = self.versions.get(id) {
            if version.value == value {
                return Ok(());
            }
            let message = format!(
                "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {}.",
                self.arn
            );
            return Err(ServiceError::new(Code::ResourceExistsException, message));
        }
        // A first version is the current one, whatever its labels are.
        let mut stages: BTreeSet<String> = stages.iter().cloned().collect();
        if self.versions.is_empty() {
            stages.insert(CURRENT.to_owned());
        }
        let was_current = |version: &Version| version.stages.contains(CURRENT);
        let is_current = stages.contains(CURRENT);
        let current = self
            .versions
            .iter()
            .find(|(_, version)| was_current(version));
        let current = current.map(|(id, _)| id.clone()).filter(|_| is_current);
        for version in self.versions.values_mut() {
            version.stages.retain(|stage| !stages.contains(stage));
            if current.is_some() {
                version.stages.remove(PREVIOUS);
            }
        }
        if let Some(version) = current.and_then(|id| self.versions.get_mut(&id)) {
            version.stages.insert(PREVIOUS.to_owned());
        }
        let version = Version {
            value,
            stages,
            created_at: now,
        };
        self.versions.insert(id.to_owned(), version);
        self.changed_at = now;
        while self.versions.len() > MOST_VERSIONS {
            let unused = self.versions.iter().filter(|(_, it)| it.stages.is_empty());
            let oldest = unused.min_by_key(|(_, version)| version.created_at);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                break;
            };
            self.versions.remove(&oldest);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRequest {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

pub(super) fn get(
    secrets: &SecretsManager,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: GetRequest = input.body()?;
    let secret = secrets.usable(&request.secret_id, context.now)?;
    let stage = match (&request.version_id, request.version_stage) {
        (None, None) => Some(CURRENT.to_owned()),
        (_, stage) => stage,
    };
    let is_meant = |(id, version): &(&String, &Version)| {
        let stages = &version.stages;
        request.version_id.as_ref().is_none_or(|meant| meant == *id)
            && stage.as_ref().is_none_or(|meant| stages.contains(meant))
    };
    let Some((id, version)) = secret.versions.iter().find(is_meant) else {
        let what = match (request.version_id, stage) {
            (Some(id), _) => format!("VersionId: {id}"),
            (None, stage) => format!("staging label: {}", stage.unwrap_or_default()),
        };
        let message = format!("Secrets Manager can't find the specified secret value for {what}");
        return Err(ServiceError::new(Code::ResourceNotFoundException, message));
    };
    let mut body = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": id,
        "VersionStages": version.stages,
        "CreatedDate": seconds(version.created_at),
    });
    match &version.value {
        SecretValue::Text(text) => body["SecretString"] = text.clone().into(),
        SecretValue::Binary(binary) => body["SecretBinary"] = binary.clone().into(),
    }
    Ok(Reply::json(body))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRequest {
    secret_id: String,
    client_request_token: Option<String>,
    secret_binary: Option<String>,
    secret_string: Option<String>,
    version_stages: Option<Vec<String>>,
}

pub(super) fn put(
    secrets: &mut SecretsManager,
    context: &mut RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: PutRequest = input.body()?;
    let Some(value) = SecretValue::read(request.secret_string, request.secret_binary)? else {
        let message = "You must provide either SecretString or SecretBinary.";
        return Err(ServiceError::new(Code::InvalidRequestException, message));
    };
    let stages = request
        .version_stages
        .unwrap_or_else(|| vec![CURRENT.to_owned()]);
    if !(1..=20).contains(&stages.len()) {
        return Err(invalid(
            "1 validation error detected: Value at 'versionStages' failed to satisfy constraint: Member must have length between 1 and 20",
        ));
    }
    let id = Version::id(request.client_request_token, context)?;
    let secret = secrets.secret_mut(&request.secret_id, context.now)?;
    secret.add_version(&id, value, &stages, context.now)?;
    let stages = secret.versions.get(&id).map(|version| &version.stages);
    Ok(Reply::json(json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": id,
        "VersionStages": stages,
    })))
}
