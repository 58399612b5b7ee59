//! Resources that others live on: mount targets and file systems are shared, and AWS does not say by whom.

use std::collections::BTreeSet;

use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription};

pub(crate) use super::kind::Sharing;
use super::tags::Owner;
use super::{mount_target, security_group, security_group_rule};
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::id::FileSystemId;
use crate::spec::StackName;

impl Sharing {
    /// Returns who else than this stack lives on the resource.
    pub(crate) async fn users(
        self,
        aws: &Reader,
        id: &str,
        own: Option<&StackName>,
    ) -> Result<BTreeSet<String>, AwsError> {
        let mut users = match self {
            Self::FileSystem => users_of_file_system(aws, id).await,
            Self::MountTarget => users_of_mount_target(aws, id).await,
            Self::SecurityGroup => users_of_group(aws, id).await,
        }?;
        if let Some(own) = own {
            users.remove(&format!("stack {own}"));
        }
        Ok(users)
    }
}

/// Returns the other stacks whose instances reach the file system through this mount target: its security groups admit
/// them.
async fn users_of_mount_target(aws: &Reader, id: &str) -> Result<BTreeSet<String>, AwsError> {
    let groups = match mount_target::security_groups(aws, id).await {
        Err(error) if error.is_not_found() => Vec::new(),
        // EFS refuses to list them while the mount target is being deleted.
        Err(error) if error.code.as_deref() == Some("IncorrectMountTargetState") => Vec::new(),
        groups => groups?,
    };
    let mut users = BTreeSet::new();
    for group in groups {
        users.extend(users_of_group(aws, &group).await?);
    }
    Ok(users)
}

/// Returns the other stacks whose instances a security group admits.
async fn users_of_group(aws: &Reader, group: &str) -> Result<BTreeSet<String>, AwsError> {
    let Some(owner) = security_group::owner(aws, group).await? else {
        return Ok(BTreeSet::new());
    };
    let makers = security_group_rule::makers(aws, group).await?;
    let others = makers.into_iter().filter(|maker| *maker != owner);
    Ok(others.map(stack).collect())
}

/// Returns what else has a mount target in a file system, once the mount targets of its own stack are gone.
async fn users_of_file_system(aws: &Reader, id: &str) -> Result<BTreeSet<String>, AwsError> {
    let targets = mount_target::of_file_system(aws, &FileSystemId::from_aws(id)).await;
    let targets = match targets {
        Err(error) if error.is_not_found() => Vec::new(),
        targets => targets?,
    };
    let is_going = |target: &MountTargetDescription| {
        matches!(
            target.life_cycle_state,
            LifeCycleState::Deleting | LifeCycleState::Deleted
        )
    };
    let mut users = BTreeSet::new();
    for target in targets.iter().filter(|target| !is_going(target)) {
        let groups = mount_target::security_groups(aws, target.mount_target_id()).await?;
        let mut of_stacks = BTreeSet::new();
        for group in &groups {
            of_stacks.extend(security_group::owner(aws, group).await?.map(stack));
        }
        if of_stacks.is_empty() {
            of_stacks.insert(format!("mount target {}", target.mount_target_id()));
        }
        // A mount target of this stack was left for others.
        for group in &groups {
            of_stacks.extend(users_of_group(aws, group).await?);
        }
        users.extend(of_stacks);
    }
    Ok(users)
}

fn stack(owner: Owner) -> String {
    format!("stack {}", owner.stack)
}
