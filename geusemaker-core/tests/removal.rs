//! The end of a deployment: what cannot be deleted is listed, and what was interrupted is gone on with.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scenario;

use std::time::Duration;

use geusemaker_core::{
    Category, CdnDeployed, Deployment, Error, FileSystems, Leftover, Phase, ResourceKind, Undone,
};
use geusemaker_testkit::Fault;

use scenario::{Scenario, assert_nothing_left, census, deploy_tier_3, spec, stack, unlisted};

#[tokio::test(start_paused = true)]
async fn what_cannot_be_deleted_is_listed_and_a_second_destroy_goes_on_from_there() {
    let scenario = Scenario::new();
    let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    deployment.commit().await.unwrap();
    scenario
        .aws
        .inject(Fault::on("DeleteFileSystem").answer("AccessDeniedException"));
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap();

    let left = scenario.aws.leftovers();
    assert_eq!(left.len(), 1, "{left:#?}");
    assert_eq!(undone.left.len(), 1, "{:#?}", undone.left);
    let leftover = &undone.left[0];
    assert_eq!(
        (leftover.key.as_str(), leftover.kind),
        ("file-system", ResourceKind::FileSystem)
    );
    assert_eq!(leftover.id.as_deref(), Some(left[0].id.as_str()));
    assert!(
        leftover.why.contains("AccessDeniedException"),
        "{}",
        leftover.why
    );
    let by_hand = format!(
        "aws efs delete-file-system --file-system-id {} --region us-east-1",
        left[0].id
    );
    assert_eq!(leftover.command.as_deref(), Some(by_hand.as_str()));

    let status = scenario.session.status(&stack()).await.unwrap();
    let keys: Vec<_> = status
        .resources
        .iter()
        .map(|resource| resource.key.as_str())
        .collect();
    assert_eq!(keys, ["file-system"]);
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn one_refusal_does_not_keep_the_rest_of_the_teardown_from_going_on() {
    for refused in [
        "DeleteDistribution",
        "UpdateDistribution",
        "DeregisterTargets",
        "DeleteRule",
        "DeleteListener",
        "DeleteLoadBalancer",
        "DeleteTargetGroup",
        "DeleteMountTarget",
        "TerminateInstances",
        "RevokeSecurityGroupIngress",
        "DeleteSecurityGroup",
    ] {
        let scenario = Scenario::new();
        let deployment = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
        deployment.commit().await.unwrap();
        let all = scenario.aws.leftovers().len();
        scenario.aws.inject(
            Fault::on(refused)
                .answer("UnauthorizedOperation")
                .status(403),
        );
        let undone = scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await
            .unwrap();
        let left = scenario.aws.leftovers().len();

        assert!(!undone.is_complete(), "{refused}");
        assert!(left < all, "{refused}: {left} of {all} are left");
        assert_listed(&scenario, &undone, refused);
        scenario.destroy().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_removal_leaves_that_one_listed_and_the_rest_goes() {
    for operation in [
        "UpdateDistribution",
        "DeleteDistribution",
        "DeregisterTargets",
        "DeleteLoadBalancer",
        "DeleteMountTarget",
        "TerminateInstances",
        "DeleteSecurityGroup",
        // One that only looks, in the task of whoever waits.
        "DescribeInstances",
    ] {
        let scenario = Scenario::new();
        deployed(&scenario).await.commit().await.unwrap();
        let all = scenario.aws.leftovers().len();
        scenario.aws.inject(Fault::on(operation).panic());
        let name = stack();
        let destroyed = scenario.session.destroy(&name, FileSystems::Delete);
        let undone = destroyed.await.unwrap();

        let left = scenario.aws.leftovers();
        assert!(left.len() < all, "{operation}: {left:#?}");
        let panicked = |left: &&Leftover| left.why.starts_with("its removal panicked: ");
        assert_eq!(
            undone.left.iter().filter(panicked).count(),
            1,
            "{undone:#?}"
        );
        assert_listed(&scenario, &undone, operation);
        scenario.destroy().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_hangs_on_something_that_is_left_is_not_waited_for_in_vain() {
    for refused in [
        "DeleteMountTarget",
        "TerminateInstances",
        "DeleteLoadBalancer",
        "RevokeSecurityGroupIngress",
    ] {
        let scenario = Scenario::new();
        deployed(&scenario).await.commit().await.unwrap();
        scenario.aws.inject(Fault::on(refused).denied());
        let start = scenario.aws.clock().elapsed();
        let destroyed = scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await;
        let minutes = (scenario.aws.clock().elapsed() - start).as_secs() / 60;
        let undone = destroyed.unwrap();
        assert!(!undone.is_complete(), "{refused}");
        // A group may wait for a quarter of an hour for what goes by itself.
        assert!(minutes < 10, "{refused}: {minutes} minutes");
        scenario.aws.lift_faults();
        scenario.destroy().await;
    }
}

/// The whole teardown is not to take hours because AWS is out of order.
#[tokio::test(start_paused = true)]
async fn what_aws_does_not_answer_is_given_up_after_minutes_and_the_rest_goes_on() {
    for (silent, most) in [
        ("DeleteFileSystem", 6),
        // Then the groups wait for the instances that are left in them, and not for long.
        ("TerminateInstances", 11),
        ("UpdateDistribution", 6),
        ("GetDistribution", 6),
        ("DescribeInstances", 6),
        ("DeleteSecurityGroup", 6),
    ] {
        let scenario = Scenario::new();
        deployed(&scenario).await.commit().await.unwrap();
        scenario
            .aws
            .inject(Fault::on(silent).server_error().forever());
        let start = scenario.aws.clock().elapsed();
        let undone = scenario
            .session
            .destroy(&stack(), FileSystems::Delete)
            .await
            .unwrap();
        let minutes = (scenario.aws.clock().elapsed() - start).as_secs() / 60;
        assert!(!undone.is_complete(), "{silent}");
        assert!(minutes < most, "{silent}: {minutes} minutes");
        assert!(undone.deleted.len() >= 15, "{silent}: {undone:#?}");
        scenario.aws.lift_faults();
        scenario.destroy().await;
    }
}

/// Nobody waits for a clean-up but the session's end, which says what is left.
#[tokio::test(start_paused = true)]
async fn a_panic_while_a_dropped_deployment_is_undone_leaves_that_one_listed_and_the_rest_goes() {
    let scenario = Scenario::new();
    let deployment = deployed(&scenario).await;
    let fault = Fault::on("DeleteFileSystem").panic();
    scenario.aws.inject(fault);
    drop(deployment);
    let (aws, later) = (scenario.aws.clone(), scenario.another_session());
    let undone = scenario.session.close().await;
    assert_eq!(census(&aws), [("EFS::FileSystem".to_owned(), 1)].into());
    let left: Vec<_> = undone.iter().flat_map(|undone| &undone.left).collect();
    assert_eq!(left.len(), 1, "{left:#?}");
    later.rollback(&stack()).await.unwrap();
    assert_nothing_left(&aws);
}

/// How often an operation was called.
fn count(scenario: &Scenario, operation: &str) -> usize {
    let calls = scenario.aws.calls();
    let of_operation = calls.iter().filter(|call| call.operation == operation);
    of_operation.count()
}

/// Every update changes the ETag, also one that somebody else makes while the distribution is being disabled.
#[tokio::test(start_paused = true)]
async fn a_distribution_is_deleted_with_the_etag_that_it_has_after_the_wait() {
    let scenario = Scenario::new();
    let deployment = deployed(&scenario).await;
    let id = deployment.state().distribution.id.to_string();
    deployment.commit().await.unwrap();
    let client = aws_sdk_cloudfront::Client::new(&scenario.aws.sdk_config());
    let somebody_else = async {
        while count(&scenario, "UpdateDistribution") == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
        let found = client
            .get_distribution_config()
            .id(&id)
            .send()
            .await
            .unwrap();
        let mut config = found.distribution_config.unwrap();
        assert!(!config.enabled);
        config.comment = "changed by hand".to_owned();
        let update = client
            .update_distribution()
            .id(&id)
            .set_if_match(found.e_tag);
        let updated = update.distribution_config(config).send().await.unwrap();
        updated.e_tag
    };
    let name = stack();
    let destroyed = scenario.session.destroy(&name, FileSystems::Delete);
    let (undone, etag) = tokio::join!(destroyed, somebody_else);
    scenario.assert_nothing_left();
    assert!(undone.unwrap().is_complete());
    assert!(etag.is_some());
    assert_eq!(
        count(&scenario, "DeleteDistribution"),
        1,
        "with an old ETag it is refused"
    );
}

#[tokio::test(start_paused = true)]
async fn a_distribution_that_is_disabled_already_is_not_waited_for_again() {
    let scenario = Scenario::new();
    deployed(&scenario).await.commit().await.unwrap();
    scenario
        .aws
        .inject(Fault::on("DeleteDistribution").denied());
    let name = stack();
    let destroyed = scenario.session.destroy(&name, FileSystems::Delete);
    let undone = destroyed.await.unwrap();
    assert_eq!(undone.left.len(), 1, "{:#?}", undone.left);
    let waited = |scenario: &Scenario| {
        let messages = scenario.messages();
        let of_disabling = messages
            .iter()
            .filter(|line| line.contains("to be disabled everywhere"));
        of_disabling.count()
    };
    assert!(waited(&scenario) > 1);
    assert_eq!(count(&scenario, "UpdateDistribution"), 1);

    scenario.heard.lock().unwrap().clear();
    scenario.destroy().await;
    assert_eq!(waited(&scenario), 0, "{:#?}", scenario.messages());
    assert_eq!(count(&scenario, "UpdateDistribution"), 1);
}

/// Whatever is left in AWS is in the list, with its id.
#[track_caller]
fn assert_listed(scenario: &Scenario, undone: &Undone, at: &str) {
    let left = undone.left.iter();
    let with_id = left.filter(|left| left.id.is_some());
    let listed = with_id.map(|left| (left.kind, left.id.as_deref()));
    if let Some(resource) = unlisted(&scenario.aws.leftovers(), listed) {
        panic!("{at}: {resource} is not listed: {undone:#?}");
    }
}

async fn deployed(scenario: &Scenario) -> Deployment<CdnDeployed> {
    deploy_tier_3(&scenario.session, spec(3)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_was_interrupted_can_only_be_finished() {
    let scenario = Scenario::new();
    deployed(&scenario).await.commit().await.unwrap();
    let name = stack();
    let destroy = scenario.session.destroy(&name, FileSystems::Delete);
    assert!(
        tokio::time::timeout(Duration::from_secs(30), destroy)
            .await
            .is_err()
    );

    let status = scenario.session.status(&name).await.unwrap();
    assert_eq!(status.phase, Phase::Ending);
    assert!(!status.resources.is_empty());
    let refused = scenario.session.open(&name).await.unwrap_err();
    assert!(matches!(refused, Error::Ending { .. }), "{refused}");
    assert_eq!(refused.category(), Category::Input);
    // It is in use no more, so a rollback may finish it as well.
    let undone = scenario.session.rollback(&name).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete(), "{undone:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_file_system_can_still_be_kept_if_its_deletion_was_refused() {
    let scenario = Scenario::new();
    deployed(&scenario).await.commit().await.unwrap();
    scenario
        .aws
        .inject(Fault::on("DeleteFileSystem").answer("AccessDeniedException"));
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap();
    assert_eq!(undone.left.len(), 1);
    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Keep)
        .await
        .unwrap();
    assert_eq!(
        census(&scenario.aws),
        [("EFS::FileSystem".to_owned(), 1)].into()
    );
    assert!(
        undone.is_complete() && undone.deleted.is_empty(),
        "{undone:#?}"
    );
    assert_eq!(undone.kept[0].key, "file-system");
    assert!(scenario.session.summary(&stack()).await.is_err());
}

/// A load balancer's network interfaces hold its security group for minutes after it is gone.
#[tokio::test(start_paused = true)]
async fn what_somebody_elses_network_interface_holds_is_named_with_its_holder() {
    let scenario = Scenario::new();
    let ready = scenario
        .session
        .plan(spec(1))
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let group = ready.state().instance_group.to_string();
    let subnet = ready.state().instances[0].subnet.to_string();
    let image = ready.state().plan.image.id.to_string();
    ready.commit().await.unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let others = ec2
        .run_instances()
        .image_id(image)
        .min_count(1)
        .max_count(1);
    let others = others.instance_type(aws_sdk_ec2::types::InstanceType::G5Xlarge);
    let others = others
        .subnet_id(subnet)
        .security_group_ids(&group)
        .send()
        .await
        .unwrap();
    let id = others.instances()[0].instance_id().unwrap().to_owned();

    let undone = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await
        .unwrap();
    let keys: Vec<_> = undone.left.iter().map(|left| left.key.as_str()).collect();
    assert_eq!(keys, ["security-group/instances"]);
    assert!(
        undone.left[0].why.contains("DependencyViolation"),
        "{}",
        undone.left[0].why
    );
    assert!(
        undone.left[0].why.contains("held by eni-"),
        "{}",
        undone.left[0].why
    );

    ec2.terminate_instances()
        .instance_ids(id)
        .send()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    scenario.destroy().await;
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_deleted_already_counts_as_gone() {
    let scenario = Scenario::new();
    let deployment = deployed(&scenario).await;
    let alb = deployment.state().alb.load_balancer.arn.to_string();
    let instance = deployment.state().alb.ec2.instances[0].id.to_string();
    deployment.commit().await.unwrap();
    let config = scenario.aws.sdk_config();
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
    elb.delete_load_balancer()
        .load_balancer_arn(alb)
        .send()
        .await
        .unwrap();
    ec2.terminate_instances()
        .instance_ids(instance)
        .send()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(2 * 3600)).await;

    let states = scenario.session.status(&stack()).await.unwrap().resources;
    let gone = states
        .iter()
        .filter(|resource| resource.state == "gone")
        .count();
    assert!(gone >= 4, "{states:#?}");
    scenario.destroy().await;
    assert_nothing_left(&scenario.aws);
}
