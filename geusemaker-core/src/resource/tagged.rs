//! Resources that carry this program's tags, found without a journal.

use aws_smithy_types::DateTime;
use jiff::Timestamp;
use serde::Serialize;

use super::tags::Owner;
use crate::id::{DeploymentId, ResourceId};
use crate::kind::ResourceKind;
use crate::spec::{Purchase, StackName};
use crate::timestamp;

/// A resource whose tags say that this program created it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TaggedResource {
    /// The stack that the resource was created for.
    pub stack: StackName,
    /// The deployment of that stack.
    pub deployment: DeploymentId,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS.
    pub id: ResourceId,
    /// The `Name` tag; for a resource without tags, that of the resource it belongs to.
    pub name: String,
    /// The creation time, if AWS reports it.
    #[serde(serialize_with = "timestamp::serialize_option")]
    pub since: Option<Timestamp>,
    /// True if AWS is already deleting the resource.
    #[serde(skip)]
    pub(crate) is_going: bool,
    #[serde(skip)]
    pub(crate) billed: Billed,
}

/// The facts on which the price of a resource depends, as far as AWS's description has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Billed {
    /// The type of an instance that runs, and the way in which it was bought.
    pub(crate) instance: Option<(String, Purchase)>,
    pub(crate) public_addresses: u32,
    /// The number of zones in which an interface endpoint is.
    pub(crate) endpoint_zones: u32,
}

impl TaggedResource {
    /// Returns the resource with these tags, or `None` if they are not this program's.
    pub(super) fn read<'a>(
        kind: ResourceKind,
        id: &str,
        tags: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) -> Option<Self> {
        let tags: Vec<_> = tags
            .into_iter()
            .filter_map(|(key, value)| Some((key?, value?)))
            .collect();
        let (owner, name) = Owner::read(&tags)?;
        Some(Self {
            stack: owner.stack,
            deployment: owner.deployment,
            kind,
            id: ResourceId::from_aws(id),
            name: name.to_owned(),
            since: None,
            is_going: false,
            billed: Billed::default(),
        })
    }

    /// Returns the resource of EC2 with these tags, or `None` if they are not this program's.
    pub(super) fn of_ec2(
        kind: ResourceKind,
        id: Option<&str>,
        tags: &[aws_sdk_ec2::types::Tag],
    ) -> Option<Self> {
        let tags = tags.iter().map(|tag| (tag.key(), tag.value()));
        Self::read(kind, id?, tags)
    }

    /// Returns the resource of IAM with these tags, or `None` if they are not this program's.
    pub(super) fn of_iam(
        kind: ResourceKind,
        name: &str,
        tags: &[aws_sdk_iam::types::Tag],
        created: &DateTime,
    ) -> Option<Self> {
        let tags = tags.iter().map(|tag| (Some(tag.key()), Some(tag.value())));
        Some(Self::read(kind, name, tags)?.since(Some(created)))
    }

    pub(super) fn since(mut self, created: Option<&DateTime>) -> Self {
        self.since = created.and_then(|time| {
            let nanoseconds = time.subsec_nanos().try_into().ok()?;
            Timestamp::new(time.secs(), nanoseconds).ok()
        });
        self
    }

    /// Returns a resource without tags that belongs to this one.
    pub(crate) fn dependent(&self, kind: ResourceKind, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: ResourceId::from_aws(id),
            since: None,
            is_going: false,
            billed: Billed::default(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tags: &[(&str, &str)]) -> Option<TaggedResource> {
        let tags = tags.iter().map(|(key, value)| (Some(*key), Some(*value)));
        TaggedResource::read(ResourceKind::Instance, "i-1", tags)
    }

    /// Both tags must have values that this program could have written.
    #[test]
    fn both_tags_identify_owned_resource() {
        let stack = ("geusemaker:stack", "llm");
        let deployment = ("geusemaker:deployment", "0123456789ab");
        let name = ("Name", "llm-0");
        let found = read(&[name, stack, deployment]).unwrap();
        assert_eq!(found.stack.as_str(), "llm");
        assert_eq!(found.deployment.as_str(), "0123456789ab");
        assert_eq!(found.name, "llm-0");
        // A name can be removed or changed by hand; it says nothing about the owner.
        assert_eq!(read(&[stack, deployment]).unwrap().name, "llm");

        for others in [
            &[][..],
            &[name],
            &[name, stack],
            &[name, deployment],
            &[stack, ("geusemaker:deployment", "")],
            &[stack, ("geusemaker:deployment", "production")],
            &[stack, ("geusemaker:deployment", "0123456789AB")],
            &[("geusemaker:stack", "Not A Name"), deployment],
            &[("stack", "llm"), ("deployment", "0123456789ab")],
        ] {
            assert_eq!(read(others), None, "{others:?}");
        }
    }
}
