//! The calls to EFS.

use super::need::Need;
use super::permission::{Permission, Scope, permissions};

/// EFS asks for permissions of EC2 too, for the network interfaces of mount targets.
pub(super) const ELASTIC_FILE_SYSTEM: &[Permission] = permissions! { "elasticfilesystem":
    CreateAccessPoint ["elasticfilesystem:CreateAccessPoint", "elasticfilesystem:TagResource"] Any for AccessPoints;
    CreateFileSystem ["elasticfilesystem:CreateFileSystem", "elasticfilesystem:TagResource"] Any for OwnFileSystem;
    CreateMountTarget ["elasticfilesystem:CreateMountTarget", "ec2:CreateNetworkInterface"] Any for Every;
    DeleteAccessPoint Tagged for AccessPoints;
    DeleteFileSystem Tagged for OwnFileSystem;
    DeleteMountTarget ["elasticfilesystem:DeleteMountTarget", "ec2:DeleteNetworkInterface"] Any for Every;
    DescribeAccessPoints Any for AccessPoints | AdoptedFileSystem | Leftovers;
    DescribeFileSystems Any for Every;
    DescribeMountTargetSecurityGroups Any for Every;
    DescribeMountTargets Any for Every;
};
