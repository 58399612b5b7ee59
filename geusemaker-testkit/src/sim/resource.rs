//! The resources of an account, as a person would list them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A resource of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resource {
    /// The CloudFormation type without the vendor: `EC2::Instance`.
    pub kind: String,
    /// The id or ARN that AWS uses for it.
    pub id: String,
}

/// A resource and its state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ResourceState {
    /// The resource.
    pub resource: Resource,
    /// The state in the service's own term: `shutting-down`, `InProgress`.
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

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

impl fmt::Display for ResourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource, self.state)
    }
}
