//! Mount targets: the addresses at which a zone reaches a file system.

use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::file_system::{existing, readiness};
use super::kind::{Kind, Sharing};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{FileSystemId, MountTargetId, SecurityGroupId, SubnetId};
use crate::wait::{Expected, PollState};

/// The port of NFS, the protocol of EFS.
pub(crate) const NFS: u16 = 2049;

/// A new mount target in a subnet. Mount targets carry no tags; their file system does.
#[derive(Clone, Debug)]
pub(crate) struct NewMountTarget {
    pub(crate) file_system: FileSystemId,
    pub(crate) subnet: SubnetId,
    pub(crate) security_group: SecurityGroupId,
}

impl Create for NewMountTarget {
    type Id = MountTargetId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            file_system: self.file_system.clone(),
            subnet: self.subnet.clone(),
            group: self.security_group.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<MountTargetId, AwsError> {
        let reply = aws
            .efs
            .create_mount_target()
            .file_system_id(self.file_system.as_str())
            .subnet_id(self.subnet.as_str())
            .security_groups(self.security_group.as_str())
            .send()
            .await
            .map_err(AwsError::of("efs:CreateMountTarget"))?;
        Ok(MountTargetId::from_aws(reply.mount_target_id))
    }
}

/// A lookup by the security group, which belongs to the deployment: an adopted file system may have mount targets of
/// other owners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) file_system: FileSystemId,
    pub(crate) subnet: SubnetId,
    pub(crate) group: SecurityGroupId,
}

impl Kind for Lookup {
    const NAME: &'static str = "mount target";
    const WORKING: &'static [&'static str] = &["available", "updating"];
    const SHARED: Option<Sharing> = Some(Sharing::MountTarget);
    const DELETION: Expected = Expected::with_deadline_minutes(15, 45, 15);

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws efs delete-mount-target --mount-target-id {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self {
            file_system,
            subnet,
            group,
        } = self;
        let all = of_file_system(aws, file_system).await?;
        let found = all
            .into_iter()
            .find(|target| target.subnet_id == subnet.as_str());
        let Some(id) = found.map(|target| target.mount_target_id) else {
            return Ok(None);
        };
        let groups = security_groups(aws, &id).await?;
        let is_ours = groups.iter().any(|member| member == group.as_str());
        Ok(is_ours.then_some(id))
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        Ok(life_cycle_state(aws, id).await?.and_then(existing))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.efs
            .delete_mount_target()
            .mount_target_id(id)
            .send()
            .await
            .map_err(AwsError::of("efs:DeleteMountTarget"))?;
        Ok(())
    }
}

/// Returns the mount targets of a file system.
pub(crate) async fn of_file_system(
    aws: &Reader,
    file_system: &FileSystemId,
) -> Result<Vec<MountTargetDescription>, AwsError> {
    let reply = aws
        .efs
        .describe_mount_targets()
        .file_system_id(file_system.as_str())
        .send()
        .await
        .map_err(AwsError::of("efs:DescribeMountTargets"))?;
    Ok(reply.mount_targets.unwrap_or_default())
}

/// Returns the security groups of a mount target.
pub(crate) async fn security_groups(aws: &Reader, id: &str) -> Result<Vec<String>, AwsError> {
    let reply = aws
        .efs
        .describe_mount_target_security_groups()
        .mount_target_id(id)
        .send()
        .await
        .map_err(AwsError::of("efs:DescribeMountTargetSecurityGroups"))?;
    Ok(reply.security_groups)
}

/// Polls the mount target, which is ready once instances can mount through it.
pub(crate) async fn availability(
    aws: &Reader,
    id: &MountTargetId,
) -> Result<PollState<()>, AwsError> {
    readiness(life_cycle_state(aws, id.as_str()).await)
}

async fn life_cycle_state(aws: &Reader, id: &str) -> Result<Option<LifeCycleState>, AwsError> {
    let found = describe(aws, id).await?;
    Ok(found.map(|target| target.life_cycle_state))
}

pub(super) async fn describe(
    aws: &Reader,
    id: &str,
) -> Result<Option<MountTargetDescription>, AwsError> {
    let reply = aws
        .efs
        .describe_mount_targets()
        .mount_target_id(id)
        .send()
        .await
        .map_err(AwsError::of("efs:DescribeMountTargets"))?;
    Ok(reply.mount_targets.and_then(|all| all.into_iter().next()))
}
