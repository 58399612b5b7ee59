//! Inline policies of IAM roles: the actions that they allow.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{AwsId, RoleName};
use crate::kind::ResourceKind;

/// A new inline policy of a role.
#[derive(Clone, Debug)]
pub(crate) struct NewRolePolicy {
    pub(crate) role: RoleName,
    pub(crate) name: String,
    /// The policy in IAM's JSON.
    pub(crate) document: String,
}

/// The id of an inline policy. AWS gives it none, so the names of the role and of the policy identify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RolePolicyId(String);

impl AwsId for RolePolicyId {
    fn read(id: String) -> Self {
        Self(id)
    }
}

impl AsRef<str> for RolePolicyId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl RolePolicyId {
    pub(crate) fn new(role: &impl fmt::Display, policy: &impl fmt::Display) -> Self {
        Self(format!("{role} {policy}"))
    }
}

impl Create for NewRolePolicy {
    type Id = RolePolicyId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            role: self.role.clone(),
            name: self.name.clone(),
        }
    }

    /// Puts the policy. A repeated call replaces it by itself.
    async fn create(&self, aws: &Writer, _: &str) -> Result<RolePolicyId, AwsError> {
        aws.iam
            .put_role_policy()
            .role_name(self.role.as_str())
            .policy_name(&self.name)
            .policy_document(&self.document)
            .send()
            .await
            .map_err(AwsError::of("iam:PutRolePolicy"))?;
        Ok(RolePolicyId::new(&self.role, &self.name))
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

    fn removal_command(id: &str, region: &str) -> String {
        let (role, policy) = parts(id);
        format!(
            "aws iam delete-role-policy --role-name {role} --policy-name {policy} --region {region}"
        )
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { role, name } = self;
        let found = of_role(aws, role.as_str()).await?.contains(name);
        Ok(found.then(|| RolePolicyId::new(role, name).0))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let (role, policy) = parts(id);
        let policies = of_role(aws, role).await?;
        let found = policies.iter().any(|name| name == policy);
        Ok(found.then(|| "active".to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        let (role, policy) = parts(id);
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

fn parts(id: &str) -> (&str, &str) {
    id.split_once(' ').unwrap_or((id, ""))
}
