//! IAM instance profiles, which carry a role to instances.

use aws_sdk_iam::types::InstanceProfile;
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::role::{path, path_of};
use super::tagged::TaggedResource;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::InstanceProfileId;
use crate::kind::ResourceKind;

/// A new instance profile without a role.
#[derive(Clone, Debug)]
pub(crate) struct NewInstanceProfile {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) owner: Owner,
}

impl Create for NewInstanceProfile {
    type Id = InstanceProfileId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<InstanceProfileId, AwsError> {
        let reply = aws
            .iam
            .create_instance_profile()
            .instance_profile_name(&self.name)
            .path(path(&self.region))
            .set_tags(Some(self.owner.iam(&self.name)))
            .send()
            .await
            .map_err(AwsError::of("iam:CreateInstanceProfile"))?;
        let profile = reply.instance_profile;
        profile
            .map(|profile| InstanceProfileId::from_aws(profile.instance_profile_name))
            .ok_or_else(|| AwsError::incomplete("iam:CreateInstanceProfile", "instance profile"))
    }
}

/// A lookup by the name, which has the deployment's id in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
}

impl Kind for Lookup {
    const NAME: &'static str = "instance profile";
    const AFTER: &'static [ResourceKind] = &[ResourceKind::InstanceProfileRole];
    const BLOCKED_BY: &'static [ResourceKind] = Self::AFTER;

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws iam delete-instance-profile --instance-profile-name {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let found = named(aws, &self.name).await?;
        Ok(found.map(|profile| profile.instance_profile_name))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        Ok(named(aws, id).await?.map(|_| "active".to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.iam
            .delete_instance_profile()
            .instance_profile_name(id)
            .send()
            .await
            .map_err(AwsError::of("iam:DeleteInstanceProfile"))?;
        Ok(())
    }

    /// Returns the instance profiles of the region that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let profiles = aws
            .iam
            .list_instance_profiles()
            .path_prefix(path_of(aws))
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("iam:ListInstanceProfiles"))?;
        let mut found = Vec::new();
        for profile in profiles {
            // A list of instance profiles shows no tags.
            let profile = match named(aws, &profile.instance_profile_name).await {
                // It was deleted in the meantime.
                Err(error) if error.is_not_found() => None,
                profile => profile?,
            };
            let ours = profile.as_ref().and_then(|profile| {
                let (name, created) = (profile.instance_profile_name(), profile.create_date());
                TaggedResource::of_iam(ResourceKind::InstanceProfile, name, profile.tags(), created)
            });
            found.extend(ours);
        }
        Ok(found)
    }
}

/// Returns an instance profile. AWS answers a name that it does not know with an error of class `NotFound`.
pub(super) async fn named(aws: &Reader, name: &str) -> Result<Option<InstanceProfile>, AwsError> {
    let reply = aws
        .iam
        .get_instance_profile()
        .instance_profile_name(name)
        .send()
        .await
        .map_err(AwsError::of("iam:GetInstanceProfile"))?;
    Ok(reply.instance_profile)
}

/// Returns the names of the roles of an instance profile, of which there is at most one, or `None` if there is no such
/// profile.
pub(crate) async fn roles(aws: &Reader, name: &str) -> Result<Option<Vec<String>>, AwsError> {
    let profile = match named(aws, name).await {
        Err(error) if error.is_not_found() => None,
        profile => profile?,
    };
    Ok(profile.map(|profile| {
        let roles = profile.roles.into_iter();
        roles.map(|role| role.role_name).collect()
    }))
}
