//! Instance profiles, which carry a role to instances.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::paging::Paging;
use super::tags::Tags;
use super::{Code, Iam, date, validation};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InstanceProfile {
    pub(super) name: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    path: String,
    created_at: Timestamp,
    /// The time from which EC2 knows the profile.
    known_at: Timestamp,
    pub(super) tags: Tags,
    pub(super) role: Option<RoleInProfile>,
}

/// The only role that a profile can have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RoleInProfile {
    pub(super) name: String,
    /// The time from which EC2 knows that the role is in the profile.
    pub(super) known_at: Timestamp,
}

impl InstanceProfile {
    /// Returns true if EC2 knows the profile.
    pub(super) fn is_known(&self, now: Timestamp) -> bool {
        now >= self.known_at
    }

    /// Returns true if EC2 knows that the profile has a role.
    pub(crate) fn has_known_role(&self, now: Timestamp) -> bool {
        self.role.as_ref().is_some_and(|role| now >= role.known_at)
    }

    /// Returns the profile as lists show it, without its tags (IAM model).
    pub(super) fn element(&self, iam: &Iam) -> Element {
        let role = self.role.as_ref();
        let role = role.and_then(|role| iam.roles.get(&role.name));
        let roles = role.map(super::Role::element);
        Element::new("InstanceProfile")
            .with("Path", &self.path)
            .with("InstanceProfileName", &self.name)
            .with("InstanceProfileId", &self.id)
            .with("Arn", &self.arn)
            .with("CreateDate", date(self.created_at))
            .child(Element::list("Roles", "member", roles))
    }
}

pub(super) fn create(
    iam: &mut Iam,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = validation::profile_name(params)?;
    let path = validation::path(params)?;
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateInstanceProfile")?;
    validation::unused("Instance Profile", &name, &iam.instance_profiles)?;
    let total = iam.instance_profiles.len() + 1;
    context.quotas.admit(Quota::InstanceProfiles, total)?;
    let (partition, account) = (context.partition(), context.account_id);
    let profile = InstanceProfile {
        id: format!("AIPA{}", context.rng.upper(17)),
        arn: format!("arn:{partition}:iam::{account}:instance-profile{path}{name}"),
        path,
        created_at: context.now,
        known_at: context.now + context.duration(Step::InstanceProfileKnown),
        tags,
        role: None,
        name: name.clone(),
    };
    let element = described(iam, &profile);
    iam.instance_profiles.insert(name, profile);
    Ok(Reply::xml(Element::new("result").child(element)))
}

pub(super) fn get(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::profile_name(params)?;
    params.refuse_unread("GetInstanceProfile")?;
    let element = described(iam, iam.instance_profile(&name)?);
    Ok(Reply::xml(Element::new("result").child(element)))
}

/// Deletes a profile, even if instances use it.
pub(super) fn delete(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::profile_name(params)?;
    params.refuse_unread("DeleteInstanceProfile")?;
    if iam.instance_profile(&name)?.role.is_some() {
        let message = "Cannot delete entity, must remove roles from instance profile first.";
        return Err(ServiceError::new(Code::DeleteConflict, message));
    }
    iam.instance_profiles.remove(&name);
    Ok(Reply::empty())
}

pub(super) fn list(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let prefix = validation::path_prefix(params)?;
    let paging = Paging::read(params)?;
    params.refuse_unread("ListInstanceProfiles")?;
    let profiles = iam.instance_profiles.values();
    let profiles = profiles.filter(|profile| profile.path.starts_with(&prefix));
    Ok(reply(iam, paging, profiles))
}

/// Returns a list of profiles.
pub(super) fn reply<'a>(
    iam: &Iam,
    paging: Paging,
    profiles: impl Iterator<Item = &'a InstanceProfile>,
) -> Reply {
    paging.reply(
        "InstanceProfiles",
        profiles.map(|profile| (profile.name.as_str(), profile.element(iam))),
    )
}

pub(super) fn unknown(name: &str) -> ServiceError {
    let message = format!("Instance Profile {name} cannot be found.");
    ServiceError::new(Code::NoSuchEntity, message)
}

fn described(iam: &Iam, profile: &InstanceProfile) -> Element {
    profile.element(iam).children(profile.tags.element())
}
