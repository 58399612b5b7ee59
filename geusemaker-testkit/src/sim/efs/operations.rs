//! The operations of EFS, one a line.

use super::{Efs, access_point, file_system, file_system_settings, mount_target, tags};
use crate::sim::context::RequestContext;
use crate::sim::ec2::Ec2;
use crate::sim::operation::operations;
use crate::wire::rest_json::Input;

operations! {
    Service::Efs: operation(
        efs: &mut Efs,
        ec2: &mut Ec2,
        context: &mut RequestContext<'_>,
        input: &mut Input
    ) {
        "CreateAccessPoint" => access_point::create(efs, context, input),
        "CreateFileSystem" => file_system::create(efs, context, input),
        "CreateMountTarget" => mount_target::create(efs, ec2, context, input),
        "CreateTags" => tags::add_to_file_system(efs, input),
        "DeleteAccessPoint" => access_point::delete(efs, context, input),
        "DeleteFileSystem" => file_system::delete(efs, context, input),
        "DeleteFileSystemPolicy" => file_system_settings::delete_policy(efs, context, input),
        "DeleteMountTarget" => mount_target::delete(efs, ec2, context, input),
        "DeleteTags" => tags::remove_from_file_system(efs, input),
        "DescribeAccessPoints" => access_point::describe(efs, context, input),
        "DescribeBackupPolicy" => file_system_settings::describe_backup_policy(efs, input),
        "DescribeFileSystemPolicy" => file_system_settings::describe_policy(efs, input),
        "DescribeFileSystems" => file_system::describe(efs, context, input),
        "DescribeLifecycleConfiguration" => file_system_settings::describe_lifecycle_configuration(efs, input),
        "DescribeMountTargetSecurityGroups" => mount_target::describe_security_groups(efs, context, input),
        "DescribeMountTargets" => mount_target::describe(efs, context, input),
        "DescribeTags" => tags::list_of_file_system(efs, input),
        "ListTagsForResource" => tags::list(efs, input),
        "ModifyMountTargetSecurityGroups" => mount_target::modify_security_groups(efs, ec2, context, input),
        "PutBackupPolicy" => file_system_settings::put_backup_policy(efs, context, input),
        "PutFileSystemPolicy" => file_system_settings::put_policy(efs, context, input),
        "PutLifecycleConfiguration" => file_system_settings::put_lifecycle_configuration(efs, context, input),
        "TagResource" => tags::add(efs, input),
        "UntagResource" => tags::remove(efs, input),
        "UpdateFileSystem" => file_system_settings::update(efs, context, input),
        "UpdateFileSystemProtection" => file_system_settings::update_protection(efs, context, input),
    }
}
