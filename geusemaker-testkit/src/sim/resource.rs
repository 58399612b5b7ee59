//! What exists in an account, as a person would list it.

use serde::{Deserialize, Serialize};

/// Something that exists in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resource {
    /// In CloudFormation's words without the vendor: `EC2::Instance`.
    pub kind: String,
    /// The id or ARN by which AWS knows it.
    pub id: String,
}

/// A resource and its state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ResourceState {
    /// What it is.
    pub resource: Resource,
    /// Its state in the service's own word: `shutting-down`, `InProgress`.
    pub state: String,
}

impl Resource {
    pub(crate) fn new(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
        }
    }

    pub(crate) fn in_state(self, state: impl Into<String>) -> ResourceState {
        ResourceState {
            resource: self,
            state: state.into(),
        }
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

impl std::fmt::Display for ResourceState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.resource, self.state)
    }
}
