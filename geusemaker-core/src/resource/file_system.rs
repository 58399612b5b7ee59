//! EFS file systems.

use aws_sdk_efs::types::{FileSystemDescription, LifeCycleState, PerformanceMode, ThroughputMode};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::{Kind, Sharing};
use super::tagged::TaggedResource;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::FileSystemId;
use crate::kind::ResourceKind;
use crate::wait::{Expected, PollState};

/// A new encrypted file system with elastic throughput.
#[derive(Clone, Debug)]
pub(crate) struct NewFileSystem {
    pub(crate) name: String,
    pub(crate) owner: Owner,
}

impl Create for NewFileSystem {
    type Id = FileSystemId;
    type Lookup = Lookup;

    fn lookup(&self, token: &str) -> Lookup {
        Lookup {
            creation_token: token.to_owned(),
        }
    }

    async fn create(&self, aws: &Writer, token: &str) -> Result<FileSystemId, AwsError> {
        let reply = aws
            .efs
            .create_file_system()
            .creation_token(token)
            .encrypted(true)
            .performance_mode(PerformanceMode::GeneralPurpose)
            .throughput_mode(ThroughputMode::Elastic)
            .set_tags(Some(self.owner.efs(&self.name)))
            .send()
            .await
            .map_err(AwsError::of("efs:CreateFileSystem"))?;
        Ok(FileSystemId::from_aws(reply.file_system_id))
    }
}

/// A lookup by the creation token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) creation_token: String,
}

impl Kind for Lookup {
    const NAME: &'static str = "file system";
    const WORKING: &'static [&'static str] = &["available", "updating"];
    const SHARED: Option<Sharing> = Some(Sharing::FileSystem);
    const AFTER: &'static [ResourceKind] = &[ResourceKind::MountTarget, ResourceKind::AccessPoint];
    const BLOCKED_BY: &'static [ResourceKind] = &[ResourceKind::MountTarget];
    const DELETION: Expected = Expected::with_deadline_minutes(3, 10, 10);

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws efs delete-file-system --file-system-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { creation_token } = self;
        let reply = aws
            .efs
            .describe_file_systems()
            .creation_token(creation_token)
            .send()
            .await
            .map_err(AwsError::of("efs:DescribeFileSystems"))?;
        let found = reply.file_systems.and_then(|all| all.into_iter().next());
        Ok(found.map(|file_system| file_system.file_system_id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        Ok(life_cycle_state(aws, id).await?.and_then(existing))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.efs
            .delete_file_system()
            .file_system_id(id)
            .send()
            .await
            .map_err(AwsError::of("efs:DeleteFileSystem"))?;
        Ok(())
    }

    /// Returns the file systems that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = all(aws).await?;
        let found = all
            .iter()
            .filter(|file_system| file_system.life_cycle_state != LifeCycleState::Deleted)
            .filter_map(|file_system| {
                let tags = file_system.tags().iter();
                let tags = tags.map(|tag| (Some(tag.key()), Some(tag.value())));
                let found = TaggedResource::read(
                    ResourceKind::FileSystem,
                    file_system.file_system_id(),
                    tags,
                )?;
                let mut found = found.since(Some(file_system.creation_time()));
                found.is_going = file_system.life_cycle_state == LifeCycleState::Deleting;
                Some(found)
            });
        Ok(found.collect())
    }
}

/// Returns all file systems in the account and region, of any owner.
pub(super) async fn all(aws: &Reader) -> Result<Vec<FileSystemDescription>, AwsError> {
    aws.efs
        .describe_file_systems()
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("efs:DescribeFileSystems"))
}

/// A file system that this program did not create.
pub(crate) struct DescribedFileSystem {
    /// The life cycle state: `available`.
    pub(crate) state: String,
    /// True if instances can mount it.
    pub(crate) is_usable: bool,
    /// The only zone that has it, if it is of EFS One Zone.
    pub(crate) zone: Option<String>,
}

/// Returns the description of the file system, if it exists.
pub(crate) async fn described(
    aws: &Reader,
    id: &FileSystemId,
) -> Result<Option<DescribedFileSystem>, AwsError> {
    let found = match describe(aws, id.as_str()).await {
        Err(error) if error.is_not_found() => None,
        found => found?,
    };
    let found = found.filter(|it| it.life_cycle_state != LifeCycleState::Deleted);
    Ok(found.map(|found| DescribedFileSystem {
        state: found.life_cycle_state.as_str().to_owned(),
        is_usable: matches!(
            found.life_cycle_state,
            LifeCycleState::Available | LifeCycleState::Updating
        ),
        zone: found.availability_zone_name,
    }))
}

/// Returns the size of the data of a file system, if the file system exists. AWS measures it about once an hour.
pub(crate) async fn bytes(aws: &Reader, id: &FileSystemId) -> Result<Option<u64>, AwsError> {
    let found = match describe(aws, id.as_str()).await {
        Err(error) if error.is_not_found() => None,
        found => found?,
    };
    let found = found.filter(|it| it.life_cycle_state != LifeCycleState::Deleted);
    Ok(found.map(|found| {
        let size = found.size_in_bytes.map_or(0, |size| size.value);
        u64::try_from(size).unwrap_or_default()
    }))
}

/// Polls the file system, which is ready once mount targets can be created in it.
pub(crate) async fn availability(
    aws: &Reader,
    id: &FileSystemId,
) -> Result<PollState<()>, AwsError> {
    readiness(life_cycle_state(aws, id.as_str()).await)
}

async fn life_cycle_state(aws: &Reader, id: &str) -> Result<Option<LifeCycleState>, AwsError> {
    let found = describe(aws, id).await?;
    Ok(found.map(|file_system| file_system.life_cycle_state))
}

async fn describe(aws: &Reader, id: &str) -> Result<Option<FileSystemDescription>, AwsError> {
    let reply = aws
        .efs
        .describe_file_systems()
        .file_system_id(id)
        .send()
        .await
        .map_err(AwsError::of("efs:DescribeFileSystems"))?;
    Ok(reply.file_systems.and_then(|all| all.into_iter().next()))
}

/// Returns the life cycle state of a file system, a mount target or an access point, unless it is deleted.
pub(super) fn existing(state: LifeCycleState) -> Option<String> {
    (state != LifeCycleState::Deleted).then(|| state.as_str().to_owned())
}

/// Maps the life cycle state of a file system, a mount target or an access point to the result of a poll.
pub(super) fn readiness(
    state: Result<Option<LifeCycleState>, AwsError>,
) -> Result<PollState<()>, AwsError> {
    let unseen = || Ok(PollState::Pending("not visible yet".to_owned()));
    match state {
        Ok(Some(LifeCycleState::Available | LifeCycleState::Updating)) => Ok(PollState::Ready(())),
        Ok(Some(
            state @ (LifeCycleState::Error | LifeCycleState::Deleting | LifeCycleState::Deleted),
        )) => Ok(PollState::Failed(format!("its state is {state}"))),
        Ok(Some(state)) => Ok(PollState::Pending(state.to_string())),
        Ok(None) => unseen(),
        // Right after the creation, AWS may not show the resource yet.
        Err(error) if error.is_not_found() => unseen(),
        Err(error) => Err(error),
    }
}
