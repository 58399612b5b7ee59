//! Protected resources: a removal finds out before anything is lost, and lifts no protection.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::AttributeBooleanValue;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, LoadBalancerAttribute, ProtocolEnum,
};
use geusemaker_core::{
    AlbHealthy, Deployment, FileSystems, Leftover, Phase, ResourceKind, StackName, Undone,
};
use geusemaker_testkit::{Aws, Fault, Outcome};

use crate::scenario::{Scenario, spec, stack, unlisted};

/// A protection that somebody can switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    LoadBalancer,
    Instance,
}

const GUARDS: [Guard; 2] = [Guard::LoadBalancer, Guard::Instance];

impl Guard {
    fn kind(self) -> ResourceKind {
        match self {
            Self::LoadBalancer => ResourceKind::LoadBalancer,
            Self::Instance => ResourceKind::Instance,
        }
    }

    /// The operation that asks for the protection.
    fn question(self) -> &'static str {
        match self {
            Self::LoadBalancer => "DescribeLoadBalancerAttributes",
            Self::Instance => "DescribeInstanceAttribute",
        }
    }

    /// The beginning of the command that lifts it, and of the one that follows.
    fn commands(self) -> [&'static str; 2] {
        match self {
            Self::LoadBalancer => [
                "aws elbv2 modify-load-balancer-attributes --load-balancer-arn arn:",
                " && aws elbv2 delete-load-balancer --load-balancer-arn arn:",
            ],
            Self::Instance => [
                "aws ec2 modify-instance-attribute --instance-id i-",
                " && aws ec2 terminate-instances --instance-ids i-",
            ],
        }
    }

    async fn set(self, aws: &Aws, on: bool) {
        let config = aws.sdk_config();
        match self {
            Self::LoadBalancer => {
                let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
                let all = elb.describe_load_balancers().send().await.unwrap();
                let arn = all.load_balancers()[0].load_balancer_arn().unwrap();
                let attribute = LoadBalancerAttribute::builder()
                    .key("deletion_protection.enabled")
                    .value(on.to_string())
                    .build();
                elb.modify_load_balancer_attributes()
                    .load_balancer_arn(arn)
                    .attributes(attribute)
                    .send()
                    .await
                    .unwrap();
            }
            Self::Instance => {
                let ec2 = aws_sdk_ec2::Client::new(&config);
                let all = ec2.describe_instances().send().await.unwrap();
                let id = all.reservations()[0].instances()[0].instance_id().unwrap();
                ec2.modify_instance_attribute()
                    .instance_id(id)
                    .disable_api_termination(AttributeBooleanValue::builder().value(on).build())
                    .send()
                    .await
                    .unwrap();
            }
        }
    }
}

async fn healthy(scenario: &Scenario) -> Deployment<AlbHealthy> {
    let planned = scenario.session.plan(spec(2)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    ready.balance().await.unwrap()
}

/// Returns the leftover of this kind; there is one.
#[track_caller]
fn left_of(undone: &Undone, kind: ResourceKind) -> &Leftover {
    let mut of_kind = undone.left.iter().filter(|left| left.kind == kind);
    let found = of_kind.next();
    found.unwrap_or_else(|| panic!("no {kind} is left: {undone:#?}"))
}

/// Asserts that the list has everything that exists, and nothing else that has an id.
#[track_caller]
fn assert_exact(aws: &Aws, undone: &Undone) {
    let alive = aws.leftovers();
    let listed = undone.left.iter();
    let listed = listed.map(|left| (left.kind, left.id.as_ref().map(|id| id.as_str())));
    assert_eq!(unlisted(&alive, listed), None, "{undone:#?}");
    let has_own_id = |left: &&Leftover| {
        !matches!(
            left.kind,
            ResourceKind::TargetRegistration
                | ResourceKind::SecurityGroupRule
                | ResourceKind::InstanceProfileRole
                | ResourceKind::RolePolicy
        )
    };
    for left in undone.left.iter().filter(has_own_id) {
        let id = left.id.as_ref().unwrap().as_str();
        assert!(
            alive.iter().any(|resource| resource.id == id),
            "{left} does not exist"
        );
    }
}

/// Returns the number of refused calls of each operation that removes something.
fn refused(aws: &Aws) -> BTreeMap<String, usize> {
    let mut refused = BTreeMap::new();
    for call in aws.calls() {
        let mut removals = ["Delete", "Deregister", "Revoke", "Terminate"].iter();
        let is_removal = removals.any(|verb| call.operation.starts_with(verb));
        if is_removal && matches!(call.outcome, Outcome::Refused(_)) {
            *refused.entry(call.operation).or_default() += 1;
        }
    }
    refused
}

#[track_caller]
fn assert_lifts_first(left: &Leftover, guard: Guard) {
    let command = left.command.as_deref().unwrap_or_default();
    let [lift, delete] = guard.commands();
    assert!(command.starts_with(lift), "{command}");
    assert!(command.contains(delete), "{command}");
    assert!(left.why.contains("protection is on"), "{}", left.why);
}

/// A stack in use goes on as it is, and is removed once the protection is lifted.
#[tokio::test(start_paused = true)]
async fn protected_stack_in_use_is_not_touched() {
    for guard in GUARDS {
        let scenario = Scenario::new();
        healthy(&scenario).await.commit().await.unwrap();
        guard.set(&scenario.aws, true).await;
        let before = scenario.aws.states();
        let start = scenario.aws.clock().elapsed();
        let name: StackName = stack();
        let undone = scenario.session.destroy(&name, FileSystems::Delete).await;
        let undone = undone.unwrap();
        let seconds = (scenario.aws.clock().elapsed() - start).as_secs();
        assert!(seconds < 10, "{guard:?}: {seconds} s");
        assert_eq!(scenario.aws.states(), before, "{guard:?}");
        assert!(undone.deleted.is_empty() && undone.kept.is_empty());
        assert_exact(&scenario.aws, &undone);
        assert_lifts_first(left_of(&undone, guard.kind()), guard);
        let file_system = left_of(&undone, ResourceKind::FileSystem);
        assert!(
            file_system.why.contains("is protected"),
            "{}",
            file_system.why
        );
        assert_eq!(file_system.command, None);
        let status = scenario.session.summary(&name).await.unwrap();
        assert_eq!(status.phase, Phase::Committed, "{guard:?}");

        guard.set(&scenario.aws, false).await;
        scenario.destroy().await;
    }
}

/// All that can go goes, without waiting for what the protected resource holds.
#[tokio::test(start_paused = true)]
async fn undo_keeps_data_of_protected_stack() {
    for guard in GUARDS {
        let scenario = Scenario::new();
        let deployment = healthy(&scenario).await;
        guard.set(&scenario.aws, true).await;
        let start = scenario.aws.clock().elapsed();
        let undone = deployment.rollback().await;
        let minutes = (scenario.aws.clock().elapsed() - start).as_secs() / 60;
        assert!(minutes < 6, "{guard:?}: {minutes} minutes");
        assert_exact(&scenario.aws, &undone);
        let refused = refused(&scenario.aws);
        assert!(refused.values().all(|count| *count == 1), "{refused:?}");
        assert_lifts_first(left_of(&undone, guard.kind()), guard);
        for kind in [
            ResourceKind::FileSystem,
            ResourceKind::MountTarget,
            ResourceKind::Instance,
        ] {
            left_of(&undone, kind);
        }
        assert!(undone.deleted.len() >= 5, "{guard:?}: {undone:#?}");

        guard.set(&scenario.aws, false).await;
        let undone = scenario.session.rollback(&stack()).await.unwrap();
        scenario.assert_nothing_left();
        assert!(undone.is_complete(), "{undone:#?}");
    }
}

/// The deletion itself then shows the protection, before any data is removed.
#[tokio::test(start_paused = true)]
async fn refused_deletion_shows_protection() {
    for guard in GUARDS {
        let scenario = Scenario::new();
        healthy(&scenario).await.commit().await.unwrap();
        guard.set(&scenario.aws, true).await;
        let fault = Fault::on(guard.question()).denied().forever();
        scenario.aws.inject(fault);
        let start = scenario.aws.clock().elapsed();
        let destroyed = scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await;
        let undone = destroyed.unwrap();
        let minutes = (scenario.aws.clock().elapsed() - start).as_secs() / 60;
        assert!(minutes < 6, "{guard:?}: {minutes} minutes");
        assert_exact(&scenario.aws, &undone);
        assert_lifts_first(left_of(&undone, guard.kind()), guard);
        left_of(&undone, ResourceKind::FileSystem);
        left_of(&undone, ResourceKind::MountTarget);
        let refused = refused(&scenario.aws);
        assert!(refused.values().all(|count| *count == 1), "{refused:?}");

        scenario.aws.lift_faults();
        guard.set(&scenario.aws, false).await;
        scenario.destroy().await;
    }
}

/// A denied deletion is not offered as a command, and the action to allow is named.
#[tokio::test(start_paused = true)]
async fn refused_call_is_no_way_out() {
    for (operation, action) in [
        (
            "DeleteLoadBalancer",
            "elasticloadbalancing:DeleteLoadBalancer",
        ),
        (
            "DeleteTargetGroup",
            "elasticloadbalancing:DeleteTargetGroup",
        ),
        ("DeleteFileSystem", "elasticfilesystem:DeleteFileSystem"),
        ("TerminateInstances", "ec2:TerminateInstances"),
        ("DeleteSecurityGroup", "ec2:DeleteSecurityGroup"),
        ("DeleteRole", "iam:DeleteRole"),
    ] {
        let scenario = Scenario::new();
        healthy(&scenario).await.commit().await.unwrap();
        scenario.aws.inject(Fault::on(operation).denied().forever());
        let destroyed = scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await;
        let undone = destroyed.unwrap();
        let denied = |left: &&Leftover| left.why.contains(action) || left.why.contains(operation);
        let denied: Vec<_> = undone.left.iter().filter(denied).collect();
        assert!(!denied.is_empty(), "{operation}: {undone:#?}");
        for left in denied {
            let remedy = left.remedy.as_deref().unwrap_or_default();
            assert!(remedy.contains(action), "{operation}: {left:#?}");
        }
        // Everything that is left was refused, or is held by what is left.
        assert!(
            undone.left.iter().all(|left| left.command.is_none()),
            "{operation}: {undone:#?}"
        );
        scenario.aws.lift_faults();
        scenario.destroy().await;
    }
}

/// Whatever of another owner holds a resource is named, and not waited for.
#[tokio::test(start_paused = true)]
async fn holder_of_another_owner_is_named() {
    let scenario = Scenario::new();
    let deployment = healthy(&scenario).await;
    let state = deployment.state().clone();
    deployment.commit().await.unwrap();
    let config = scenario.aws.sdk_config();
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
    // A rule of a group that somebody else has made.
    let vpc = state.ec2.network.vpc.to_string();
    let group = ec2.create_security_group().group_name("others");
    let group = group.description("others").vpc_id(&vpc);
    let group = group.send().await.unwrap().group_id.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let pair = aws_sdk_ec2::types::UserIdGroupPair::builder()
        .group_id(state.ec2.instance_group.as_str())
        .build();
    let permission = aws_sdk_ec2::types::IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(22)
        .to_port(22)
        .user_id_group_pairs(pair)
        .build();
    let rule = ec2.authorize_security_group_ingress().group_id(&group);
    rule.ip_permissions(permission).send().await.unwrap();
    // Another load balancer, which somebody has put in the place of the stack's.
    let all = elb.describe_listeners();
    let all = all.load_balancer_arn(state.load_balancer.arn.as_str());
    let all = all.send().await.unwrap();
    let delete = elb.delete_listener();
    let delete = delete.listener_arn(all.listeners()[0].listener_arn().unwrap());
    delete.send().await.unwrap();
    let subnets = ec2.describe_subnets().send().await.unwrap();
    let subnets: Vec<_> = subnets.subnets().iter().take(2).collect();
    let subnets = subnets.iter().map(|subnet| subnet.subnet_id().unwrap());
    let others = elb.create_load_balancer().name("others");
    let others = others.set_subnets(Some(subnets.map(str::to_owned).collect()));
    let others = others.send().await.unwrap();
    let others = others.load_balancers()[0].load_balancer_arn().unwrap();
    let forward = Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(state.target_groups[0].arn.as_str())
        .build();
    let listener = elb.create_listener().load_balancer_arn(others);
    let listener = listener.protocol(ProtocolEnum::Http).port(80);
    let listener = listener.default_actions(forward).send().await.unwrap();
    let listener = listener.listeners()[0].listener_arn().unwrap();

    let start = scenario.aws.clock().elapsed();
    let name = stack();
    let undone = scenario.session.destroy(&name, FileSystems::Delete).await;
    let undone = undone.unwrap();
    let minutes = (scenario.aws.clock().elapsed() - start).as_secs() / 60;
    assert!(minutes < 8, "{minutes} minutes");
    assert_eq!(undone.left.len(), 2, "{:#?}", undone.left);
    let target_group = left_of(&undone, ResourceKind::TargetGroup);
    assert!(target_group.why.contains(others), "{}", target_group.why);
    let instances = left_of(&undone, ResourceKind::SecurityGroup);
    assert!(instances.why.contains(&group), "{}", instances.why);
    assert!(undone.left.iter().all(|left| left.command.is_none()));

    let delete = elb.delete_listener().listener_arn(listener);
    delete.send().await.unwrap();
    let delete = elb.delete_load_balancer().load_balancer_arn(others);
    delete.send().await.unwrap();
    let delete = ec2.delete_security_group().group_id(group);
    delete.send().await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    scenario.destroy().await;
}

/// Every read that a removal depends on.
const READS: [&str; 16] = [
    "DescribeFileSystems",
    "DescribeInstanceAttribute",
    "DescribeInstances",
    "DescribeListeners",
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeMountTargets",
    "DescribeMountTargetSecurityGroups",
    "DescribeNetworkInterfaces",
    "DescribeRules",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "DescribeTags",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
    "ListDistributions",
];

/// A read that is denied for ever makes no undo wait, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn undo_without_a_read_ends_soon() {
    for read in READS {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec(2)).await.unwrap();
        let ready = planned.launch().await.unwrap();
        scenario.aws.inject(Fault::on(read).denied().forever());
        scenario
            .aws
            .inject(Fault::on("CreateRule").denied().forever());
        let failed = ready.balance().await.unwrap_err();
        let start = scenario.aws.clock().elapsed();
        let undone = failed.previous.rollback().await;
        let minutes = (scenario.aws.clock().elapsed() - start).as_secs() / 60;
        assert!(minutes < 4, "{read}: {minutes} minutes: {undone:#?}");
        let alive = scenario.aws.leftovers();
        let listed = undone.left.iter();
        let listed = listed.map(|left| (left.kind, left.id.as_ref().map(|id| id.as_str())));
        assert_eq!(unlisted(&alive, listed), None, "{read}: {undone:#?}");
        for left in &undone.left {
            let is_named = left.id.is_some() || left.to_string().contains("llm") || {
                left.to_string().contains(left.key.as_str())
            };
            assert!(is_named, "{read}: {left}");
        }
        scenario.aws.lift_faults();
        tokio::time::sleep(Duration::from_secs(600)).await;
        crate::scenario::remove(&scenario.session).await.ok();
        scenario.assert_nothing_left();
    }
}

/// The ARN that came back is known, although nobody could find out whose it is.
#[tokio::test(start_paused = true)]
async fn answered_arn_is_listed() {
    for (read, kind) in [
        ("DescribeTargetGroups", ResourceKind::TargetGroup),
        ("DescribeLoadBalancers", ResourceKind::LoadBalancer),
        ("DescribeTags", ResourceKind::LoadBalancer),
    ] {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec(2)).await.unwrap();
        let ready = planned.launch().await.unwrap();
        scenario.aws.inject(Fault::on(read).denied().forever());
        let start = scenario.aws.clock().elapsed();
        let failed = ready.balance().await.unwrap_err();
        let minutes = (scenario.aws.clock().elapsed() - start).as_secs() / 60;
        assert!(minutes < 2, "{read}: {minutes} minutes");
        let left = left_of(&failed.undone, kind);
        let arn = left.id.as_ref().map(|id| id.as_str()).unwrap_or_default();
        assert!(arn.starts_with("arn:aws:elasticloadbalancing:"), "{left}");
        assert!(
            left.name
                .as_deref()
                .is_some_and(|name| name.starts_with("llm"))
        );
        assert_eq!(left.command, None);
        let remedy = left.remedy.as_deref().unwrap_or_default();
        assert!(
            remedy.contains(&format!("elasticloadbalancing:{read}")),
            "{remedy}"
        );

        // Another process knows the name.
        let later = scenario.another_session();
        failed.previous.keep().await.unwrap();
        let undone = later.rollback(&stack()).await.unwrap();
        let left = left_of(&undone, kind);
        assert!(left.to_string().contains("llm"), "{left}");
        assert_eq!(left.id, None);
        scenario.aws.lift_faults();
        tokio::time::sleep(Duration::from_secs(600)).await;
        later
            .rollback(&stack())
            .await
            .unwrap()
            .into_result()
            .unwrap();
        scenario.assert_nothing_left();
    }
}
