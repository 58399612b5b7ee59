//! The health of a stack: what AWS says of its parts, and what the journal says where AWS is not or cannot be asked.

use std::time::Duration;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{
    Category, DegradedPart, FileSystems, Health, ResourceState, Session, StatusSource,
};
use geusemaker_testkit::{Aws, Fault};

use crate::scenario::{Scenario, account, deploy_tier_3, spec, spec_with, stack};

const LATER: Duration = Duration::from_secs(600);

async fn committed(tier: u8) -> Scenario {
    committed_on(account().build(), tier).await
}

async fn committed_on(aws: Aws, tier: u8) -> Scenario {
    let scenario = Scenario::on(aws);
    let planned = scenario.session.plan(spec(tier)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    match tier {
        1 => drop(ready.commit().await.unwrap()),
        _ => drop(ready.balance().await.unwrap().commit().await.unwrap()),
    }
    scenario
}

async fn health(scenario: &Scenario) -> Health {
    scenario.session.status(&stack()).await.unwrap().health
}

/// Returns the parts of a stack that do not work.
#[track_caller]
fn degraded(health: Health) -> Vec<DegradedPart> {
    match health {
        Health::Degraded { parts, .. } => parts,
        other => panic!("{other:?}"),
    }
}

async fn instance(scenario: &Scenario) -> String {
    let outputs = scenario.session.summary(&stack()).await.unwrap().outputs;
    outputs.instances[0].to_string()
}

fn ec2(scenario: &Scenario) -> aws_sdk_ec2::Client {
    aws_sdk_ec2::Client::new(&scenario.aws.sdk_config())
}

#[tokio::test(start_paused = true)]
async fn stack_of_any_tier_is_running() {
    for tier in [1, 2] {
        let scenario = committed(tier).await;
        assert_eq!(health(&scenario).await, Health::Running, "tier {tier}");
    }
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    deployed.commit().await.unwrap();
    assert_eq!(health(&scenario).await, Health::Running);
}

#[tokio::test(start_paused = true)]
async fn network_of_its_own_is_running() {
    let scenario = Scenario::new();
    let spec = spec_with(2, "[network]\ncreate = true");
    let ready = scenario.session.plan(spec).await.unwrap().launch().await;
    let balanced = ready.unwrap().balance().await.unwrap();
    balanced.commit().await.unwrap();
    assert_eq!(health(&scenario).await, Health::Running);
}

/// The instance alone is named: its registration fails because of it.
#[tokio::test(start_paused = true)]
async fn spot_interruption_degrades_stack() {
    let taken = Fault::on("RunInstances")
        .fails("Server.SpotInstanceTermination")
        .later(Duration::from_secs(3600));
    let scenario = committed_on(account().fault(taken).build(), 2).await;
    assert_eq!(health(&scenario).await, Health::Running);
    tokio::time::sleep(Duration::from_secs(3600) + LATER).await;

    let status = scenario.session.status(&stack()).await.unwrap();
    let parts = degraded(status.health.clone());
    let [part] = parts.as_slice() else {
        panic!("{parts:#?}");
    };
    assert_eq!(
        part.to_string(),
        format!(
            "instance {} no longer exists (terminated: spot interruption)",
            instance(&scenario).await
        )
    );
    let reason = part.reason.as_ref().unwrap();
    assert_eq!(
        reason.code.as_deref(),
        Some("Server.SpotInstanceTermination")
    );
    assert!(reason.since.unwrap() < status.as_of);
    let json = serde_json::to_value(&status).unwrap();
    assert_eq!(json["state"], "degraded");
    assert_eq!(json["degraded"][0]["key"], "instance/0");
}

#[tokio::test(start_paused = true)]
async fn stopped_instance_degrades_until_started() {
    let scenario = committed(2).await;
    let (ec2, id) = (ec2(&scenario), instance(&scenario).await);
    ec2.stop_instances().instance_ids(&id).send().await.unwrap();
    tokio::time::sleep(LATER).await;
    let parts = degraded(health(&scenario).await);
    assert_eq!(parts.len(), 1, "{parts:#?}");
    assert_eq!(
        parts[0].to_string(),
        format!("instance {id} is stopped (by a user)")
    );

    ec2.start_instances()
        .instance_ids(&id)
        .send()
        .await
        .unwrap();
    tokio::time::sleep(LATER).await;
    assert_eq!(health(&scenario).await, Health::Running);
}

/// The listeners and rules of the load balancer are gone with it, and are not named.
#[tokio::test(start_paused = true)]
async fn deleted_balancer_stands_for_its_parts() {
    let scenario = committed(2).await;
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&scenario.aws.sdk_config());
    let status = scenario.session.summary(&stack()).await.unwrap();
    let balancer = status.resources.iter().find(|it| it.key == "alb").unwrap();
    let arn = balancer.id.as_ref().unwrap().as_str();
    elb.delete_load_balancer()
        .load_balancer_arn(arn)
        .send()
        .await
        .unwrap();
    tokio::time::sleep(LATER).await;
    let parts = degraded(health(&scenario).await);
    let texts: Vec<_> = parts.iter().map(ToString::to_string).collect();
    assert_eq!(texts, [format!("load balancer {arn} no longer exists")]);
}

#[tokio::test(start_paused = true)]
async fn stack_without_parts_is_gone() {
    let scenario = committed(2).await;
    let stranger = Session::new(
        scenario.aws.sdk_config(),
        std::sync::Arc::new(InMemory::new()),
    );
    tokio::time::sleep(LATER).await;
    let orphans = stranger.orphans(None).await.unwrap();
    let removed = stranger.remove_orphans(&orphans, FileSystems::Delete).await;
    assert!(removed.unwrap().is_complete());
    assert_eq!(health(&scenario).await, Health::Gone);
}

/// AWS refuses one question: no part is known to fail, and none is said to work.
#[tokio::test(start_paused = true)]
async fn refused_question_leaves_health_unknown() {
    let scenario = committed(2).await;
    scenario
        .aws
        .inject(Fault::on("DescribeLoadBalancers").denied().forever());
    let status = scenario.session.status(&stack()).await.unwrap();
    match &status.health {
        Health::Unknown { error, .. } => {
            assert_eq!(
                error.operation,
                "elasticloadbalancing:DescribeLoadBalancers"
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(serde_json::to_value(&status).unwrap()["state"], "unknown");
}

/// Without credentials the status is an error, and the journal still has its summary.
#[tokio::test(start_paused = true)]
async fn refused_identity_is_an_error() {
    let scenario = committed(1).await;
    let refused = Fault::on("GetCallerIdentity").answer("InvalidClientTokenId");
    scenario.aws.inject(refused.forever());
    let error = scenario.session.status(&stack()).await.unwrap_err();
    assert_eq!(error.category(), Category::Access);

    let summary = scenario.session.summary(&stack()).await.unwrap();
    assert_eq!(summary.health, Health::Deployed);
    assert_eq!(summary.source, StatusSource::Journal);
    let states = summary.resources.iter().map(|resource| &resource.state);
    assert!(states.eq(std::iter::repeat_n(
        &ResourceState::Created,
        summary.resources.len()
    )));
}

/// A stack that is begun is being deployed while a process works on it, and interrupted afterwards.
#[tokio::test(start_paused = true)]
async fn unfinished_stack_is_deploying_or_not() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    assert_eq!(health(&scenario).await, Health::Deploying);
    ready.keep().await.unwrap();
    assert_eq!(health(&scenario).await, Health::Interrupted);
    let undone = scenario.session.rollback(&stack()).await.unwrap();
    assert!(undone.is_complete());
}

#[tokio::test(start_paused = true)]
async fn kept_file_system_is_listed_and_deleted() {
    let scenario = committed(1).await;
    let summary = scenario.session.summary(&stack()).await.unwrap();
    let id = summary.outputs.file_system.unwrap();
    let undone = scenario.session.destroy(&stack(), FileSystems::Keep).await;
    undone.unwrap().into_result().unwrap();

    let overview = scenario.session.overview().await.unwrap();
    assert!(overview.stacks.is_empty());
    let [kept] = overview.kept_file_systems.as_slice() else {
        panic!("{overview:#?}");
    };
    assert_eq!((&kept.stack, &kept.id), (&stack(), &id));
    assert!(kept.since < kept.kept_at);
    let measured = scenario.session.measure(vec![kept.clone()]).await.unwrap();
    assert!(measured[0].bytes.is_some());

    // A stack of the same name is another stack, and does not make it forgotten.
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    planned
        .launch()
        .await
        .unwrap()
        .rollback()
        .await
        .into_result()
        .unwrap();
    let kept = scenario.session.kept_file_systems(&stack()).await.unwrap();
    assert_eq!(kept.len(), 1);

    let deleted = scenario.session.delete_kept(&stack(), &kept).await.unwrap();
    assert_eq!(deleted.deleted.len(), 1);
    assert!(
        scenario
            .session
            .kept_file_systems(&stack())
            .await
            .unwrap()
            .is_empty()
    );
    scenario.assert_nothing_left();
}

/// The stack that uses it is named, and it stays.
#[tokio::test(start_paused = true)]
async fn kept_file_system_in_use_stays() {
    let scenario = committed(1).await;
    let undone = scenario.session.destroy(&stack(), FileSystems::Keep).await;
    let id = undone.unwrap().kept[0].id.clone();
    let adopting = spec_with(1, &format!("[storage]\nfile_system = '{id}'"));
    let planned = scenario.session.plan(adopting).await.unwrap();
    planned.launch().await.unwrap().commit().await.unwrap();

    let kept = scenario.session.overview().await.unwrap().kept_file_systems;
    assert_eq!(kept[0].used_by, Some(stack()));
    let deleted = scenario.session.delete_kept(&stack(), &kept).await;
    assert!(!deleted.unwrap().is_complete());
    assert_eq!(
        scenario
            .session
            .kept_file_systems(&stack())
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(health(&scenario).await, Health::Running);
}

/// A file system that somebody has deleted by hand is left out once AWS was asked.
#[tokio::test(start_paused = true)]
async fn lost_file_system_is_not_measured() {
    let scenario = committed(1).await;
    let undone = scenario.session.destroy(&stack(), FileSystems::Keep).await;
    let id = undone.unwrap().kept[0].id.to_string();
    let efs = aws_sdk_efs::Client::new(&scenario.aws.sdk_config());
    efs.delete_file_system()
        .file_system_id(id)
        .send()
        .await
        .unwrap();
    tokio::time::sleep(LATER).await;
    let kept = scenario.session.kept_file_systems(&stack()).await.unwrap();
    assert!(scenario.session.measure(kept).await.unwrap().is_empty());
}
