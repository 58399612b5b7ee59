//! The role in an IAM instance profile.

use serde::{Deserialize, Serialize};

use super::create::Create;
use super::instance_profile::roles;
use super::kind::Kind;
use super::pair_id::PairId;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::id::{InstanceProfileId, RoleName};
use crate::kind::ResourceKind;

/// A role to put into an instance profile.
#[derive(Clone, Debug)]
pub(crate) struct NewInstanceProfileRole {
    pub(crate) profile: InstanceProfileId,
    pub(crate) role: RoleName,
}

impl Create for NewInstanceProfileRole {
    type Id = PairId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            profile: self.profile.clone(),
            role: self.role.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<PairId, AwsError> {
        let added = aws
            .iam
            .add_role_to_instance_profile()
            .instance_profile_name(self.profile.as_str())
            .role_name(self.role.as_str())
            .send()
            .await
            .map_err(AwsError::of("iam:AddRoleToInstanceProfile"));
        match added {
            Ok(_) => Ok(PairId::new(&self.profile, &self.role)),
            // A profile has at most one role, so an earlier call of this one has put it there.
            Err(error) if error.class == ErrorClass::Quota => Err(AwsError {
                class: ErrorClass::Conflict,
                ..error
            }),
            Err(error) => Err(error),
        }
    }
}

/// A lookup by the names of the profile and of the role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) profile: InstanceProfileId,
    pub(crate) role: RoleName,
}

impl Kind for Lookup {
    const NAME: &'static str = "instance profile role";
    const AFTER: &'static [ResourceKind] = &[ResourceKind::Instance];

    fn removal_command(id: &str, region: &str) -> String {
        let (profile, role) = PairId::parts(id);
        format!(
            "aws iam remove-role-from-instance-profile --instance-profile-name {profile} --role-name {role} --region {region}"
        )
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { profile, role } = self;
        let roles = roles(aws, profile.as_str()).await?.unwrap_or_default();
        let found = roles.iter().any(|name| *role == name.as_str());
        Ok(found.then(|| PairId::new(profile, role).into()))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let (profile, role) = PairId::parts(id);
        let roles = roles(aws, profile).await?.unwrap_or_default();
        let found = roles.iter().any(|name| name == role);
        Ok(found.then(|| "active".to_owned()))
    }

    async fn delete(aws: &Writer, reader: &Reader, id: &str) -> Result<(), AwsError> {
        let (profile, role) = PairId::parts(id);
        let removed = aws
            .iam
            .remove_role_from_instance_profile()
            .instance_profile_name(profile)
            .role_name(role)
            .send()
            .await
            .map_err(AwsError::of("iam:RemoveRoleFromInstanceProfile"));
        match removed {
            Ok(_) => Ok(()),
            // An earlier call whose reply was lost may have removed it; some servers fail on the second one.
            Err(error) if error.class == ErrorClass::ServiceFault => {
                match Self::observe(reader, id).await {
                    Ok(None) => Ok(()),
                    Ok(Some(_)) | Err(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}
