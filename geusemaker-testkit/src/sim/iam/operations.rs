//! The operations of IAM, one a line.

use super::{Iam, attached_policy, inline_policy, instance_profile, profile_role, role, tags};
use crate::sim::context::RequestContext;
use crate::sim::operation::operations;
use crate::wire::params::Params;

operations! {
    Service::Iam: operation(
        iam: &mut Iam,
        context: &mut RequestContext<'_>,
        params: &mut Params
    ) {
        "AddRoleToInstanceProfile" => profile_role::add(iam, context, params),
        "AttachRolePolicy" => attached_policy::attach(iam, context, params),
        "CreateInstanceProfile" => instance_profile::create(iam, context, params),
        "CreateRole" => role::create(iam, context, params),
        "DeleteInstanceProfile" => instance_profile::delete(iam, params),
        "DeleteRole" => role::delete(iam, params),
        "DeleteRolePolicy" => inline_policy::delete(iam, params),
        "DetachRolePolicy" => attached_policy::detach(iam, params),
        "GetInstanceProfile" => instance_profile::get(iam, params),
        "GetRole" => role::get(iam, params),
        "GetRolePolicy" => inline_policy::get(iam, params),
        "ListAttachedRolePolicies" => attached_policy::list(iam, params),
        "ListInstanceProfileTags" => tags::list_of_profile(iam, params),
        "ListInstanceProfiles" => instance_profile::list(iam, params),
        "ListInstanceProfilesForRole" => profile_role::list_for_role(iam, params),
        "ListRolePolicies" => inline_policy::list(iam, params),
        "ListRoleTags" => tags::list_of_role(iam, params),
        "ListRoles" => role::list(iam, params),
        "PutRolePolicy" => inline_policy::put(iam, context, params),
        "RemoveRoleFromInstanceProfile" => profile_role::remove(iam, params),
        "TagInstanceProfile" => tags::tag_profile(iam, params),
        "TagRole" => tags::tag_role(iam, params),
        "UntagInstanceProfile" => tags::untag_profile(iam, params),
        "UntagRole" => tags::untag_role(iam, params),
    }
}
