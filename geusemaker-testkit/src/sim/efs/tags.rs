//! Tags of file systems and access points, by the newer operations and by those that they have replaced.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::paging::{self, Words};
use super::{Efs, bad_request, refuse_other_query};
use crate::wire::rest_json::Input;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// The body of TagResource and CreateTags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Added {
    tags: Vec<Tag>,
}

/// The body of DeleteTags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Removed {
    tag_keys: Vec<String>,
}

pub(super) fn list(efs: &Efs, input: &Input) -> Result<Reply, ServiceError> {
    reply(efs, input, Words::Token)
}

pub(super) fn add(efs: &mut Efs, input: &Input) -> Result<Reply, ServiceError> {
    insert(efs, input)?;
    Ok(Reply::json(json!({})))
}

pub(super) fn remove(efs: &mut Efs, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &["tagKeys"])?;
    delete(efs, input, &input.query_values("tagKeys"))?;
    Ok(Reply::json(json!({})))
}

/// Answers DescribeTags, which ListTagsForResource has replaced.
pub(super) fn list_of_file_system(efs: &Efs, input: &Input) -> Result<Reply, ServiceError> {
    efs.file_system(input.segment(1)?)?;
    reply(efs, input, Words::Marker)
}

/// Answers CreateTags, which TagResource has replaced.
pub(super) fn add_to_file_system(efs: &mut Efs, input: &Input) -> Result<Reply, ServiceError> {
    efs.file_system(input.segment(1)?)?;
    insert(efs, input)?;
    Ok(Reply::empty().status(204))
}

/// Answers DeleteTags, which UntagResource has replaced.
pub(super) fn remove_from_file_system(efs: &mut Efs, input: &Input) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &[])?;
    efs.file_system(input.segment(1)?)?;
    let Removed { tag_keys } = input.body()?;
    delete(efs, input, &tag_keys)?;
    Ok(Reply::empty().status(204))
}

/// Checks the EFS model's limits, for the tags of one call.
pub(super) fn check(tags: &[Tag]) -> Result<(), ServiceError> {
    let mut keys: Vec<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(bad_request("a tag key must not be given twice"));
    }
    for Tag { key, value } in tags {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(bad_request(format!(
                "the tag key '{key}' begins with aws:, which is reserved"
            )));
        }
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(bad_request(format!(
                "the tag key '{key}' must have 1 to 128 characters, and its value at most 256"
            )));
        }
    }
    refuse_too_many(tags)
}

fn refuse_too_many(tags: &[Tag]) -> Result<(), ServiceError> {
    if tags.len() > 50 {
        return Err(bad_request("a resource has at most 50 tags"));
    }
    Ok(())
}

fn reply(efs: &Efs, input: &Input, words: Words) -> Result<Reply, ServiceError> {
    refuse_other_query(input, &words.parameters())?;
    let mut tags = efs.tags(input.segment(1)?)?.to_vec();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    let tags = tags.iter().map(|tag| (tag.key.clone(), json!(tag)));
    paging::reply(input, words, "Tags", tags)
}

fn insert(efs: &mut Efs, input: &Input) -> Result<(), ServiceError> {
    refuse_other_query(input, &[])?;
    let Added { tags: added } = input.body()?;
    check(&added)?;
    let tags = efs.tags_mut(input.segment(1)?)?;
    let mut new = tags.clone();
    new.retain(|old| !added.iter().any(|tag| tag.key == old.key));
    new.extend(added);
    refuse_too_many(&new)?;
    *tags = new;
    Ok(())
}

fn delete(efs: &mut Efs, input: &Input, keys: &[String]) -> Result<(), ServiceError> {
    if !(1..=50).contains(&keys.len()) {
        return Err(bad_request("1 to 50 tag keys must be given"));
    }
    let tags = efs.tags_mut(input.segment(1)?)?;
    tags.retain(|tag| !keys.contains(&tag.key));
    Ok(())
}
