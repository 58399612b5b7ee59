//! The tags that every resource of a deployment carries from its creation on.

use serde::{Deserialize, Serialize};

use crate::id::DeploymentId;
use crate::spec::StackName;

/// The tag that names the deployment of a resource.
pub(crate) const DEPLOYMENT: &str = "geusemaker:deployment";
/// The tag that names the stack of a resource.
pub(crate) const STACK: &str = "geusemaker:stack";
/// The tag that the console of AWS shows as the name.
pub(super) const NAME: &str = "Name";

/// The owner of a resource: a stack and its deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) stack: StackName,
    pub(crate) deployment: DeploymentId,
}

impl Owner {
    /// Returns the tags of a resource of this name.
    fn pairs(&self, name: &str) -> [(&'static str, String); 3] {
        [
            (NAME, name.to_owned()),
            (STACK, self.stack.to_string()),
            (DEPLOYMENT, self.deployment.to_string()),
        ]
    }

    /// Returns the owner and the name that these tags give, or `None` if this program did not write the tags.
    pub(super) fn read<'a>(tags: &[(&'a str, &'a str)]) -> Option<(Self, &'a str)> {
        let value = |wanted| {
            let tag = tags.iter().find(|(key, _)| *key == wanted)?;
            Some(tag.1)
        };
        let stack = value(STACK)?;
        let deployment = value(DEPLOYMENT)?;
        let owner = Self {
            stack: stack.parse().ok()?,
            deployment: deployment.parse().ok()?,
        };
        Some((owner, value(NAME).unwrap_or(stack)))
    }

    /// Returns the owner that these tags of EC2 name, if this program wrote them.
    pub(super) fn of_ec2(tags: &[aws_sdk_ec2::types::Tag]) -> Option<Self> {
        let tags = tags
            .iter()
            .filter_map(|tag| Some((tag.key()?, tag.value()?)));
        let tags: Vec<_> = tags.collect();
        Self::read(&tags).map(|(owner, _)| owner)
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

    pub(crate) fn acm(&self, name: &str) -> Vec<aws_sdk_acm::types::Tag> {
        built(self.pairs(name).map(|(key, value)| {
            aws_sdk_acm::types::Tag::builder()
                .key(key)
                .value(value)
                .build()
        }))
    }

    pub(crate) fn efs(&self, name: &str) -> Vec<aws_sdk_efs::types::Tag> {
        built(self.pairs(name).map(|(key, value)| {
            aws_sdk_efs::types::Tag::builder()
                .key(key)
                .value(value)
                .build()
        }))
    }

    pub(crate) fn iam(&self, name: &str) -> Vec<aws_sdk_iam::types::Tag> {
        built(self.pairs(name).map(|(key, value)| {
            aws_sdk_iam::types::Tag::builder()
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

/// Returns the tags that were built. A builder fails only without a key, and every pair has one.
fn built<T, E, const N: usize>(tags: [Result<T, E>; N]) -> Vec<T> {
    tags.into_iter().flatten().collect()
}
