//! Tags of file systems.

use serde::{Deserialize, Serialize};

use super::{Efs, refuse_other_query};
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagResource {
    tags: Vec<Tag>,
}

pub(super) fn list(efs: &Efs, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    let tags = efs.file_system(resource_id(input)?)?.tags();
    Ok(Reply::json(serde_json::json!({ "Tags": tags })))
}

pub(super) fn add(efs: &mut Efs, input: &Input) -> Result<Reply, ServiceError> {
    let TagResource { tags } = input.body()?;
    let id = resource_id(input)?;
    efs.file_system(id)?;
    if let Some(file_system) = efs.file_systems.get_mut(id) {
        for tag in tags {
            file_system.tags_mut().retain(|old| old.key != tag.key);
            file_system.tags_mut().push(tag);
        }
    }
    Ok(Reply::json(serde_json::json!({})))
}

/// A resource is named by its id or its ARN, which ends in the id.
fn resource_id(input: &Input) -> Result<&str, ServiceError> {
    let resource = input.segment(1)?;
    Ok(resource.rsplit('/').next().unwrap_or(resource))
}
