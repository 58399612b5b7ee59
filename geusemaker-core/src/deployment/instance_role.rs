//! The role with which the instances act: its policy, and the instance profile that carries it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::Error;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::resource::instance_profile::NewInstanceProfile;
use crate::resource::instance_profile_role::NewInstanceProfileRole;
use crate::resource::role::NewRole;
use crate::resource::role_policy::NewRolePolicy;
use crate::resource_key::ResourceKey;
use crate::spec::SecretSource;

/// The name of the only policy of the role.
const POLICY: &str = "instances";

/// Creates the role and the instance profile, if the spec needs them. Returns the name of the profile that the instances
/// get, if they get one. It is created before the instances: an agent of Systems Manager that boots without permission
/// does not try again for half an hour.
pub(super) async fn instance_profile(ledger: &Arc<Ledger>) -> Result<Option<String>, Error> {
    let plan = &ledger.plan;
    if let Some(adopted) = plan.spec.access().instance_profile() {
        return Ok(Some(adopted.to_string()));
    }
    if !plan.spec.creates_role() {
        return Ok(None);
    }
    let (stack, deployment) = (&ledger.owner.stack, &ledger.owner.deployment);
    let name = format!("{stack}-{deployment}");
    let role = ledger.create(
        ResourceKey::new("role"),
        NewRole {
            name: name.clone(),
            region: plan.region.to_string(),
            owner: ledger.owner.clone(),
        },
    );
    let profile = ledger.create(
        ResourceKey::new("instance-profile"),
        NewInstanceProfile {
            name,
            region: plan.region.to_string(),
            owner: ledger.owner.clone(),
        },
    );
    let (role, profile) = futures::try_join!(role, profile)?;
    let policy = ledger.create(
        ResourceKey::new("role-policy"),
        NewRolePolicy {
            role: role.clone(),
            name: POLICY.to_owned(),
            document: policy(plan).to_string(),
        },
    );
    let membership = ledger.create(
        ResourceKey::new("instance-profile-role"),
        NewInstanceProfileRole {
            profile: profile.clone(),
            role,
        },
    );
    futures::try_join!(policy, membership)?;
    Ok(Some(profile.to_string()))
}

/// Returns the policy of the role: no more than the agent of Systems Manager and the services need.
fn policy(plan: &Plan) -> Value {
    let mut statements = Vec::new();
    if plan.spec.access().ssm() {
        // The managed policy for this, AmazonSSMManagedInstanceCore, lets the role read all parameters as well.
        statements.push(allow(
            &[
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            &["*".to_owned()],
        ));
    }
    statements.extend(secrets(plan));
    statements.extend(images(plan));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Returns the statements that let the role read the secrets of the services, and no others. Keys of the account's own
/// decrypt only those secrets.
fn secrets(plan: &Plan) -> Vec<Value> {
    let (mut parameters, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    for source in plan.spec.secret_sources() {
        match source {
            SecretSource::Parameter(name) => {
                let name = name.as_str().trim_start_matches('/');
                parameters.insert(arn(plan, "ssm", &format!("parameter/{name}")));
            }
            // AWS adds a hyphen and six characters to the name.
            SecretSource::SecretsManager { name, .. } => {
                secrets.insert(arn(
                    plan,
                    "secretsmanager",
                    &format!("secret:{name}-??????"),
                ));
            }
            SecretSource::Generated(_) => {}
        }
    }
    let of_service = [
        ("ssm:GetParameter", "PARAMETER_ARN", parameters),
        ("secretsmanager:GetSecretValue", "SecretARN", secrets),
    ];
    let keys = [arn(plan, "kms", "key/*")];
    let used = of_service
        .into_iter()
        .filter(|(_, _, arns)| !arns.is_empty());
    used.flat_map(|(action, context, arns)| {
        let arns: Vec<_> = arns.into_iter().collect();
        let mut decrypt = allow(&["kms:Decrypt"], &keys);
        decrypt["Condition"] =
            json!({ "StringLike": { format!("kms:EncryptionContext:{context}"): arns } });
        [allow(&[action], &arns), decrypt]
    })
    .collect()
}

/// Returns the statements that let the role pull the images that are in Amazon ECR, and no others.
fn images(plan: &Plan) -> Vec<Value> {
    let repositories: BTreeSet<_> = plan
        .spec
        .ecr_repositories()
        .map(|repository| repository.arn())
        .collect();
    if repositories.is_empty() {
        return Vec::new();
    }
    let repositories: Vec<_> = repositories.into_iter().collect();
    let pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    // The password is for all registries that the role may read.
    let log_in = allow(&["ecr:GetAuthorizationToken"], &["*".to_owned()]);
    vec![log_in, allow(&pull, &repositories)]
}

fn arn(plan: &Plan, service: &str, resource: &str) -> String {
    let (partition, region) = (plan.region.partition(), &plan.region);
    format!(
        "arn:{partition}:{service}:{region}:{}:{resource}",
        plan.account
    )
}

fn allow(actions: &[&str], resources: &[String]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}
