//! Network interfaces: they show what holds a security group, a subnet or a VPC.

use aws_sdk_ec2::types::NetworkInterface;
use aws_sdk_efs::types::MountTargetDescription;

use super::filter::filter;
use super::{file_system, mount_target, vpc_origin};
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::id::{FileSystemId, SecurityGroupId};

/// Returns the network interfaces that pass a filter.
pub(super) async fn filtered(
    aws: &Reader,
    name: &str,
    value: &str,
) -> Result<Vec<NetworkInterface>, AwsError> {
    let reply = aws
        .ec2
        .describe_network_interfaces()
        .filters(filter(name, value))
        .send()
        .await
        .map_err(AwsError::of("ec2:DescribeNetworkInterfaces"))?;
    Ok(reply.network_interfaces.unwrap_or_default())
}

/// Returns the mount targets that have this security group and no other, each with its file system. They are found by
/// their network interfaces.
pub(crate) async fn mount_targets_of(
    aws: &Reader,
    group: &SecurityGroupId,
) -> Result<Vec<(String, String)>, AwsError> {
    let interfaces = aws
        .ec2
        .describe_network_interfaces()
        .filters(filter("group-id", group.as_str()))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeNetworkInterfaces"))?;
    let mut ids: Vec<String> = interfaces.iter().filter_map(named_by).collect();
    let silent: Vec<_> = interfaces.iter().filter(|it| is_silent(it)).collect();
    if !silent.is_empty() {
        ids.extend(behind(aws, &silent).await?);
    }
    let mut found = Vec::new();
    for id in &ids {
        match futures::try_join!(
            mount_target::security_groups(aws, id),
            mount_target::describe(aws, id)
        ) {
            Ok((groups, Some(target))) if groups == [group.as_str()] => {
                found.push((target.mount_target_id, target.file_system_id));
            }
            Ok(_) => {}
            // It is being deleted, or was deleted.
            Err(error) if error.is_not_found() || error.class == ErrorClass::NotYet => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Returns the mount target id from the description of an interface, which AWS writes as `EFS mount target for fs-0123
/// (fsmt-4567)`.
fn named_by(interface: &NetworkInterface) -> Option<String> {
    let (_, id) = interface.description()?.rsplit_once('(')?;
    let id = id.strip_suffix(')').filter(|id| id.starts_with("fsmt-"))?;
    Some(id.to_owned())
}

/// Returns true if the interface names no owner. AWS always names one; other servers that speak its protocol do not.
pub(super) fn is_silent(interface: &NetworkInterface) -> bool {
    let attachment = interface.attachment();
    let instance = attachment.and_then(|attachment| attachment.instance_id());
    interface.description().unwrap_or_default().is_empty() && instance.is_none()
}

/// Returns true if CloudFront keeps the interface for a VPC origin.
pub(super) fn is_of_vpc_origin(interface: &NetworkInterface) -> bool {
    let mut groups = interface.groups().iter();
    groups.any(|group| group.group_name() == Some(vpc_origin::SERVICE_GROUP))
}

/// Returns the mount targets that have these interfaces, searched among all mount targets.
async fn behind(aws: &Reader, interfaces: &[&NetworkInterface]) -> Result<Vec<String>, AwsError> {
    let mut found = Vec::new();
    for file_system in file_system::all(aws).await? {
        let id = FileSystemId::from_aws(file_system.file_system_id);
        let targets = match mount_target::of_file_system(aws, &id).await {
            // It was deleted in the meantime.
            Err(error) if error.is_not_found() => continue,
            targets => targets?,
        };
        let is_behind = |target: &MountTargetDescription| {
            let mut interfaces = interfaces.iter();
            interfaces.any(|it| it.network_interface_id() == target.network_interface_id())
        };
        let targets = targets.into_iter().filter(is_behind);
        found.extend(targets.map(|target| target.mount_target_id));
    }
    Ok(found)
}
