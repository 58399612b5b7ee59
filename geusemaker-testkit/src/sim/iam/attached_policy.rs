//! Managed policies that are attached to roles. Only some of AWS's own exist here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::paging::Paging;
use super::{Code, Iam, policy_document, validation};
use crate::sim::context::RequestContext;
use crate::sim::partition::Partition;
use crate::sim::timings::Step;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

/// The actions with which the agent of Systems Manager works, beside those that it asks for itself.
const AGENT: &[&str] = &[
    "ec2messages:*",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:*",
];

/// AWS's policies, with those of their actions that matter here.
const POLICIES: &[(&str, &[&str])] = &[
    ("AdministratorAccess", &["*"]),
    ("AmazonEC2ContainerRegistryPullOnly", &[]),
    ("AmazonEC2ContainerRegistryReadOnly", &[]),
    ("AmazonS3ReadOnlyAccess", &[]),
    ("AmazonSSMManagedEC2InstanceDefaultPolicy", AGENT),
    ("AmazonSSMManagedInstanceCore", AGENT),
    ("AmazonSSMReadOnlyAccess", &[]),
    ("CloudWatchAgentServerPolicy", &[]),
    ("PowerUserAccess", &["*"]),
    ("ReadOnlyAccess", &[]),
    ("service-role/AmazonEC2RoleforSSM", AGENT),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AttachedPolicy {
    /// The name with its path, as in the ARN.
    name: String,
    /// The time from which the policy has an effect.
    effective_at: Timestamp,
}

impl AttachedPolicy {
    /// Returns the time since which the policy allows an action, if it does.
    pub(super) fn allows_since(&self, action: &str) -> Option<Timestamp> {
        let (_, actions) = POLICIES.iter().find(|(name, _)| *name == self.name)?;
        let allows = |pattern: &&str| policy_document::matches(pattern, action);
        actions.iter().any(allows).then_some(self.effective_at)
    }

    /// Returns the name without its path.
    fn last_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Returns true if the path, which begins with a slash, begins with the prefix.
    fn is_below(&self, prefix: &str) -> bool {
        let path = self.name.strip_suffix(self.last_name());
        format!("/{}", path.unwrap_or_default()).starts_with(prefix)
    }
}

pub(super) fn attach(
    iam: &mut Iam,
    context: &mut RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let arn = read_arn(params)?;
    params.refuse_unread("AttachRolePolicy")?;
    let role = iam.role_mut(&name)?;
    let policy = known(&arn, context.partition())?;
    // Attaching a policy again changes nothing.
    if role.attached_policies.contains_key(&arn) {
        return Ok(Reply::empty());
    }
    if role.attached_policies.len() >= 10 {
        let message = "Cannot exceed quota for PoliciesPerRole: 10";
        return Err(ServiceError::new(Code::LimitExceeded, message));
    }
    let policy = AttachedPolicy {
        name: policy.to_owned(),
        effective_at: context.now + context.duration(Step::RolePolicyEffective),
    };
    role.attached_policies.insert(arn, policy);
    Ok(Reply::empty())
}

pub(super) fn detach(iam: &mut Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let arn = read_arn(params)?;
    params.refuse_unread("DetachRolePolicy")?;
    let removed = iam.role_mut(&name)?.attached_policies.remove(&arn);
    removed.map(|_| Reply::empty()).ok_or_else(|| {
        let message = format!("Policy {arn} was not found.");
        ServiceError::new(Code::NoSuchEntity, message)
    })
}

pub(super) fn list(iam: &Iam, params: &mut Params) -> Result<Reply, ServiceError> {
    let name = validation::role_name(params)?;
    let prefix = validation::path_prefix(params)?;
    let paging = Paging::read(params)?;
    params.refuse_unread("ListAttachedRolePolicies")?;
    let policies = iam.role(&name)?.attached_policies.iter();
    let policies = policies.filter(|(_, policy)| policy.is_below(&prefix));
    let policies = policies.map(|(arn, policy)| {
        let element = Element::new("policy")
            .with("PolicyName", policy.last_name())
            .with("PolicyArn", arn);
        (arn.as_str(), element)
    });
    Ok(paging.reply("AttachedPolicies", policies))
}

fn read_arn(params: &mut Params) -> Result<String, ServiceError> {
    let arn = params.required("PolicyArn")?;
    if !(20..=2048).contains(&arn.len()) {
        return Err(validation::failed(
            "PolicyArn",
            &arn,
            "Member must have length greater than or equal to 20 and less than or equal to 2048",
        ));
    }
    if !arn.starts_with("arn:") || !arn.contains(":policy/") {
        let message = format!("ARN {arn} is not valid.");
        return Err(ServiceError::new(Code::InvalidInput, message));
    }
    Ok(arn)
}

/// Returns the name of one of AWS's policies, which each partition has. No account here can create its own.
fn known(arn: &str, partition: Partition) -> Result<&str, ServiceError> {
    let of_aws = format!("arn:{partition}:iam::aws:policy/");
    let Some(name) = arn.strip_prefix(&of_aws) else {
        let message = format!("Policy {arn} does not exist or is not attachable.");
        return Err(ServiceError::new(Code::NoSuchEntity, message));
    };
    if POLICIES.iter().any(|(known, _)| *known == name) {
        return Ok(name);
    }
    Err(ServiceError::unsupported(format_args!(
        "the managed policy {name}"
    )))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{AttachedPolicy, POLICIES};

    #[test]
    fn policy_allows_its_actions() {
        let allows = |name: &str, action| {
            let policy = AttachedPolicy {
                name: name.to_owned(),
                effective_at: Timestamp::UNIX_EPOCH,
            };
            policy.allows_since(action).is_some()
        };
        assert!(POLICIES.is_sorted());
        let register = "ssm:UpdateInstanceInformation";
        assert!(allows("AmazonSSMManagedInstanceCore", register));
        assert!(allows("AdministratorAccess", register));
        assert!(!allows("CloudWatchAgentServerPolicy", register));
        assert!(!allows("Unknown", register));
    }
}
