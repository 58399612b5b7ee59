//! Inline policies of IAM roles: the actions that they allow.

use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::pair_id::PairId;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::RoleName;
use crate::kind::ResourceKind;

/// A new inline policy of a role.
#[derive(Clone, Debug)]
pub(crate) struct NewRolePolicy {
    pub(crate) role: RoleName,
    pub(crate) name: String,
    /// The policy in IAM's JSON.
    pub(crate) document: String,
}

impl Create for NewRolePolicy {
    type Id = PairId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            role: self.role.clone(),
            name: self.name.clone(),
        }
    }

    /// Puts the policy. A repeated call replaces it by itself.
    async fn create(&self, aws: &Writer, _: &str) -> Result<PairId, AwsError> {
        aws.iam
            .put_role_policy()
            .role_name(self.role.as_str())
            .policy_name(&self.name)
            .policy_document(&self.document)
            .send()
            .await
            .map_err(AwsError::of("iam:PutRolePolicy"))?;
        Ok(PairId::new(&self.role, &self.name))
    }
}

/// A lookup by the names of the role and of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) role: RoleName,
    pub(crate) name: String,
}

impl Kind for Lookup {
    const NAME: &'static str = "IAM role policy";
    const AFTER: &'static [ResourceKind] = &[ResourceKind::Instance];

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        let (role, policy) = PairId::parts(id);
        format!(
            "aws iam delete-role-policy --role-name {role} --policy-name {policy} --region {region}"
        )
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { role, name } = self;
        let found = of_role(aws, role.as_str()).await?.contains(name);
        Ok(found.then(|| PairId::new(role, name).into()))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let (role, policy) = PairId::parts(id);
        let policies = of_role(aws, role).await?;
        let found = policies.iter().any(|name| name == policy);
        Ok(found.then(|| "active".to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        let (role, policy) = PairId::parts(id);
        aws.iam
            .delete_role_policy()
            .role_name(role)
            .policy_name(policy)
            .send()
            .await
            .map_err(AwsError::of("iam:DeleteRolePolicy"))?;
        Ok(())
    }
}

/// Returns the names of the inline policies of a role.
pub(crate) async fn of_role(aws: &Reader, role: &str) -> Result<Vec<String>, AwsError> {
    aws.iam
        .list_role_policies()
        .role_name(role)
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("iam:ListRolePolicies"))
}
