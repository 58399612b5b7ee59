//! The resources of an account, as a person would list them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A resource of an account.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use geusemaker_testkit::Aws;
///
/// let aws = Aws::new();
/// let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
/// ec2.create_key_pair().key_name("mine").send().await?;
/// let [left] = aws.leftovers().try_into().unwrap();
/// assert_eq!(left.kind, "EC2::KeyPair");
/// assert!(left.to_string().starts_with("EC2::KeyPair key-"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resource {
    /// The CloudFormation type without the vendor: `EC2::Instance`.
    pub kind: String,
    /// The id or ARN that AWS uses for it.
    pub id: String,
}

/// A resource and its state, from [`Aws::states`](crate::Aws::states).
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
