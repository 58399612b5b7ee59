//! Failed transitions: the transition's own part is undone, the previous state is handed back, and the error says why.

use std::time::Duration;

use geusemaker_core::{Category, Error, ErrorClass, ResourceKind, WaitError};
use geusemaker_testkit::{Fault, Timings};

use crate::scenario::{
    Scenario, account, assert_nothing_left, census, deploy_tier_3, go_on, spec, spec_with, stack,
    tier_3,
};

/// The rest of the stack stays as it was.
#[tokio::test(start_paused = true)]
async fn refused_cdn_can_be_published_again() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let before = scenario.aws.leftovers();
    scenario
        .aws
        .inject(Fault::on("CreateDistributionWithTags").answer("AccessDenied"));

    let failed = balanced.publish().await.unwrap_err();
    assert_eq!(scenario.aws.leftovers(), before);
    assert!(
        failed.undone.deleted.is_empty() && failed.undone.is_complete(),
        "{:#?}",
        failed.undone
    );
    assert_eq!(
        failed.error.call().unwrap().code.as_deref(),
        Some("AccessDenied")
    );

    let deployed = failed.previous.publish().await.unwrap();
    assert_eq!(census(&scenario.aws), tier_3());
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert!(scenario.aws.unfired().is_empty());
}

/// The distribution is disabled and deleted, and nothing else is.
#[tokio::test(start_paused = true)]
async fn failed_cdn_is_deleted_alone() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let before = scenario.aws.leftovers();
    scenario
        .aws
        .inject(Fault::on("GetDistribution").answer("AccessDenied"));

    let failed = balanced.publish().await.unwrap_err();
    assert_eq!(scenario.aws.leftovers(), before);
    let deleted: Vec<_> = failed
        .undone
        .deleted
        .iter()
        .map(|removed| removed.kind)
        .collect();
    assert_eq!(deleted, [ResourceKind::Distribution]);

    let deployed = failed.previous.publish().await.unwrap();
    assert_eq!(census(&scenario.aws), tier_3());
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// The instances stay, and `balance` can be called again.
#[tokio::test(start_paused = true)]
async fn refused_load_balancer_can_be_retried() {
    let scenario = Scenario::new();
    let ready = scenario
        .session
        .plan(spec(3))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let instances = ready.state().instances.clone();
    // Mount targets that are still being created are not part of `balance`.
    let before = scenario.aws.leftovers();
    scenario
        .aws
        .inject(Fault::on("CreateLoadBalancer").answer("TooManyLoadBalancers"));

    let failed = ready.balance().await.unwrap_err();
    assert_eq!(scenario.aws.leftovers(), before);
    assert!(failed.undone.is_complete(), "{:#?}", failed.undone);
    assert!(failed.undone.deleted.iter().all(|removed| {
        matches!(
            removed.kind,
            ResourceKind::SecurityGroup
                | ResourceKind::SecurityGroupRule
                | ResourceKind::TargetGroup
        )
    }));
    assert_eq!(failed.error.category(), Category::Access);
    assert_eq!(failed.previous.state().instances, instances);

    let balanced = failed.previous.balance().await.unwrap();
    assert_eq!(balanced.state().ec2.instances, instances);
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

#[tokio::test(start_paused = true)]
async fn failed_launch_can_be_retried() {
    let scenario = Scenario::on(
        account()
            .fault(Fault::on("CreateMountTarget").answer("NetworkInterfaceLimitExceeded"))
            .build(),
    );
    let planned = scenario.session.plan(spec(1)).await.unwrap();

    let failed = planned.launch().await.unwrap_err();
    scenario.assert_nothing_left();
    assert!(
        failed
            .undone
            .deleted
            .iter()
            .any(|removed| removed.kind == ResourceKind::Instance)
    );
    let ready = failed.previous.launch().await.unwrap();
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// Returning a failed transition with `?` undoes the whole deployment.
#[tokio::test(start_paused = true)]
async fn question_mark_undoes_everything() {
    for refused in CREATIONS {
        let fault = Fault::on(refused)
            .answer("UnauthorizedOperation")
            .status(403);
        let fault = fault.message("You are not authorized to perform this operation.");
        let scenario = Scenario::on(account().fault(fault).build());
        let aws = scenario.aws.clone();
        let error = deploy_tier_3(&scenario.session, spec(3)).await.unwrap_err();
        let undone = scenario.session.close().await;
        assert_nothing_left(&aws);
        assert!(undone.is_complete(), "{refused}: {undone:#?}");

        assert!(aws.unfired().is_empty());
        let call = error.call().unwrap_or_else(|| panic!("{refused}: {error}"));
        let (_, operation) = call.operation.split_once(':').unwrap();
        assert_eq!(operation, refused);
        assert_eq!(call.class, ErrorClass::Permission);
        assert_eq!(call.code.as_deref(), Some("UnauthorizedOperation"));
        assert!(call.request_id.is_some(), "{refused}: no request id");
        assert_eq!(error.category(), Category::Access);
        let text = error.with_sources();
        for part in [
            refused,
            "UnauthorizedOperation",
            "You are not authorized",
            "request id",
        ] {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
        let action = call.operation.replace("efs:", "elasticfilesystem:");
        assert!(error.remedy().contains(&action), "{}", error.remedy());
    }
}

/// The remedy names the quota to raise.
#[tokio::test(start_paused = true)]
async fn exceeded_quota_fails_at_once() {
    for (operation, code) in [
        ("RunInstances", "VcpuLimitExceeded"),
        ("RunInstances", "MaxSpotInstanceCountExceeded"),
        ("CreateSecurityGroup", "SecurityGroupLimitExceeded"),
        ("CreateFileSystem", "FileSystemLimitExceeded"),
        ("CreateTargetGroup", "TooManyTargetGroups"),
        ("CreateDistributionWithTags", "TooManyDistributions"),
    ] {
        let scenario = Scenario::on(account().fault(Fault::on(operation).answer(code)).build());
        let aws = scenario.aws.clone();
        // A new instance profile would have RunInstances called more than once.
        let spec = spec_with(3, "[access]\nssm = false");
        let error = deploy_tier_3(&scenario.session, spec).await.unwrap_err();
        scenario.close_and_assert_nothing_left().await;

        let call = error.call().unwrap_or_else(|| panic!("{code}: {error}"));
        assert_eq!(
            (call.class, call.code.as_deref()),
            (ErrorClass::Quota, Some(code))
        );
        assert!(
            error.remedy().contains("Service Quotas"),
            "{}",
            error.remedy()
        );
        let asked = aws
            .calls()
            .into_iter()
            .filter(|call| call.operation == "RunInstances")
            .count();
        assert!(asked <= 1, "{code}: RunInstances was called {asked} times");
    }
}

/// Terminates every instance, as another user would.
async fn terminate_instances(scenario: &Scenario) {
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    for instance in scenario
        .aws
        .leftovers()
        .iter()
        .filter(|left| left.kind == "EC2::Instance")
    {
        ec2.terminate_instances()
            .instance_ids(&instance.id)
            .send()
            .await
            .unwrap();
    }
}

/// Waits until the operation has been called.
async fn called(scenario: &Scenario, operation: &str) {
    while !scenario
        .aws
        .calls()
        .iter()
        .any(|call| call.operation == operation)
    {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn dead_instance_fails_launch_with_reason() {
    let scenario = Scenario::on(account().timings(Timings::Slow).build());
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let killed = async {
        called(&scenario, "CreateMountTarget").await;
        terminate_instances(&scenario).await;
    };
    let (launched, ()) = tokio::join!(planned.launch(), killed);

    let failed = launched.unwrap_err();
    scenario.assert_nothing_left();
    let is_reason = matches!(
        &*failed.error,
        Error::Wait(WaitError::Failed { reason, .. }) if reason.starts_with("it is ") && reason.contains("Client.User")
    );
    assert!(is_reason, "{}", failed.error);
}

/// The error has the reason that AWS gives for each target.
#[tokio::test(start_paused = true)]
async fn unhealthy_targets_are_named() {
    let scenario = Scenario::new();
    let ready = scenario
        .session
        .plan(spec_with(2, "gpu_check = false"))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let instance = ready.state().instances[0].id.clone();
    let before = census(&scenario.aws);
    let killed = async {
        called(&scenario, "RegisterTargets").await;
        // A load balancer needs at least two minutes to become active, and no target is checked before.
        tokio::time::sleep(Duration::from_secs(20)).await;
        terminate_instances(&scenario).await;
    };
    let (balanced, ()) = tokio::join!(ready.balance(), killed);
    let failed = balanced.unwrap_err();

    let Error::Unhealthy {
        unhealthy,
        total,
        elapsed,
        ..
    } = &*failed.error
    else {
        panic!("{}", failed.error);
    };
    assert_eq!((unhealthy.len(), *total), (2, 2));
    let given_up = Duration::from_secs(600)..Duration::from_secs(610);
    assert!(given_up.contains(elapsed), "{elapsed:?}");
    for target in unhealthy {
        assert_eq!(target.instance, instance);
        assert_eq!(target.state, "unused");
        assert!(
            target.reason.starts_with("Target.InvalidState: "),
            "{}",
            target.reason
        );
        assert_eq!(target.finding, "is on a stopped or terminated instance");
        assert!(
            target.remedy.contains("who has stopped"),
            "{}",
            target.remedy
        );
    }
    assert!(
        failed.error.remedy().contains("health_path"),
        "{}",
        failed.error.remedy()
    );
    let after = census(&scenario.aws);
    assert!(
        after
            .iter()
            .all(|(kind, count)| before.get(kind) >= Some(count)),
        "{after:#?}"
    );
    assert!(failed.undone.is_complete());
    drop(failed);
    scenario.close_and_assert_nothing_left().await;
}

/// The error has the state of each target that is not healthy yet.
#[tokio::test(start_paused = true)]
async fn slow_targets_are_named_at_deadline() {
    let scenario = Scenario::new();
    let hasty = "[load_balancer]\nwait_timeout = \"10s\"\nhealth_check_interval = \"300s\"";
    let ready = scenario
        .session
        .plan(spec_with(2, hasty))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let failed = ready.balance().await.unwrap_err();
    let Error::Unhealthy {
        unhealthy,
        load_balancer,
        elapsed,
        ..
    } = &*failed.error
    else {
        panic!("{}", failed.error);
    };
    // One deadline for the load balancer and its targets.
    assert_eq!(load_balancer.as_deref(), Some("provisioning"));
    assert_eq!(elapsed.as_secs(), 10);
    assert!(
        unhealthy.iter().all(|target| target.state == "initial"),
        "{unhealthy:?}"
    );
    assert!(
        unhealthy
            .iter()
            .all(|target| target.reason.starts_with("Elb.")),
        "{unhealthy:?}"
    );
    drop(failed);
    scenario.close_and_assert_nothing_left().await;
}

#[tokio::test(start_paused = true)]
async fn slow_cdn_is_kept_and_awaited_again() {
    let scenario = Scenario::new();
    let hasty = spec_with(3, "[cdn]\nwait_timeout = \"1m\"");
    let planned = scenario.session.plan(hasty).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let mut pending = balanced.create_cdn().await.unwrap();
    let distribution = pending.state().distribution.clone();
    let mut waits = 0;
    let deployed = loop {
        waits += 1;
        match pending.wait_until_deployed().await {
            Ok(deployed) => break deployed,
            Err(failed) => {
                assert!(
                    matches!(&*failed.error, Error::Wait(WaitError::Deadline { last, .. }) if last == "InProgress"),
                    "{}",
                    failed.error
                );
                assert_eq!(failed.error.category(), Category::InProgress);
                assert!(failed.undone.deleted.is_empty() && failed.undone.is_complete());
                assert_eq!(failed.previous.state().distribution, distribution);
                assert_eq!(census(&scenario.aws), tier_3());
                pending = failed.previous;
            }
        }
    };
    assert!(waits > 1);
    assert_eq!(deployed.state().distribution, distribution);
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

#[tokio::test(start_paused = true)]
async fn slow_publication_is_undone() {
    let scenario = Scenario::new();
    let hasty = spec_with(3, "[cdn]\nwait_timeout = \"1m\"");
    let planned = scenario.session.plan(hasty).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let before = scenario.aws.leftovers();
    let failed = balanced.publish().await.unwrap_err();
    assert_eq!(scenario.aws.leftovers(), before);
    assert_eq!(failed.error.category(), Category::InProgress);
    let deleted: Vec<_> = failed
        .undone
        .deleted
        .iter()
        .map(|removed| removed.kind)
        .collect();
    assert_eq!(deleted, [ResourceKind::Distribution]);
    drop(failed);
    scenario.close_and_assert_nothing_left().await;
}

/// The user signs in again after ten minutes; until then nothing is undone and nothing is given up.
#[tokio::test(start_paused = true)]
async fn expired_credentials_pause_waits() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    for operation in ["DescribeLoadBalancers", "GetDistribution"] {
        let expired = Fault::on(operation)
            .nth(3)
            .times(40)
            .answer("ExpiredToken")
            .status(403);
        scenario.aws.inject(expired);
    }
    let healthy = ready.balance().await.unwrap();
    let deployed = healthy.publish().await.unwrap();
    assert_eq!(scenario.aws.unfired(), []);
    assert_eq!(census(&scenario.aws), tier_3());
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// The user has an hour to sign in again. Then a creation that was refused all that time is given up, and an undo with
/// expired credentials deletes nothing.
#[tokio::test(start_paused = true)]
async fn expired_credentials_undo_nothing() {
    // The second code may be about the request itself, so it is not worth an hour.
    for (code, times) in [("ExpiredToken", 241), ("AuthFailure", 1)] {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec(3)).await.unwrap();
        let ready = planned.launch().await.unwrap();
        let fault = Fault::on("CreateListener").answer(code).status(403);
        scenario.aws.inject(fault.times(times));

        let failed = ready.balance().await.unwrap_err();
        assert_eq!(scenario.aws.unfired(), []);
        assert_eq!(failed.error.call().unwrap().class, ErrorClass::Credentials);
        assert!(failed.error.remedy().starts_with("sign in again"));
        assert!(failed.undone.deleted.is_empty(), "{:#?}", failed.undone);
        let left: Vec<_> = failed.undone.left.iter().map(|left| left.kind).collect();
        assert!(
            left.contains(&ResourceKind::LoadBalancer) && left.contains(&ResourceKind::TargetGroup),
            "{left:?}"
        );
        assert!(!left.contains(&ResourceKind::Instance), "{left:?}");

        let balanced = failed.previous.balance().await.unwrap();
        let deployed = balanced.publish().await.unwrap();
        assert_eq!(census(&scenario.aws), tier_3());
        deployed.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
    }
}

/// At every creating call: a user who signs in within the hour gets a deployment, with nothing twice.
#[tokio::test(start_paused = true)]
async fn expired_credentials_pause_creations() {
    let scenario = Scenario::new();
    for operation in CREATIONS {
        let expired = Fault::on(operation).answer("ExpiredToken").status(403);
        scenario.aws.inject(expired.times(40));
    }
    let deployed = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    assert_eq!(scenario.aws.unfired(), []);
    assert_eq!(census(&scenario.aws), tier_3());
    let messages = scenario.messages();
    for operation in CREATIONS {
        let said = |line: &String| line.contains(operation) && line.contains("sign in again");
        assert!(messages.iter().any(said), "{operation}: {messages:#?}");
    }
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// The replies to creating calls are lost, and the credentials expire while the outcomes are being resolved.
#[tokio::test(start_paused = true)]
async fn expired_credentials_pause_resolution() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    for (operation, look) in [
        ("CreateSecurityGroup", "DescribeSecurityGroups"),
        ("CreateFileSystem", "DescribeFileSystems"),
        ("RunInstances", "DescribeInstances"),
        ("CreateMountTarget", "DescribeMountTargets"),
        ("CreateTargetGroup", "DescribeTargetGroups"),
        ("CreateLoadBalancer", "DescribeLoadBalancers"),
        ("CreateDistributionWithTags", "ListDistributions"),
    ] {
        scenario.aws.inject(Fault::on(operation).lose_reply());
        // For ten minutes from the first read on, which is longer than a creation is retried.
        let expired = Fault::on(look).answer("ExpiredToken").status(403);
        scenario.aws.inject(expired.times(40));
    }
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let deployed = balanced.publish().await.unwrap();
    assert_eq!(scenario.aws.unfired(), []);
    assert_eq!(census(&scenario.aws), tier_3());
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// Without a new sign-in, giving up with `?` undoes nothing, however soon the user signs in after that.
#[tokio::test(start_paused = true)]
async fn expired_credentials_leave_stack_resumable() {
    for operation in [
        "CreateSecurityGroup",
        "RunInstances",
        "CreateListener",
        "CreateDistributionWithTags",
    ] {
        let expired = Fault::on(operation).answer("ExpiredToken").status(403);
        let scenario = Scenario::on(account().fault(expired.forever()).build());
        let error = deploy_tier_3(&scenario.session, spec(3)).await.unwrap_err();
        assert!(error.is_about_credentials(), "{operation}: {error}");
        scenario.aws.lift_faults();
        let (aws, later) = (scenario.aws.clone(), scenario.another_session());
        let before = aws.leftovers();
        let undone = scenario.session.close().await;
        assert_eq!(aws.leftovers(), before, "{operation}");
        let listed: Vec<_> = undone.left().collect();
        assert_eq!(listed.is_empty(), before.is_empty(), "{operation}");
        if before.is_empty() {
            // No deployment exists to resume, and the name is free.
            assert!(later.summary(&stack()).await.is_err(), "{operation}");
            continue;
        }
        let opened = later.open(&stack()).await.unwrap();
        let deployed = go_on(opened).await.unwrap();
        assert_eq!(census(&aws), tier_3(), "{operation}");
        deployed.rollback().await.into_result().unwrap();
        assert_nothing_left(&aws);
    }
}

/// The credentials expire while an interrupted undo is being finished: the error names that reason, and not the
/// resources that happen to be left.
#[tokio::test(start_paused = true)]
async fn expired_credentials_in_undo_are_reported() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let ready = planned.launch().await.unwrap();
    for refusal in [
        Fault::on("CreateRule").answer("TooManyRules"),
        Fault::on("DeleteTargetGroup").denied().times(2),
    ] {
        scenario.aws.inject(refusal);
    }
    let failed = ready.balance().await.unwrap_err();
    assert!(!failed.undone.is_complete());
    let before = scenario.aws.leftovers();

    let expired = Fault::on("DeleteTargetGroup").answer("ExpiredToken");
    scenario.aws.inject(expired.status(403).times(2 * 241));
    let failed = failed.previous.balance().await.unwrap_err();
    assert!(failed.error.is_about_credentials(), "{}", failed.error);
    assert!(!failed.undone.is_complete());
    assert_eq!(scenario.aws.leftovers(), before, "nothing was undone");
    scenario.aws.lift_faults();

    let healthy = failed.previous.balance().await.unwrap();
    let deployed = healthy.publish().await.unwrap();
    assert_eq!(census(&scenario.aws), tier_3());
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
}

/// The credentials expire while a removal checks which resources exist, and the user signs in again.
#[tokio::test(start_paused = true)]
async fn expired_credentials_pause_removal() {
    let stalled = Fault::on("CreateFileSystem").stall().after_effect();
    let scenario = Scenario::on(account().fault(stalled).build());
    scenario.session.keep_dropped();
    let planned = scenario.session.plan(spec(1)).await.unwrap();
    let under_way = tokio::time::timeout(Duration::from_secs(10), planned.launch());
    assert!(under_way.await.is_err());
    // The process ends, so the outcome of the call is never received.
    let session = scenario.another_session();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let expired = Fault::on("DescribeFileSystems").answer("ExpiredToken");
    scenario.aws.inject(expired.status(403).times(40));
    let undone = session.rollback(&stack()).await.unwrap();
    assert_nothing_left(&scenario.aws);
    assert!(undone.is_complete(), "{:#?}", undone.left);
}

/// The creating operations, in the order in which a deployment calls them.
const CREATIONS: [&str; 11] = [
    "CreateSecurityGroup",
    "CreateFileSystem",
    "AuthorizeSecurityGroupIngress",
    "RunInstances",
    "CreateMountTarget",
    "CreateTargetGroup",
    "CreateLoadBalancer",
    "CreateListener",
    "CreateRule",
    "RegisterTargets",
    "CreateDistributionWithTags",
];
