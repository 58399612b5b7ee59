//! The IAM policy permits every call that is made, and no call that is never made.

use std::collections::BTreeSet;
use std::time::Duration;

use geusemaker_core::spec::InvalidationPaths;
use geusemaker_core::{
    DeploymentSpec, IamPolicy, Journals, RemoteCommand, Session, SessionPurpose,
};
use geusemaker_testkit::{Aws, CallRecord, Fault, Service};

use crate::scenario::{Scenario, account, spec_with, stack};

/// The tiers and further tables of stacks with different needs.
const STACKS: [(u8, &str); 9] = [
    (1, ""),
    (1, "[network]\ncreate = true"),
    (1, "[network]\ncreate = true\nprivate = true"),
    (
        1,
        "[network]\ncreate = true\nprivate = true\negress = 'endpoints'",
    ),
    (1, "[access]\nssm = false"),
    (2, ""),
    (3, ""),
    (
        3,
        "[domain]\nname = 'llm.example.com'\nhosted_zone = 'example.com'",
    ),
    (3, "[cdn]\norigin = 'vpc'"),
];

/// The calls that only an unusual account or a removal with obstacles needs.
const OCCASIONAL: [&str; 9] = [
    // Somebody else's resource holds one of the stack.
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeTags",
    // Somebody has attached a policy to the role.
    "iam:ListAttachedRolePolicies",
    "iam:DetachRolePolicy",
    // The account has never asked for another quota.
    "servicequotas:GetAWSDefaultServiceQuota",
    // A distribution of an earlier attempt is looked for.
    "cloudfront:ListTagsForResource",
    // A command or a session is given up.
    "ssm:CancelCommand",
    "ssm:TerminateSession",
    // The agent of an instance does not answer.
    "ssm:DescribeInstanceInformation",
];

/// The calls of other specs than those of this test: they name policies, types, keys, zones, secrets and file systems that
/// an account has to have.
const OTHER_SPECS: [&str; 13] = [
    "cloudfront:GetCachePolicy",
    "cloudfront:GetOriginRequestPolicy",
    "cloudfront:GetResponseHeadersPolicy",
    "ec2:DescribeCapacityReservations",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeKeyPairs",
    "elasticfilesystem:CreateAccessPoint",
    "elasticfilesystem:DeleteAccessPoint",
    "route53:GetHostedZone",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "ssm:DescribeParameters",
    "ssm:GetParameter",
];

fn name_of(call: &CallRecord) -> Option<String> {
    let service = match call.service? {
        Service::Ec2 => "ec2",
        Service::Efs => "elasticfilesystem",
        Service::ElasticLoadBalancing => "elasticloadbalancing",
        Service::CloudFront => "cloudfront",
        Service::Iam => "iam",
        Service::Sts => "sts",
        Service::ServiceQuotas => "servicequotas",
        Service::Route53 => "route53",
        Service::Acm => "acm",
        Service::Ssm => "ssm",
        Service::SecretsManager => "secretsmanager",
        other => panic!("{other:?} has no name in policies"),
    };
    let operation = call.operation.trim_end_matches(" (dry run)");
    Some(format!("{service}:{operation}"))
}

fn names_of(aws: &Aws) -> BTreeSet<String> {
    aws.calls().iter().filter_map(name_of).collect()
}

/// Deploys a stack, asks for its state and removes it.
async fn live(spec: &DeploymentSpec, aws: Aws) -> Aws {
    let scenario = Scenario::on(aws);
    let session = &scenario.session;
    let planned = session.plan(spec.clone()).await.unwrap();
    planned.launch().await.unwrap().keep().await.unwrap();
    session.resume(&stack()).await.unwrap();
    session.status(&stack()).await.unwrap();
    scenario.destroy().await;
    scenario.aws
}

/// Returns the account in which the reply to the first call of each of these operations is lost.
fn with_lost_replies(calls: &[CallRecord]) -> Aws {
    let changes = calls
        .iter()
        .filter(|call| call.is_mutating() && call.nth == 1);
    changes
        .fold(account(), |account, call| {
            account.fault(Fault::on(&call.operation).nth(1).lose_reply().optional())
        })
        .build()
}

/// Uses a stack in all ways, and looks for leftovers.
async fn use_fully(spec: DeploymentSpec) -> BTreeSet<String> {
    let scenario = Scenario::new();
    let session = &scenario.session;
    let planned = session.plan(spec).await.unwrap();
    planned.launch().await.unwrap().keep().await.unwrap();
    session.resume(&stack()).await.unwrap();
    let everything = InvalidationPaths::everything();
    let accepted = session.invalidate(&stack(), everything).await.unwrap();
    let completed = session.await_invalidation(&stack(), &accepted).await;
    completed.unwrap();
    session.rotate_origin_secret(&stack()).await.unwrap();
    let remote = session.remote(&stack()).await.unwrap();
    // The agents connect some minutes after the launch.
    remote.sleep(Duration::from_secs(600)).await;
    let first = &remote.instances()[0].id;
    let command = RemoteCommand::on_instance(["true"]);
    let sent = remote.send(first, &command).await.unwrap();
    remote.result(&sent).await.unwrap();
    let purpose = SessionPurpose::Shell;
    remote.start_session(first, &purpose).await.unwrap();
    let without_journals = Session::new(scenario.aws.sdk_config(), Journals::in_memory());
    without_journals.orphans(None).await.unwrap();
    scenario.destroy().await;
    names_of(&scenario.aws)
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn policy_permits_needed_calls_alone() {
    let mut all = use_fully(spec_with(3, "")).await;
    let (occasional, full) = (set(OCCASIONAL), all.clone());
    for (tier, tables) in STACKS {
        let spec = spec_with(tier, tables);
        let permitted = set(IamPolicy::of_spec(&spec).operations());
        let calm = live(&spec, account().build()).await;
        let disturbed = live(&spec, with_lost_replies(&calm.calls())).await;
        let made = &names_of(&calm) | &names_of(&disturbed);
        let refused = &made - &permitted;
        assert!(refused.is_empty(), "tier {tier}, {tables}: {refused:#?}");
        let unused = &(&permitted - &made) - &(&occasional | &full);
        assert!(unused.is_empty(), "tier {tier}, {tables}: {unused:#?}");
        all.extend(made);
    }
    let permitted = set(IamPolicy::of_all_stacks().operations());
    let refused = &all - &permitted;
    assert!(refused.is_empty(), "{refused:#?}");
    let unused = &(&permitted - &all) - &occasional;
    assert_eq!(unused, set(OTHER_SPECS));
}
