//! IAM roles: one per deployment, with which its instances act.

use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::pair_id::PairId;
use super::role_policy;
use super::tagged::TaggedResource;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::id::RoleName;
use crate::kind::ResourceKind;

/// The policy that lets instances take on a role.
const TRUST_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A new role that allows nothing yet.
#[derive(Clone, Debug)]
pub(crate) struct NewRole {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) owner: Owner,
}

/// Returns the path of the roles and instance profiles of a region. IAM has one name space for all regions.
pub(super) fn path(region: &str) -> String {
    format!("/geusemaker/{region}/")
}

/// Returns the path of the region that the clients use.
pub(super) fn path_of(aws: &Reader) -> String {
    let region = aws.iam.config().region();
    path(region.map_or("", |region| region.as_ref()))
}

impl Create for NewRole {
    type Id = RoleName;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<RoleName, AwsError> {
        let stack = &self.owner.stack;
        let reply = aws
            .iam
            .create_role()
            .role_name(&self.name)
            .path(path(&self.region))
            .description(format!("The instances of the stack {stack}"))
            .assume_role_policy_document(TRUST_POLICY)
            .set_tags(Some(self.owner.iam(&self.name)))
            .send()
            .await
            .map_err(AwsError::of("iam:CreateRole"))?;
        let role = reply.role.map(|role| role.role_name);
        role.map(RoleName::from_aws)
            .ok_or_else(|| AwsError::incomplete("iam:CreateRole", "role"))
    }
}

/// A lookup by the name, which has the deployment's id in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
}

impl Kind for Lookup {
    const NAME: &'static str = "IAM role";
    const AFTER: &'static [ResourceKind] =
        &[ResourceKind::RolePolicy, ResourceKind::InstanceProfileRole];
    const BLOCKED_BY: &'static [ResourceKind] = Self::AFTER;

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws iam delete-role --role-name {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let reply = aws
            .iam
            .get_role()
            .role_name(&self.name)
            .send()
            .await
            .map_err(AwsError::of("iam:GetRole"))?;
        Ok(reply.role.map(|role| role.role_name))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let name = id.to_owned();
        let found = Self { name }.find(aws).await?;
        Ok(found.map(|_| "active".to_owned()))
    }

    /// Deletes the role. Policies that somebody has added to it by hand go with it.
    async fn delete(aws: &Writer, reader: &Reader, id: &str) -> Result<(), AwsError> {
        let deleted = aws
            .iam
            .delete_role()
            .role_name(id)
            .send()
            .await
            .map_err(AwsError::of("iam:DeleteRole"));
        match deleted {
            Err(error) if error.class == ErrorClass::Conflict => {
                remove_policies(aws, reader, id).await?;
                // The next attempt deletes the role.
                Err(error)
            }
            deleted => deleted.map(|_| ()),
        }
    }

    /// Returns the roles of the region that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let roles = aws
            .iam
            .list_roles()
            .path_prefix(path_of(aws))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("iam:ListRoles"))?;
        let mut found = Vec::new();
        for role in roles {
            // A list of roles shows no tags.
            let reply = aws.iam.get_role().role_name(role.role_name).send().await;
            let role = match reply.map_err(AwsError::of("iam:GetRole")) {
                Ok(reply) => reply.role,
                // It was deleted in the meantime.
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(error),
            };
            let ours = role.as_ref().and_then(|role| {
                let created = role.create_date();
                TaggedResource::of_iam(ResourceKind::Role, role.role_name(), role.tags(), created)
            });
            found.extend(ours);
        }
        Ok(found)
    }
}

/// Removes all policies of a role.
async fn remove_policies(aws: &Writer, reader: &Reader, role: &str) -> Result<(), AwsError> {
    let attached = reader
        .iam
        .list_attached_role_policies()
        .role_name(role)
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("iam:ListAttachedRolePolicies"))?;
    for policy in attached {
        aws.iam
            .detach_role_policy()
            .role_name(role)
            .set_policy_arn(policy.policy_arn)
            .send()
            .await
            .map_err(AwsError::of("iam:DetachRolePolicy"))?;
    }
    for policy in role_policy::of_role(reader, role).await? {
        let id = PairId::new(&role, &policy);
        role_policy::Lookup::delete(aws, reader, id.as_ref()).await?;
    }
    Ok(())
}
