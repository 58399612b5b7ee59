//! AWS Identity and Access Management: roles and instance profiles. They belong to the account, not to a region.
//!
//! EC2 learns of a new instance profile, and a role's new policy takes effect, some seconds after IAM shows them.

mod attached_policy;
mod error_code;
mod inline_policy;
mod instance_profile;
mod operations;
mod paging;
mod policy_document;
mod profile_role;
mod role;
mod tags;
mod validation;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::error_code::{Code, ERROR_CODES};
pub(crate) use self::instance_profile::InstanceProfile;
pub(crate) use self::operations::OPERATIONS;
use self::role::Role;
use super::context::RequestContext;
use super::resource::Resource;
use crate::wire::params::Params;
use crate::wire::{Reply, ServiceError};

/// The content of IAM, by name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Iam {
    roles: BTreeMap<String, Role>,
    instance_profiles: BTreeMap<String, InstanceProfile>,
}

impl Iam {
    /// Returns the resources. IAM's resources have no states: they exist or they do not.
    pub(crate) fn inventory(&self) -> impl Iterator<Item = Resource> {
        let roles = self
            .roles
            .keys()
            .map(|name| Resource::new("IAM::Role", name));
        let profiles = self
            .instance_profiles
            .keys()
            .map(|name| Resource::new("IAM::InstanceProfile", name));
        roles.chain(profiles)
    }

    /// Returns an instance profile as EC2 knows it, by name.
    pub(crate) fn profile_known_to_ec2(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Option<&InstanceProfile> {
        self.instance_profiles
            .get(name)
            .filter(|profile| profile.is_known(now))
    }

    /// Returns the time since which software on an instance with that profile may perform all of the actions, if it
    /// may.
    pub(crate) fn allowed_since(&self, profile: &str, actions: &[&str]) -> Option<Timestamp> {
        let in_profile = self.instance_profiles.get(profile)?.role.as_ref()?;
        let role = self.roles.get(&in_profile.name)?;
        let policies = actions
            .iter()
            .map(|action| role.allows_since(action))
            .collect::<Option<Vec<_>>>()?;
        policies.into_iter().chain([in_profile.known_at]).max()
    }

    fn role(&self, name: &str) -> Result<&Role, ServiceError> {
        self.roles.get(name).ok_or_else(|| role::unknown(name))
    }

    fn role_mut(&mut self, name: &str) -> Result<&mut Role, ServiceError> {
        self.roles.get_mut(name).ok_or_else(|| role::unknown(name))
    }

    fn instance_profile(&self, name: &str) -> Result<&InstanceProfile, ServiceError> {
        self.instance_profiles
            .get(name)
            .ok_or_else(|| instance_profile::unknown(name))
    }

    fn instance_profile_mut(&mut self, name: &str) -> Result<&mut InstanceProfile, ServiceError> {
        self.instance_profiles
            .get_mut(name)
            .ok_or_else(|| instance_profile::unknown(name))
    }

    /// Returns the profiles that a role is in.
    fn profiles_with<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a InstanceProfile> {
        self.instance_profiles.values().filter(move |profile| {
            let in_profile = profile.role.as_ref();
            in_profile.is_some_and(|in_profile| in_profile.name == role)
        })
    }
}

/// Answers an IAM call.
pub(crate) fn answer(
    iam: &mut Iam,
    context: &mut RequestContext<'_>,
    operation: &str,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    operations::perform(operation, iam, context, params)
}

/// Returns a time as IAM writes it.
fn date(at: Timestamp) -> String {
    format!("{at:.0}")
}
