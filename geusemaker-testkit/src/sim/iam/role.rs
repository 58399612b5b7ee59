//! Roles.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attached_policy::AttachedPolicy;
use super::inline_policy::InlinePolicy;
use super::paging::Paging;
use super::policy_document::{self, PolicyUse};
use super::tags::Tags;
use super::{Code, Iam, date, validation};
use crate::sim::context::RequestContext;
use crate::sim::quota::Quota;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) name: String,
    id: String,
    arn: String,
    path: String,
    created_at: Timestamp,
    description: Option<String>,
    max_session_duration: u32,
    trust_policy: String,
    pub(super) tags: Tags,
    /// By name.
    pub(super) inline_policies: BTreeMap<String, InlinePolicy>,
    /// By ARN.
    pub(super) attached_policies: BTreeMap<String, AttachedPolicy>,
}

impl Role {
    /// Returns the time since which the role may perform an action, if it may. Denials, resources and conditions are
    /// not looked at.
    pub(super) fn allows_since(&self, action: &str) -> Option<Timestamp> {
        let inline = self.inline_policies.values();
        let inline = inline.filter_map(|policy| policy.allows_since(action));
        let attached = self.attached_policies.values();
        let attached = attached.filter_map(|policy| policy.allows_since(action));
        inline.chain(attached).min()
    }

    /// Returns the role as the profiles and lists show it.
    pub(super) fn element(&self) -> Element {
        Element::new("role")
            .with("Path", &self.path)
            .with("RoleName", &self.name)
            .with("RoleId", &self.id)
            .with("Arn", &self.arn)
            .with("CreateDate", date(self.created_at))
            .with(
                "AssumeRolePolicyDocument",
                policy_document::encoded(&self.trust_policy),
            )
            .with_some("Description", self.description.as_ref())
            .with("MaxSessionDuration", self.max_session_duration)
    }
}

pub(super) fn create(
    iam: &mut Iam,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let path = validation::path(params)?;
    let trust_policy = policy_document::read(params, "AssumeRolePolicyDocument", PolicyUse::Trust)?;
    let description = params.optional("Description");
    let max_session_duration =
        validation::number(params, "MaxSessionDuration", 3600..=43_200, 3600)?;
    let tags = Tags::read(params)?;
    params.refuse_unread("CreateRole")?;
    if let Some(description) = &description {
        check_description(description)?;
    }
    // The IAM user guide: white space does not count.
    if trust_policy.chars().filter(|c| !c.is_whitespace()).count() > 2048 {
        let message = "Cannot exceed quota for ACLSizePerRole: 2048";
        return Err(ServiceError::new(Code::LimitExceeded, message));
    }
    validation::unused("Role", &name, &iam.roles)?;
    context.quotas.admit(Quota::Roles, iam.roles.len() + 1)?;
    let role = Role {
        id: format!("AROA{}", context.rng.upper(17)),
        arn: format!(
            "arn:{}:iam::{}:role{path}{name}",
            context.partition(),
            context.account_id
        ),
        path,
        created_at: context.now,
        description,
        max_session_duration,
        trust_policy,
        tags,
        inline_policies: BTreeMap::new(),
        attached_policies: BTreeMap::new(),
        name: name.clone(),
    };
    let element = described(&role);
    iam.roles.insert(name, role);
    Ok(Reply::xml(Element::new("result").child(element)))
}

pub(super) fn get(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    params.refuse_unread("GetRole")?;
    let role = described(iam.role(&name)?).child(Element::new("RoleLastUsed"));
    Ok(Reply::xml(Element::new("result").child(role)))
}

pub(super) fn delete(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    params.refuse_unread("DeleteRole")?;
    let role = iam.role(&name)?;
    let obstacle = if iam.profiles_with(&name).next().is_some() {
        Some("must remove roles from instance profile first")
    } else if !role.attached_policies.is_empty() {
        Some("must detach all policies first")
    } else if !role.inline_policies.is_empty() {
        Some("must delete policies first")
    } else {
        None
    };
    if let Some(obstacle) = obstacle {
        let message = format!("Cannot delete entity, {obstacle}.");
        return Err(ServiceError::new(Code::DeleteConflict, message));
    }
    iam.roles.remove(&name);
    Ok(Reply::empty())
}

pub(super) fn list(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let prefix = validation::path_prefix(params)?;
    let paging = Paging::read(params)?;
    params.refuse_unread("ListRoles")?;
    let roles = iam.roles.values();
    let roles = roles.filter(|role| role.path.starts_with(&prefix));
    Ok(paging.reply(
        "Roles",
        roles.map(|role| (role.name.as_str(), role.element())),
    ))
}

pub(super) fn unknown(name: &str) -> ServiceError {
    let message = format!("The role with name {name} cannot be found.");
    ServiceError::new(Code::NoSuchEntity, message)
}

/// Returns the role with its tags, which lists do not show (IAM model).
fn described(role: &Role) -> Element {
    role.element().children(role.tags.element()).renamed("Role")
}

fn check_description(description: &str) -> Result<(), ServiceError> {
    let is_allowed =
        |c: char| "\t\n\r".contains(c) || (' '..='~').contains(&c) || ('¡'..='ÿ').contains(&c);
    if !description.chars().all(is_allowed) {
        return Err(validation::failed(
            "Description",
            description,
            "Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*",
        ));
    }
    validation::bounded("Description", description, 1000)
}
