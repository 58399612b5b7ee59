//! EFS access points: the folders of a file system that services mount, each as a user of its own.

use aws_sdk_efs::types::{
    AccessPointDescription, CreationInfo, LifeCycleState, PosixUser, RootDirectory,
};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::file_system::{existing, readiness};
use super::kind::Kind;
use super::tagged::TaggedResource;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{AccessPointId, FileSystemId};
use crate::kind::ResourceKind;
use crate::wait::{Expected, PollState};

/// The permissions of a folder that EFS creates: none for other users.
const PERMISSIONS: &str = "0750";

/// A new access point. EFS acts as its user, whoever asks, and creates the folder when it is first mounted.
#[derive(Clone, Debug)]
pub(crate) struct NewAccessPoint {
    pub(crate) name: String,
    pub(crate) file_system: FileSystemId,
    /// The path of the folder in the file system: `/vllm`.
    pub(crate) folder: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) owner: Owner,
}

impl Create for NewAccessPoint {
    type Id = AccessPointId;
    type Lookup = Lookup;

    fn lookup(&self, token: &str) -> Lookup {
        Lookup {
            file_system: self.file_system.clone(),
            client_token: token.to_owned(),
        }
    }

    async fn create(&self, aws: &Writer, token: &str) -> Result<AccessPointId, AwsError> {
        let (uid, gid) = (i64::from(self.uid), i64::from(self.gid));
        // The builders fail only without these fields.
        let user = PosixUser::builder().uid(uid).gid(gid).build().ok();
        let creation = CreationInfo::builder()
            .owner_uid(uid)
            .owner_gid(gid)
            .permissions(PERMISSIONS)
            .build()
            .ok();
        let folder = RootDirectory::builder()
            .path(&self.folder)
            .set_creation_info(creation)
            .build();
        let reply = aws
            .efs
            .create_access_point()
            .client_token(token)
            .file_system_id(self.file_system.as_str())
            .set_posix_user(user)
            .root_directory(folder)
            .set_tags(Some(self.owner.efs(&self.name)))
            .send()
            .await
            .map_err(AwsError::of("efs:CreateAccessPoint"))?;
        Ok(AccessPointId::from_aws(
            reply.access_point_id.unwrap_or_default(),
        ))
    }
}

/// A lookup by the client token, among the access points of a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) file_system: FileSystemId,
    pub(crate) client_token: String,
}

impl Kind for Lookup {
    const NAME: &'static str = "access point";
    const WORKING: &'static [&'static str] = &["available", "updating"];
    const DELETION: Expected = Expected::with_deadline_minutes(3, 10, 10);

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws efs delete-access-point --access-point-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self {
            file_system,
            client_token,
        } = self;
        let all = all(aws, Some(file_system)).await?;
        let found = all
            .into_iter()
            .find(|it| it.client_token() == Some(client_token));
        Ok(found.and_then(|it| it.access_point_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        Ok(life_cycle_state(aws, id).await?.and_then(existing))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.efs
            .delete_access_point()
            .access_point_id(id)
            .send()
            .await
            .map_err(AwsError::of("efs:DeleteAccessPoint"))?;
        Ok(())
    }

    /// Returns the access points that carry this program's tags, in file systems of any owner.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = all(aws, None).await?;
        let found = all.iter().filter_map(|access_point| {
            let state = access_point.life_cycle_state();
            if state == Some(&LifeCycleState::Deleted) {
                return None;
            }
            let tags = access_point.tags().iter();
            let tags = tags.map(|tag| (Some(tag.key()), Some(tag.value())));
            let id = access_point.access_point_id()?;
            let mut found = TaggedResource::read(ResourceKind::AccessPoint, id, tags)?;
            found.is_going = state == Some(&LifeCycleState::Deleting);
            Some(found)
        });
        Ok(found.collect())
    }
}

/// Returns the access points of a file system, or else all in the account and region.
async fn all(
    aws: &Reader,
    file_system: Option<&FileSystemId>,
) -> Result<Vec<AccessPointDescription>, AwsError> {
    aws.efs
        .describe_access_points()
        .set_file_system_id(file_system.map(ToString::to_string))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("efs:DescribeAccessPoints"))
}

/// Polls the access point, which is ready once instances can mount it.
pub(crate) async fn availability(
    aws: &Reader,
    id: &AccessPointId,
) -> Result<PollState<()>, AwsError> {
    readiness(life_cycle_state(aws, id.as_str()).await)
}

async fn life_cycle_state(aws: &Reader, id: &str) -> Result<Option<LifeCycleState>, AwsError> {
    let reply = aws
        .efs
        .describe_access_points()
        .access_point_id(id)
        .send()
        .await
        .map_err(AwsError::of("efs:DescribeAccessPoints"))?;
    let found = reply.access_points.and_then(|all| all.into_iter().next());
    Ok(found.and_then(|it| it.life_cycle_state))
}
