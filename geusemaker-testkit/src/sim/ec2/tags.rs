//! Tags of all resources with an id.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::resource_kind::ResourceKind;
use super::selection::{Described, Field, Selection};
use super::{Code, Ec2};
use crate::sim::context::RequestContext;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// AWS's limit for one resource.
const MOST_TAGS: usize = 50;

/// The tags of one resource.
pub(crate) type TagSet = BTreeMap<String, String>;

/// The tags of all resources, by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tags(BTreeMap<String, TagSet>);

/// The `TagSpecification` parameters of a call: tags by the kind of resource that they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TagSpecifications(BTreeMap<String, TagSet>);

impl Tags {
    /// Returns the tags of a resource as its description shows them.
    pub(crate) fn element(&self, id: &str) -> Element {
        let tags = self.0.get(id).into_iter().flatten();
        let items =
            tags.map(|(key, value)| Element::new("item").with("key", key).with("value", value));
        Element::list("tagSet", "item", items)
    }

    /// Returns the same for kinds whose description omits the member for tags if there are none.
    pub(crate) fn element_if_any(&self, id: &str) -> Option<Element> {
        let has_any = self.0.get(id).is_some_and(|tags| !tags.is_empty());
        has_any.then(|| self.element(id))
    }

    pub(crate) fn value(&self, id: &str, key: &str) -> Option<String> {
        self.0.get(id)?.get(key).cloned()
    }

    pub(crate) fn keys(&self, id: &str) -> Vec<String> {
        self.0
            .get(id)
            .map_or_else(Vec::new, |tags| tags.keys().cloned().collect())
    }

    /// Adds tags to a resource that was just created.
    pub(crate) fn attach(&mut self, id: &str, tags: TagSet) {
        if !tags.is_empty() {
            self.0.insert(id.to_owned(), tags);
        }
    }

    /// Removes the tags of a resource that is gone.
    pub(crate) fn remove(&mut self, id: &str) {
        self.0.remove(id);
    }
}

impl TagSpecifications {
    /// Reads the parameters. Tags for kinds that are not listed are refused.
    pub(crate) fn read(params: &mut Params, kinds: &[ResourceKind]) -> Result<Self, ServiceError> {
        Self::read_from(params, "TagSpecification", kinds)
    }

    /// Reads the parameters of an operation that has another name for them.
    pub(crate) fn read_from(
        params: &mut Params,
        name: &str,
        kinds: &[ResourceKind],
    ) -> Result<Self, ServiceError> {
        let mut by_kind = BTreeMap::new();
        for specification in params.structures(name) {
            let kind = params.required(&specification.member("ResourceType"))?;
            if !kinds.iter().any(|known| known.tag_name() == kind) {
                let message =
                    format!("'{kind}' is not a valid taggable resource type for this operation.");
                return Err(ServiceError::new(Code::InvalidParameterValue, message));
            }
            let tags: TagSet = read_tags(params, &specification.member("Tag"))?
                .into_iter()
                .map(|(key, value)| (key, value.unwrap_or_default()))
                .collect();
            if tags.is_empty() {
                return Err(invalid("Tag specification must have at least one tag"));
            }
            if by_kind.insert(kind, tags).is_some() {
                let message = "The same resource type may not be specified more than once in tag specifications";
                return Err(ServiceError::new(Code::InvalidParameterValue, message));
            }
        }
        Ok(Self(by_kind))
    }

    /// Returns true if there are tags for that kind of resource.
    pub(crate) fn has(&self, kind: ResourceKind) -> bool {
        self.0.contains_key(kind.tag_name())
    }

    /// Returns the tags for that kind of resource.
    pub(crate) fn of(&self, kind: ResourceKind) -> TagSet {
        self.0.get(kind.tag_name()).cloned().unwrap_or_default()
    }
}

/// One tag of one resource.
pub(crate) struct TagDescription {
    resource_id: String,
    resource_type: &'static str,
    key: String,
    value: String,
}

impl Described for TagDescription {
    const IDS: Option<&'static str> = None;
    const FIELDS: &'static [Field<Self>] = &[
        ("key", |_, _, tag| vec![tag.key.clone()]),
        ("resource-id", |_, _, tag| vec![tag.resource_id.clone()]),
        ("resource-type", |_, _, tag| {
            vec![tag.resource_type.to_owned()]
        }),
        ("value", |_, _, tag| vec![tag.value.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.resource_id
    }

    fn tag_value(&self, _ec2: &Ec2, key: &str) -> Option<String> {
        (self.key == key).then(|| self.value.clone())
    }

    fn unknown(id: &str) -> ServiceError {
        ServiceError::new(Code::InvalidID, format!("The ID '{id}' is not valid"))
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::<TagDescription>::read(params, "DescribeTags")?;
    let all: Vec<TagDescription> = ec2
        .tags
        .0
        .iter()
        .flat_map(|(id, tags)| tags.iter().map(move |(key, value)| (id, key, value)))
        .filter_map(|(id, key, value)| {
            let kind = ResourceKind::of(id).filter(|kind| ec2.has(*kind, id, context.now))?;
            Some(TagDescription {
                resource_id: id.clone(),
                resource_type: kind.tag_name(),
                key: key.clone(),
                value: value.clone(),
            })
        })
        .collect();
    let page = selection.choose(ec2, context.now, &all)?;
    Ok(page.reply("tagSet", |tag| {
        Element::new("item")
            .with("resourceId", &tag.resource_id)
            .with("resourceType", tag.resource_type)
            .with("key", &tag.key)
            .with("value", &tag.value)
    }))
}

pub(crate) fn create(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let (ids, tags) = read_request(ec2, context.now, params, "CreateTags")?;
    for id in &ids {
        let new = tags.keys().cloned();
        let keys: std::collections::BTreeSet<_> =
            ec2.tags.keys(id).into_iter().chain(new).collect();
        if keys.len() > MOST_TAGS {
            return Err(too_many_tags());
        }
    }
    for id in ids {
        let of_resource = ec2.tags.0.entry(id).or_default();
        for (key, value) in &tags {
            of_resource.insert(key.clone(), value.clone().unwrap_or_default());
        }
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

pub(crate) fn delete(
    ec2: &mut Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let (ids, tags) = read_request(ec2, context.now, params, "DeleteTags")?;
    for id in ids {
        let of_resource = ec2.tags.0.entry(id).or_default();
        if tags.is_empty() {
            // A call that names no tag deletes all of them.
            of_resource.clear();
        }
        for (key, value) in &tags {
            // A tag named with a value is deleted only if it has that value.
            if value.is_none() || of_resource.get(key) == value.as_ref() {
                of_resource.remove(key);
            }
        }
    }
    Ok(Reply::xml(Element::new("reply").with("return", true)))
}

type NamedTags = BTreeMap<String, Option<String>>;

fn read_request(
    ec2: &Ec2,
    now: Timestamp,
    params: &mut Params,
    operation: &str,
) -> Result<(Vec<String>, NamedTags), ServiceError> {
    let ids = params.list("ResourceId");
    let tags = read_tags(params, "Tag")?;
    params.refuse_unread(operation)?;
    for id in &ids {
        let kind = ResourceKind::of(id).ok_or_else(|| TagDescription::unknown(id))?;
        if !ec2.has(kind, id, now) {
            return Err(kind.unknown(id));
        }
    }
    Ok((ids, tags))
}

fn read_tags(params: &mut Params, name: &str) -> Result<NamedTags, ServiceError> {
    let mut tags = BTreeMap::new();
    for tag in params.structures(name) {
        let key = params.required(&tag.member("Key"))?;
        let value = params.optional(&tag.member("Value"));
        if key.is_empty() || key.chars().count() > 128 {
            return Err(invalid("Tag key must be between 1 and 128 characters"));
        }
        if key.starts_with("aws:") {
            return Err(invalid(
                "Tag keys starting with 'aws:' are reserved for internal use",
            ));
        }
        if value
            .as_ref()
            .is_some_and(|value| value.chars().count() > 256)
        {
            return Err(invalid(
                "Tag value exceeds the maximum length of 256 characters",
            ));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(invalid(&format!("Duplicate tag key '{key}' specified.")));
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(too_many_tags());
    }
    Ok(tags)
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(Code::InvalidParameterValue, message)
}

fn too_many_tags() -> ServiceError {
    ServiceError::new(Code::TagLimitExceeded, "More than 50 tags specified")
}
