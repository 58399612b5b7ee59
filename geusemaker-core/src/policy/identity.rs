//! The calls to IAM, STS and Service Quotas.

use super::need::Need;
use super::permission::{Permission, Scope, permissions};

pub(super) const IAM: &[Permission] = permissions! { "iam":
    AddRoleToInstanceProfile Named for Role;
    CreateInstanceProfile ["iam:CreateInstanceProfile", "iam:TagInstanceProfile"] Named for Role;
    CreateRole ["iam:CreateRole", "iam:TagRole"] Named for Role;
    DeleteInstanceProfile Named for Role;
    DeleteRole Named for Role;
    DeleteRolePolicy Named for Role;
    DetachRolePolicy Named for Role;
    GetInstanceProfile Any for PassedRole;
    GetRole Any for PassedRole;
    ListAttachedRolePolicies Named for Role;
    ListInstanceProfiles Any for Leftovers;
    ListRolePolicies Named for Role;
    ListRoles Any for Leftovers;
    PutRolePolicy Named for Role;
    RemoveRoleFromInstanceProfile Named for Role;
};

/// AWS answers this to everybody, but a policy that names it says who may deploy.
pub(super) const STS: &[Permission] = permissions! { "sts":
    GetCallerIdentity Any for Every;
};

pub(super) const SERVICE_QUOTAS: &[Permission] = permissions! { "servicequotas":
    GetAWSDefaultServiceQuota Any for Every;
    GetServiceQuota Any for Every;
};
