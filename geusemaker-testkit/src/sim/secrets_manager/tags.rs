//! Tags of secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Code, SecretsManager};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// The tags of a secret, by key.
pub(super) type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddRequest {
    secret_id: String,
    tags: Vec<Tag>,
}

pub(super) fn add(
    secrets: &mut SecretsManager,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: AddRequest = input.body()?;
    let secret = secrets.secret_mut(&request.secret_id, context.now)?;
    let mut changed = secret.tags.clone();
    insert(&mut changed, request.tags)?;
    secret.tags = changed;
    Ok(Reply::empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RemoveRequest {
    secret_id: String,
    tag_keys: Vec<String>,
}

pub(super) fn remove(
    secrets: &mut SecretsManager,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: RemoveRequest = input.body()?;
    let secret = secrets.secret_mut(&request.secret_id, context.now)?;
    secret.tags.retain(|key, _| !request.tag_keys.contains(key));
    Ok(Reply::empty())
}

/// Adds tags within the limits of the model.
pub(super) fn insert(tags: &mut Tags, added: Vec<Tag>) -> Result<(), ServiceError> {
    let wrong = |message: String| Err(ServiceError::new(Code::InvalidParameterException, message));
    for Tag { key, value } in added {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return wrong(format!(
                "The tag key {key} begins with aws:, which is reserved."
            ));
        }
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return wrong(format!(
                "The tag key {key} must have 1 to 128 characters, and its value at most 256."
            ));
        }
        tags.insert(key, value);
    }
    if tags.len() > 50 {
        return wrong("A secret can have at most 50 tags.".to_owned());
    }
    Ok(())
}

/// Returns tags as descriptions have them.
pub(super) fn listed(tags: &Tags) -> Vec<Value> {
    let tags = tags.iter();
    tags.map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}
