//! The least IAM policy with which a stack can be planned, deployed, watched and removed.

mod cloudfront;
mod ec2;
mod elastic_file_system;
mod elastic_load_balancing;
mod identity;
mod implied;
mod names;
mod need;
mod permission;
mod systems_manager;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use self::implied::{IMPLIED, SERVICE_LINKED_ROLES};
use self::need::Need;
use self::permission::{Permission, Scope};
use crate::resource::tags::STACK;
use crate::spec::{DeploymentSpec, StackName};

/// The calls to each service.
const TABLES: [&[Permission]; 11] = [
    ec2::EC2,
    elastic_file_system::ELASTIC_FILE_SYSTEM,
    elastic_load_balancing::ELASTIC_LOAD_BALANCING,
    cloudfront::CLOUDFRONT,
    identity::IAM,
    identity::STS,
    identity::SERVICE_QUOTAS,
    names::ROUTE_53,
    names::CERTIFICATE_MANAGER,
    systems_manager::SYSTEMS_MANAGER,
    systems_manager::SECRETS_MANAGER,
];

/// An IAM policy with the permissions that this library needs, and no others.
///
/// It permits each call that a stack of a spec needs, from the plan to the removal, and the calls that look for what a
/// lost reply has made. Resources are deleted and changed only where they have the tag of the stack; roles, where their
/// names begin with it. It serializes as a policy document.
///
/// ```
/// # fn main() -> Result<(), geusemaker_core::Error> {
/// use geusemaker_core::{DeploymentSpec, IamPolicy};
///
/// let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'";
/// let policy = IamPolicy::of_spec(&DeploymentSpec::from_toml(spec)?);
/// assert!(policy.actions().any(|action| action == "ec2:RunInstances"));
/// assert!(policy.actions().all(|action| !action.starts_with("cloudfront:")));
/// assert!(IamPolicy::of_all_stacks().actions().any(|action| action == "cloudfront:DeleteDistribution"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct IamPolicy {
    /// None for stacks of any name.
    stack: Option<StackName>,
    operations: BTreeSet<String>,
    actions: BTreeMap<Scope, BTreeSet<&'static str>>,
    service_linked_roles: Vec<&'static str>,
    passes: Option<PassedRole>,
}

/// The role that is passed to the instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PassedRole {
    Own,
    /// That of an instance profile of another owner, whose name is known to AWS alone.
    Any,
}

impl IamPolicy {
    /// Returns the policy for the stack of a spec.
    #[must_use]
    pub fn of_spec(spec: &DeploymentSpec) -> Self {
        let passes = match spec.access().instance_profile() {
            Some(_) => Some(PassedRole::Any),
            None => Need::Role.is_of(spec).then_some(PassedRole::Own),
        };
        Self::new(Some(spec.name().clone()), passes, |need| need.is_of(spec))
    }

    /// Returns the policy for stacks of any spec, and for the search for leftovers.
    #[must_use]
    pub fn of_all_stacks() -> Self {
        Self::new(None, Some(PassedRole::Any), |_| true)
    }

    fn new(
        stack: Option<StackName>,
        passes: Option<PassedRole>,
        is_needed: impl Fn(Need) -> bool,
    ) -> Self {
        let mut actions: BTreeMap<Scope, BTreeSet<_>> = BTreeMap::new();
        let mut operations = BTreeSet::new();
        for permission in TABLES.into_iter().flatten() {
            if permission.needs.iter().any(|need| is_needed(*need)) {
                operations.insert(format!("{}:{}", permission.service, permission.operation));
                let of_scope = actions.entry(permission.scope).or_default();
                of_scope.extend(permission.actions);
            }
        }
        let implied = IMPLIED.iter().filter(|(need, _)| is_needed(*need));
        let of_scope = actions.entry(Scope::Any).or_default();
        of_scope.extend(implied.flat_map(|(_, actions)| *actions));
        let roles = SERVICE_LINKED_ROLES.iter();
        let roles = roles.filter(|(need, _)| is_needed(*need));
        Self {
            stack,
            operations,
            actions,
            service_linked_roles: roles.map(|(_, service)| *service).collect(),
            passes,
        }
    }

    /// Returns the actions that are permitted, sorted: `ec2:RunInstances`.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        let linked =
            (!self.service_linked_roles.is_empty()).then_some("iam:CreateServiceLinkedRole");
        let passed = self.passes.map(|_| "iam:PassRole");
        let mut actions: BTreeSet<_> = self.actions.values().flatten().copied().collect();
        actions.extend(linked.into_iter().chain(passed));
        actions.into_iter()
    }

    /// Returns the operations that are called, sorted, each with the service as its actions name it:
    /// `elasticfilesystem:CreateFileSystem`. An operation may need several actions, or one of another name.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(String::as_str)
    }

    fn statements(&self) -> Vec<Value> {
        let of_scopes = self.actions.iter();
        let mut statements: Vec<_> = of_scopes
            .map(|(scope, actions)| self.statement(*scope, actions))
            .collect();
        if !self.service_linked_roles.is_empty() {
            statements.push(json!({
                "Sid": "ServiceLinkedRoles",
                "Effect": "Allow",
                "Action": "iam:CreateServiceLinkedRole",
                "Resource": "arn:aws:iam::*:role/aws-service-role/*",
                "Condition": {
                    "StringEquals": { "iam:AWSServiceName": self.service_linked_roles },
                },
            }));
        }
        let role = match self.passes {
            Some(PassedRole::Own) => format!("arn:aws:iam::*:role/{}", self.names()),
            Some(PassedRole::Any) => "arn:aws:iam::*:role/*".to_owned(),
            None => return statements,
        };
        statements.push(json!({
            "Sid": "RoleOfInstances",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role,
            "Condition": { "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } },
        }));
        statements
    }

    fn statement(&self, scope: Scope, actions: &BTreeSet<&'static str>) -> Value {
        let mut statement = Map::new();
        let (id, resource) = match scope {
            Scope::Any => ("ReadAndCreate", json!("*")),
            Scope::Tagged => ("ChangeAndDelete", json!("*")),
            Scope::Named => {
                let names = self.names();
                let kinds = ["role", "instance-profile"];
                let resources = kinds.map(|kind| format!("arn:aws:iam::*:{kind}/{names}"));
                ("InstanceRole", json!(resources))
            }
        };
        statement.insert("Sid".to_owned(), id.into());
        statement.insert("Effect".to_owned(), "Allow".into());
        statement.insert("Action".to_owned(), json!(actions));
        statement.insert("Resource".to_owned(), resource);
        if scope == Scope::Tagged {
            let tag = format!("aws:ResourceTag/{STACK}");
            let condition = match &self.stack {
                Some(stack) => json!({ "StringEquals": { tag: stack } }),
                None => json!({ "Null": { tag: "false" } }),
            };
            statement.insert("Condition".to_owned(), condition);
        }
        Value::Object(statement)
    }

    /// Returns the pattern of the names of the roles: the stack's, a hyphen, and the deployment id.
    fn names(&self) -> String {
        match &self.stack {
            Some(stack) => format!("{stack}-*"),
            None => "*".to_owned(),
        }
    }
}

impl Serialize for IamPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = json!({ "Version": "2012-10-17", "Statement": self.statements() });
        document.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_listed_once() {
        let mut seen = BTreeSet::new();
        for permission in TABLES.into_iter().flatten() {
            assert!(
                seen.insert((permission.service, permission.operation)),
                "{permission:?}"
            );
        }
    }
}
