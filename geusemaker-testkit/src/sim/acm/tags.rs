//! Tags of certificates.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Acm, Code};
use crate::sim::context::RequestContext;
use crate::wire::aws_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    value: Option<String>,
}

/// The tags of a certificate, by key.
pub(super) type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ChangeRequest {
    certificate_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    certificate_arn: String,
}

pub(super) fn add(
    acm: &mut Acm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: ChangeRequest = input.body()?;
    let certificate = acm.certificate_mut(&request.certificate_arn, context.now)?;
    let mut changed = certificate.tags.clone();
    insert(&mut changed, request.tags)?;
    certificate.tags = changed;
    Ok(Reply::empty())
}

/// Removes tags. One with a value is removed only if it has that value.
pub(super) fn remove(
    acm: &mut Acm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: ChangeRequest = input.body()?;
    let certificate = acm.certificate_mut(&request.certificate_arn, context.now)?;
    certificate.tags.retain(|key, value| {
        let is_meant =
            |tag: &Tag| tag.key == *key && tag.value.as_ref().is_none_or(|meant| meant == value);
        !request.tags.iter().any(is_meant)
    });
    Ok(Reply::empty())
}

pub(super) fn list(
    acm: &Acm,
    context: &RequestContext<'_>,
    input: &Input,
) -> Result<Reply, ServiceError> {
    let request: ListRequest = input.body()?;
    let certificate = acm.certificate(&request.certificate_arn, context.now)?;
    let tags = certificate.tags.iter();
    let tags: Vec<Value> = tags
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    Ok(Reply::json(json!({ "Tags": tags })))
}

/// Adds tags within the limits of the model.
pub(super) fn insert(tags: &mut Tags, added: Vec<Tag>) -> Result<(), ServiceError> {
    for Tag { key, value } in added {
        let value = value.unwrap_or_default();
        let is_allowed =
            |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        let is_reserved = key.to_ascii_lowercase().starts_with("aws:");
        if !fits || is_reserved || !key.chars().chain(value.chars()).all(is_allowed) {
            let message = format!("The tag key '{key}' or its value is not valid or reserved.");
            return Err(ServiceError::new(Code::InvalidTagException, message));
        }
        tags.insert(key, value);
    }
    if tags.len() > 50 {
        let message = "The certificate has more than 50 tags.";
        return Err(ServiceError::new(Code::TooManyTagsException, message));
    }
    Ok(())
}
