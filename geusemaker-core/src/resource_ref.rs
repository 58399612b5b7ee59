//! A resource, by its name in the journal and its id in AWS.

use serde::Serialize;

use crate::id::ResourceId;
use crate::kind::ResourceKind;
use crate::resource_key::ResourceKey;

/// A resource, by its name in the journal and its id in AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResourceRef {
    /// The resource's name in the journal, or its `Name` tag if no journal knows it.
    pub key: ResourceKey,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource's id in AWS.
    pub id: ResourceId,
}
