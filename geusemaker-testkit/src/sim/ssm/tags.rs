//! Tags of parameters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Code, Ssm, invalid};
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// The tags of a parameter, by key.
pub(super) type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Resource {
    resource_type: String,
    resource_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddRequest {
    resource_type: String,
    resource_id: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RemoveRequest {
    resource_type: String,
    resource_id: String,
    tag_keys: Vec<String>,
}

pub(super) fn add(ssm: &mut Ssm, input: &Input) -> Result<Reply, ServiceError> {
    let request: AddRequest = input.body()?;
    let tags = find(ssm, &request.resource_type, &request.resource_id)?;
    let mut changed = tags.clone();
    insert(&mut changed, request.tags)?;
    *tags = changed;
    Ok(Reply::empty())
}

pub(super) fn remove(ssm: &mut Ssm, input: &Input) -> Result<Reply, ServiceError> {
    let request: RemoveRequest = input.body()?;
    let tags = find(ssm, &request.resource_type, &request.resource_id)?;
    tags.retain(|key, _| !request.tag_keys.contains(key));
    Ok(Reply::empty())
}

pub(super) fn list(ssm: &mut Ssm, input: &Input) -> Result<Reply, ServiceError> {
    let request: Resource = input.body()?;
    let tags = find(ssm, &request.resource_type, &request.resource_id)?;
    let tags: Vec<_> = tags
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    Ok(Reply::json(json!({ "TagList": tags })))
}

/// Adds tags within the limits of the model.
pub(super) fn insert(tags: &mut Tags, added: Vec<Tag>) -> Result<(), ServiceError> {
    for Tag { key, value } in added {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!(
                "the tag key '{key}' begins with aws:, which is reserved"
            )));
        }
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(invalid(format!(
                "the tag key '{key}' must have 1 to 128 characters, and its value at most 256"
            )));
        }
        tags.insert(key, value);
    }
    if tags.len() > 50 {
        return Err(ServiceError::new(Code::TooManyTagsError, ""));
    }
    Ok(())
}

fn find<'a>(ssm: &'a mut Ssm, kind: &str, id: &str) -> Result<&'a mut Tags, ServiceError> {
    if kind != "Parameter" {
        return Err(ServiceError::unsupported(format_args!(
            "tags of the resource type {kind}"
        )));
    }
    let parameter = ssm.parameters.get_mut(id);
    let tags = parameter.map(super::Parameter::tags_mut);
    tags.ok_or_else(|| ServiceError::new(Code::InvalidResourceId, ""))
}
