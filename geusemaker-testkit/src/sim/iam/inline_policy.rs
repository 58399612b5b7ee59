//! Inline policies of roles.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::paging::Paging;
use super::policy_document::{self, PolicyUse};
use super::{Code, Iam, validation};
use crate::sim::context::RequestContext;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct InlinePolicy {
    document: String,
    /// The time from which the policy has an effect.
    effective_at: Timestamp,
}

impl InlinePolicy {
    /// Returns the time since which the policy allows an action, if it does.
    pub(super) fn allows_since(&self, action: &str) -> Option<Timestamp> {
        policy_document::allows(&self.document, action).then_some(self.effective_at)
    }
}

pub(super) fn put(
    iam: &mut Iam,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let policy_name = validation::name(params, "PolicyName", 128)?;
    let document = policy_document::read(params, "PolicyDocument", PolicyUse::Inline)?;
    params.refuse_unread("PutRolePolicy")?;
    let role = iam.role_mut(&name)?;
    let others = role.inline_policies.iter();
    let others = others.filter(|(other, _)| **other != policy_name);
    // The IAM user guide: 10,240 characters of all inline policies of a role, without white space.
    let size: usize = others
        .map(|(_, policy)| policy.document.as_str())
        .chain([document.as_str()])
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .count();
    if size > 10_240 {
        let message = format!("Maximum policy size of 10240 bytes exceeded for role {name}");
        return Err(ServiceError::new(Code::LimitExceeded, message));
    }
    let policy = InlinePolicy {
        document,
        effective_at: context.now + context.duration(Step::RolePolicyEffective),
    };
    role.inline_policies.insert(policy_name, policy);
    Ok(Reply::empty())
}

pub(super) fn get(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let policy_name = validation::name(params, "PolicyName", 128)?;
    params.refuse_unread("GetRolePolicy")?;
    let policies = &iam.role(&name)?.inline_policies;
    let policy = policies
        .get(&policy_name)
        .ok_or_else(|| unknown(&policy_name))?;
    Ok(Reply::xml(
        Element::new("result")
            .with("RoleName", name)
            .with("PolicyName", policy_name)
            .with("PolicyDocument", policy_document::encoded(&policy.document)),
    ))
}

pub(super) fn delete(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let policy_name = validation::name(params, "PolicyName", 128)?;
    params.refuse_unread("DeleteRolePolicy")?;
    let removed = iam.role_mut(&name)?.inline_policies.remove(&policy_name);
    let removed = removed.ok_or_else(|| unknown(&policy_name));
    removed.map(|_| Reply::empty())
}

pub(super) fn list(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let paging = Paging::read(params)?;
    params.refuse_unread("ListRolePolicies")?;
    let names = iam.role(&name)?.inline_policies.keys();
    let names = names.map(|name| (name.as_str(), Element::leaf("name", name)));
    Ok(paging.reply("PolicyNames", names))
}

fn unknown(policy: &str) -> ServiceError {
    let message = format!("The role policy with name {policy} cannot be found.");
    ServiceError::new(Code::NoSuchEntity, message)
}
