//! The tags that everything a deployment creates carries from its first moment.

use serde::{Deserialize, Serialize};

use crate::ledger::is_deployment_id;
use crate::spec::StackName;

/// The tag that says which deployment a resource belongs to.
pub(crate) const DEPLOYMENT: &str = "geusemaker:deployment";
/// The tag that says which stack a resource was made for.
const STACK: &str = "geusemaker:stack";
const NAME: &str = "Name";

/// Whose a resource is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) stack: StackName,
    pub(crate) deployment: String,
}

impl Owner {
    /// The tags of a resource of this name.
    fn pairs(&self, name: &str) -> [(&'static str, String); 3] {
        [
            (NAME, name.to_owned()),
            (STACK, self.stack.to_string()),
            (DEPLOYMENT, self.deployment.clone()),
        ]
    }

    /// Whose a resource with these tags is, and its name; nothing if they are not such as this program gives.
    pub(super) fn read<'a>(tags: &[(&'a str, &'a str)]) -> Option<(Self, &'a str)> {
        let value = |wanted| {
            let tag = tags.iter().find(|(key, _)| *key == wanted)?;
            Some(tag.1)
        };
        let stack = value(STACK)?;
        let deployment = value(DEPLOYMENT)?;
        let owner = Self {
            stack: stack.parse().ok()?,
            deployment: is_deployment_id(deployment).then(|| deployment.to_owned())?,
        };
        Some((owner, value(NAME).unwrap_or(stack)))
    }

    pub(crate) fn ec2(
        &self,
        resource_type: aws_sdk_ec2::types::ResourceType,
        name: &str,
    ) -> aws_sdk_ec2::types::TagSpecification {
        let tags = self.pairs(name).map(|(key, value)| {
            aws_sdk_ec2::types::Tag::builder()
                .key(key)
                .value(value)
                .build()
        });
        aws_sdk_ec2::types::TagSpecification::builder()
            .resource_type(resource_type)
            .set_tags(Some(tags.to_vec()))
            .build()
    }

    pub(crate) fn efs(&self, name: &str) -> Vec<aws_sdk_efs::types::Tag> {
        built(self.pairs(name).map(|(key, value)| {
            aws_sdk_efs::types::Tag::builder()
                .key(key)
                .value(value)
                .build()
        }))
    }

    pub(crate) fn elastic_load_balancing(
        &self,
        name: &str,
    ) -> Vec<aws_sdk_elasticloadbalancingv2::types::Tag> {
        let tags = self.pairs(name).map(|(key, value)| {
            aws_sdk_elasticloadbalancingv2::types::Tag::builder()
                .key(key)
                .value(value)
                .build()
        });
        tags.to_vec()
    }

    pub(crate) fn cloudfront(&self, name: &str) -> aws_sdk_cloudfront::types::Tags {
        let tags = built(self.pairs(name).map(|(key, value)| {
            aws_sdk_cloudfront::types::Tag::builder()
                .key(key)
                .value(value)
                .build()
        }));
        aws_sdk_cloudfront::types::Tags::builder()
            .set_items(Some(tags))
            .build()
    }
}

/// The builders fail only without a key, and every pair has one.
fn built<T, E, const N: usize>(tags: [Result<T, E>; N]) -> Vec<T> {
    tags.into_iter().flatten().collect()
}
