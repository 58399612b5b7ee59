//! Tags of roles and instance profiles.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::paging::Paging;
use super::{Code, Iam, validation};
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tags(BTreeMap<String, String>);

impl Tags {
    pub(super) fn read(params: &mut Params) -> Result<Self, ServiceError> {
        // The SDK writes an empty list as an empty parameter.
        params.optional("Tags");
        let mut tags = BTreeMap::new();
        for tag in params.structures("Tags.member") {
            let key = params.required(&tag.member("Key"))?;
            let value = params.optional(&tag.member("Value")).unwrap_or_default();
            check(&key, &value)?;
            // The IAM user guide: keys are not distinguished by case.
            if tags.keys().any(|other: &String| is_same_key(other, &key)) {
                let message =
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
                return Err(ServiceError::new(Code::InvalidInput, message));
            }
            tags.insert(key, value);
        }
        let tags = Self(tags);
        tags.refuse_too_many()?;
        Ok(tags)
    }

    /// Returns the list, unless it is empty.
    pub(super) fn element(&self) -> Option<Element> {
        let tags = self.0.iter().map(|(key, value)| tag(key, value));
        (!self.0.is_empty()).then(|| Element::list("Tags", "member", tags))
    }

    fn add(&mut self, added: Self) -> Result<(), ServiceError> {
        let mut tags = self.clone();
        for (key, value) in added.0 {
            tags.0.retain(|other, _| !is_same_key(other, &key));
            tags.0.insert(key, value);
        }
        tags.refuse_too_many()?;
        *self = tags;
        Ok(())
    }

    fn remove(&mut self, keys: &BTreeSet<String>) {
        self.0
            .retain(|key, _| !keys.iter().any(|other| is_same_key(other, key)));
    }

    fn refuse_too_many(&self) -> Result<(), ServiceError> {
        if self.0.len() > 50 {
            let message = "The number of tags has reached the maximum limit.";
            return Err(ServiceError::new(Code::LimitExceeded, message));
        }
        Ok(())
    }
}

pub(super) fn list_of_role(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let paging = Paging::read(params)?;
    params.refuse_unread("ListRoleTags")?;
    Ok(reply(&iam.role(&name)?.tags, paging))
}

pub(super) fn list_of_profile(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::profile_name(params)?;
    let paging = Paging::read(params)?;
    params.refuse_unread("ListInstanceProfileTags")?;
    Ok(reply(&iam.instance_profile(&name)?.tags, paging))
}

pub(super) fn tag_role(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let added = Tags::read(params)?;
    params.refuse_unread("TagRole")?;
    iam.role_mut(&name)?.tags.add(added)?;
    Ok(Reply::empty())
}

pub(super) fn tag_profile(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::profile_name(params)?;
    let added = Tags::read(params)?;
    params.refuse_unread("TagInstanceProfile")?;
    iam.instance_profile_mut(&name)?.tags.add(added)?;
    Ok(Reply::empty())
}

pub(super) fn untag_role(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let keys = read_keys(params);
    params.refuse_unread("UntagRole")?;
    iam.role_mut(&name)?.tags.remove(&keys);
    Ok(Reply::empty())
}

pub(super) fn untag_profile(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::profile_name(params)?;
    let keys = read_keys(params);
    params.refuse_unread("UntagInstanceProfile")?;
    iam.instance_profile_mut(&name)?.tags.remove(&keys);
    Ok(Reply::empty())
}

fn read_keys(params: &mut Params) -> BTreeSet<String> {
    params.optional("TagKeys");
    params.list("TagKeys.member").into_iter().collect()
}

fn reply(tags: &Tags, paging: Paging) -> Reply {
    let tags = tags.0.iter();
    paging.reply(
        "Tags",
        tags.map(|(key, value)| (key.as_str(), tag(key, value))),
    )
}

fn tag(key: &str, value: &str) -> Element {
    Element::new("tag").with("Key", key).with("Value", value)
}

fn is_same_key(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Refuses a tag beyond the IAM model's limits.
fn check(key: &str, value: &str) -> Result<(), ServiceError> {
    if key.to_ascii_lowercase().starts_with("aws:") {
        let message = "Can not add or delete a system tag key.";
        return Err(ServiceError::new(Code::InvalidInput, message));
    }
    let is_allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    let pattern = "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]";
    if key.is_empty() || !key.chars().all(is_allowed) {
        return Err(validation::failed("tags.member.key", key, pattern));
    }
    if !value.chars().all(is_allowed) {
        return Err(validation::failed("tags.member.value", value, pattern));
    }
    validation::bounded("tags.member.key", key, 128)?;
    validation::bounded("tags.member.value", value, 256)
}
