//! Deployment and removal without faults: the resources of each tier, the order of the steps, and the time they take.

use std::collections::BTreeSet;
use std::time::Duration;

use geusemaker_core::spec::Tier;
use geusemaker_core::{FileSystems, Phase};
use geusemaker_testkit::{Aws, Outcome, Timings};

use crate::scenario::{
    Scenario, account, assert_nothing_left, census, deploy_tier_3, spec, spec_with, stack, tier_3,
};

/// Returns the index of the first successful call of an operation.
#[track_caller]
fn first(aws: &Aws, operation: &str) -> usize {
    let calls = aws.calls();
    let is_it = |call: &geusemaker_testkit::CallRecord| {
        call.operation == operation && call.outcome == Outcome::Success
    };
    calls
        .iter()
        .position(is_it)
        .unwrap_or_else(|| panic!("no call of {operation} has succeeded"))
}

#[tokio::test(start_paused = true)]
async fn tier_1_is_instances_and_storage_only() {
    let scenario = Scenario::new();
    let deployment = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let record = deployment.commit().await.unwrap();
    let made = census(&scenario.aws);
    scenario.destroy().await;

    assert_eq!(record.tier, Tier::Instances);
    assert_eq!(record.outputs.url, None);
    assert_eq!(record.outputs.instances.len(), 1);
    let kinds: Vec<_> = made.into_iter().collect();
    let expected = [
        ("EC2::Instance", 1),
        ("EC2::NetworkInterface", 2),
        ("EC2::SecurityGroup", 2),
        ("EFS::FileSystem", 1),
        ("EFS::MountTarget", 1),
        ("IAM::InstanceProfile", 1),
        ("IAM::Role", 1),
    ]
    .map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(kinds, expected);
}

#[tokio::test(start_paused = true)]
async fn tier_2_url_is_load_balancer() {
    let scenario = Scenario::new();
    let deployment = scenario
        .session
        .plan(spec(2))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let deployment = deployment.balance().await.unwrap();
    let dns_name = deployment.state().load_balancer.dns_name.clone();
    let record = deployment.commit().await.unwrap();
    scenario.destroy().await;

    assert_eq!(record.tier, Tier::LoadBalancer);
    assert_eq!(record.outputs.url, Some(format!("http://{dns_name}")));
    assert_eq!(record.outputs.load_balancer_dns, Some(dns_name));
    assert_eq!(record.outputs.distribution_domain, None);
}

/// The status between the two lists every resource in its working state.
#[tokio::test(start_paused = true)]
async fn tier_3_is_committed_and_destroyed() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let domain = deployment.state().distribution.domain.clone();
    let record = deployment.commit().await.unwrap();
    let status = scenario.session.status(&stack()).await.unwrap();
    let made = census(&scenario.aws);
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap();
    scenario.assert_nothing_left();
    assert!(
        undone.is_complete() && undone.kept.is_empty(),
        "{undone:#?}"
    );

    assert_eq!(made, tier_3());
    assert_eq!(record.tier, Tier::Cdn);
    assert_eq!(record.outputs.url, Some(format!("https://{domain}")));
    assert_eq!(status.phase, Phase::Committed);
    assert_eq!(status.outputs, record.outputs);
    assert_eq!(status.deployment, record.deployment);
    assert_eq!(status.held_by, None);
    assert_eq!(undone.deleted.len(), status.resources.len());
    let states: BTreeSet<_> = status
        .resources
        .iter()
        .map(|resource| resource.state.to_string())
        .collect();
    let well = ["Deployed", "active", "available", "healthy", "running"];
    assert_eq!(states, well.map(str::to_owned).into());
    let gone = scenario.session.status(&stack()).await.unwrap_err();
    assert_eq!(
        gone.to_string(),
        "there is no stack llm; there are no stacks here"
    );
}

/// The distribution is created once the load balancer is active and every target is healthy.
#[tokio::test(start_paused = true)]
async fn distribution_needs_healthy_targets() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let status = scenario.session.status(&stack()).await.unwrap();
    let asked = scenario
        .aws
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect::<Vec<_>>();
    let deployment = balanced.publish().await.unwrap();
    let order = [
        "CreateLoadBalancer",
        "RegisterTargets",
        "DescribeTargetHealth",
    ]
    .map(|operation| first(&scenario.aws, operation));
    let created = first(&scenario.aws, "CreateDistributionWithTags");
    deployment.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    assert!(!asked.contains(&"CreateDistributionWithTags".to_owned()));
    let state_of = |key: &str| {
        let of_key = status
            .resources
            .iter()
            .filter(|resource| resource.key.as_str().starts_with(key));
        of_key
            .map(|resource| resource.state.to_string())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(state_of("alb"), ["active".to_owned()].into());
    assert_eq!(
        state_of("target-registration/"),
        ["healthy".to_owned()].into()
    );
    assert!(
        order.is_sorted() && order[2] < created,
        "{order:?}, {created}"
    );
}

#[tokio::test(start_paused = true)]
async fn listener_gets_steps_in_order() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let dns_name = deployment.state().alb.load_balancer.dns_name.clone();
    let domain = deployment.state().distribution.domain.clone();
    deployment.commit().await.unwrap();
    let up = scenario.messages();
    scenario.destroy().await;

    let mut heard = up.iter();
    for step in [
        "Creating security groups...",
        "Launching instances...",
        "Waiting for instances to run...",
        "Creating target groups...",
        "Creating ALB...",
        "Registering instances...",
        "Waiting for ALB to be active...",
        &format!("ALB is active: {dns_name}"),
        "Waiting for healthy targets...",
        "Creating CloudFront distribution...",
        "Waiting for CloudFront to deploy it...",
        &format!("CloudFront distribution is deployed: https://{domain}"),
    ] {
        assert!(
            heard.any(|message| message == step),
            "{step} is not where it should be in {up:#?}"
        );
    }
    assert!(up.contains(&"Checking GPUs...".to_owned()));
    assert!(
        up.iter().any(|message| message
            .starts_with("waiting for CloudFront deployment: InProgress, ")
            && message.ends_with(" (usually 2m30s to 8m, at most 30m)")),
        "{up:#?}"
    );
    let created = up
        .iter()
        .filter(|message| message.ends_with(" created"))
        .count();
    let deleted = scenario
        .messages()
        .iter()
        .filter(|message| message.ends_with(" deleted") || message.ends_with(" terminated"))
        .count();
    assert_eq!(created, deleted);
}

/// In the slow profile every step takes as long as the slowest that was observed: an instance profile 150 s until EC2
/// knows it, a file system 30 s, its mount target 720 s once there is an instance, an instance 180 s, its services 90 s,
/// its console 120 s, a load balancer 240 s, a distribution 480 s.
#[tokio::test(start_paused = true)]
async fn independent_waits_run_in_parallel() {
    let scenario = Scenario::on(account().timings(Timings::Slow).build());
    let start = scenario.aws.clock().elapsed();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let took = scenario.aws.clock().elapsed() - start;
    deployment.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    let critical_path = Duration::from_secs(150 + 720 + 480);
    let calls_and_polls = Duration::from_secs(60);
    assert!(
        (critical_path..critical_path + calls_and_polls).contains(&took),
        "it took {took:?}, and the critical path is {critical_path:?}"
    );
}

/// Every instance is registered with every service.
#[tokio::test(start_paused = true)]
async fn instances_spread_over_zones() {
    let scenario = Scenario::new();
    let planned = scenario
        .session
        .plan(spec_with(2, "count = 3"))
        .await
        .unwrap();
    let deployment = planned.launch().await.unwrap().balance().await.unwrap();
    let subnets: BTreeSet<_> = deployment
        .state()
        .ec2
        .instances
        .iter()
        .map(|instance| instance.subnet.clone())
        .collect();
    let mount_targets = deployment.state().ec2.mount_targets.len();
    let status = scenario.session.status(&stack()).await.unwrap();
    deployment.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    assert_eq!(subnets.len(), 3);
    assert_eq!(mount_targets, 3);
    let registrations = status
        .resources
        .iter()
        .filter(|r| r.key.as_str().starts_with("target-registration/"));
    assert_eq!(registrations.count(), 6);
}

#[tokio::test(start_paused = true)]
async fn adopted_file_system_is_never_deleted() {
    let scenario = Scenario::new();
    let efs = aws_sdk_efs::Client::new(&scenario.aws.sdk_config());
    let own = efs
        .create_file_system()
        .creation_token("own")
        .send()
        .await
        .unwrap()
        .file_system_id;
    tokio::time::sleep(Duration::from_secs(60)).await;
    scenario.aws.reset_baseline();
    let adopting = spec_with(1, &format!("[storage]\nfile_system = \"{own}\""));
    let deployment = scenario
        .session
        .plan(adopting)
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let used = deployment.state().file_system.to_string();
    deployment.commit().await.unwrap();
    let status = scenario.session.status(&stack()).await.unwrap();
    scenario.destroy().await;

    assert_eq!(used, own);
    assert_eq!(census(&scenario.aws).len(), 0);
    let adopted = status.resources.iter().filter(|resource| resource.adopted);
    assert_eq!(
        adopted
            .map(|resource| resource.key.as_str())
            .collect::<Vec<_>>(),
        ["file-system"]
    );
    let still_there = efs
        .describe_file_systems()
        .file_system_id(own)
        .send()
        .await
        .unwrap();
    assert_eq!(still_there.file_systems().len(), 1);
}

/// No stack owns the file system afterwards.
#[tokio::test(start_paused = true)]
async fn only_kept_file_system_stays() {
    let scenario = Scenario::new();
    let deployment = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    deployment.commit().await.unwrap();
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Keep)
        .await
        .unwrap();

    assert_eq!(
        census(&scenario.aws),
        [("EFS::FileSystem".to_owned(), 1)].into()
    );
    assert!(undone.is_complete(), "{undone:#?}");
    let kept: Vec<_> = undone.kept.iter().map(|kept| kept.key.as_str()).collect();
    assert_eq!(kept, ["file-system"]);
    // No stack owns the file system any more: the stack is gone, and its name is free.
    assert!(scenario.session.status(&stack()).await.is_err());
    let again = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    again.rollback().await.into_result().unwrap();
    assert_eq!(
        census(&scenario.aws),
        [("EFS::FileSystem".to_owned(), 1)].into()
    );
}

/// The spec wins over the caller: the models in it are worth more than a repeated command.
#[tokio::test(start_paused = true)]
async fn spec_keeps_file_system_on_destroy() {
    let scenario = Scenario::new();
    let keeping = spec_with(1, "[storage]\nkeep_on_destroy = true");
    let ready = scenario
        .session
        .plan(keeping.clone())
        .await
        .unwrap()
        .launch()
        .await;
    ready.unwrap().commit().await.unwrap();
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await;
    let left = census(&scenario.aws);
    assert_eq!(left, [("EFS::FileSystem".to_owned(), 1)].into());
    let undone = undone.unwrap();
    assert!(undone.is_complete() && undone.kept.len() == 1);
    assert!(scenario.session.stacks().await.unwrap().is_empty());
    assert_eq!(scenario.session.histories().await.unwrap(), [stack()]);
    // The file system of a deployment that was never in use is minutes old.
    let ready = scenario.session.plan(keeping).await.unwrap().launch().await;
    ready.unwrap().rollback().await.into_result().unwrap();
    assert_eq!(census(&scenario.aws), left);
}

#[tokio::test(start_paused = true)]
async fn name_is_reusable_after_removal() {
    let scenario = Scenario::new();
    for _ in 0..2 {
        let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
        deployment.commit().await.unwrap();
        let refused = deploy_tier_3(&scenario.session, spec(3)).await.unwrap_err();
        assert!(refused.to_string().contains("llm"), "{refused}");
        scenario.destroy().await;
    }
    assert_nothing_left(&scenario.aws);
}
