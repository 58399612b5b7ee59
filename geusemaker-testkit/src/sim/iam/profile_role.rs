//! The roles of instance profiles.

use super::instance_profile::{self, RoleInProfile};
use super::paging::Paging;
use super::{Code, Iam, role, validation};
use crate::sim::context::RequestContext;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::{Reply, ServiceError};

pub(super) fn add(
    iam: &mut Iam,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let profile = validation::profile_name(params)?;
    let role = validation::role_name(params)?;
    params.refuse_unread("AddRoleToInstanceProfile")?;
    iam.role(&role)?;
    let profile = iam.instance_profile_mut(&profile)?;
    // The IAM user guide: a profile has one role, which no request can raise.
    if profile.role.is_some() {
        let message = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
        return Err(ServiceError::new(Code::LimitExceeded, message));
    }
    profile.role = Some(RoleInProfile {
        name: role,
        known_at: context.now + context.duration(Step::InstanceProfileKnown),
    });
    Ok(Reply::empty())
}

pub(super) fn remove(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let profile = validation::profile_name(params)?;
    let role = validation::role_name(params)?;
    params.refuse_unread("RemoveRoleFromInstanceProfile")?;
    let profile = iam.instance_profile_mut(&profile)?;
    let removed = profile.role.take_if(|it| it.name == role);
    removed
        .map(|_| Reply::empty())
        .ok_or_else(|| role::unknown(&role))
}

pub(super) fn list_for_role(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let role = validation::role_name(params)?;
    let paging = Paging::read(params)?;
    params.refuse_unread("ListInstanceProfilesForRole")?;
    iam.role(&role)?;
    Ok(instance_profile::reply(
        iam,
        paging,
        iam.profiles_with(&role),
    ))
}
