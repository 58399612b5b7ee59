//! Removal of a deployment: resources that cannot be deleted are listed, and an interrupted removal is resumed.

use std::time::Duration;

use geusemaker_core::ResourceState;
use geusemaker_core::{
    Category, CdnDeployed, Deployment, Error, FileSystems, Leftover, Phase, ResourceKind, Undone,
};
use geusemaker_testkit::Fault;

use crate::scenario::{
    Scenario, assert_nothing_left, census, deploy_tier_3, spec, stack, unlisted,
};

/// The list has the reason and the action to allow; a second destroy removes the resource.
#[tokio::test(start_paused = true)]
async fn undeletable_resource_is_listed() {
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
    assert_eq!(
        leftover.id.as_ref().map(|id| id.as_str()),
        Some(left[0].id.as_str())
    );
    assert!(
        leftover.why.contains("AccessDeniedException"),
        "{}",
        leftover.why
    );
    // By hand, AWS would refuse the same call.
    assert_eq!(leftover.command, None);
    let remedy = leftover.remedy.as_deref().unwrap();
    assert!(
        remedy.contains("elasticfilesystem:DeleteFileSystem"),
        "{remedy}"
    );

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
async fn teardown_continues_after_refusal() {
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

/// The resource whose removal panicked is listed, and the rest is removed.
#[tokio::test(start_paused = true)]
async fn teardown_continues_after_panic() {
    for operation in [
        "UpdateDistribution",
        "DeleteDistribution",
        "DeregisterTargets",
        "DeleteLoadBalancer",
        "DeleteMountTarget",
        "TerminateInstances",
        "DeleteSecurityGroup",
        // A read, in the task that waits.
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

/// Resources that depend on one that could not be removed are not waited for long.
#[tokio::test(start_paused = true)]
async fn dependents_of_leftovers_wait_briefly() {
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
        // A security group may wait a quarter of an hour for interfaces that disappear by themselves.
        assert!(minutes < 10, "{refused}: {minutes} minutes");
        scenario.aws.lift_faults();
        scenario.destroy().await;
    }
}

/// A removal that AWS does not answer is given up after minutes, and the rest continues: an outage of AWS must not make
/// the teardown take hours.
#[tokio::test(start_paused = true)]
async fn unanswered_removal_is_given_up() {
    for (silent, most) in [
        ("DeleteFileSystem", 6),
        // The security groups then wait for the remaining instances, but not for long.
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

/// Only closing the session waits for the clean-up of a dropped deployment, and reports what is left: here the one
/// resource whose removal panicked.
#[tokio::test(start_paused = true)]
async fn cleanup_continues_after_panic() {
    let scenario = Scenario::new();
    let deployment = deployed(&scenario).await;
    let fault = Fault::on("DeleteFileSystem").panic();
    scenario.aws.inject(fault);
    drop(deployment);
    let (aws, later) = (scenario.aws.clone(), scenario.another_session());
    let undone = scenario.session.close().await;
    assert_eq!(census(&aws), [("EFS::FileSystem".to_owned(), 1)].into());
    let left: Vec<_> = undone.left().collect();
    assert_eq!(left.len(), 1, "{left:#?}");
    later
        .rollback(&stack())
        .await
        .unwrap()
        .into_result()
        .unwrap();
    assert_nothing_left(&aws);
}

/// Returns the number of calls of an operation.
fn count(scenario: &Scenario, operation: &str) -> usize {
    let calls = scenario.aws.calls();
    let of_operation = calls.iter().filter(|call| call.operation == operation);
    of_operation.count()
}

/// Every update changes the ETag, even one that another user makes while the distribution is being disabled.
#[tokio::test(start_paused = true)]
async fn distribution_delete_uses_latest_etag() {
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

/// A distribution that is disabled already is not waited for again.
#[tokio::test(start_paused = true)]
async fn disabled_distribution_is_deleted_at_once() {
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

/// Asserts that everything left in AWS is in the list, with its id.
#[track_caller]
fn assert_listed(scenario: &Scenario, undone: &Undone, at: &str) {
    let left = undone.left.iter();
    let with_id = left.filter(|left| left.id.is_some());
    let listed = with_id.map(|left| (left.kind, left.id.as_ref().map(|id| id.as_str())));
    if let Some(resource) = unlisted(&scenario.aws.leftovers(), listed) {
        panic!("{at}: {resource} is not listed: {undone:#?}");
    }
}

async fn deployed(scenario: &Scenario) -> Deployment<CdnDeployed> {
    deploy_tier_3(&scenario.session, spec(3)).await.unwrap()
}

/// The stack cannot be opened any more.
#[tokio::test(start_paused = true)]
async fn interrupted_removal_can_only_finish() {
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
    // The stack is no longer in use, so a rollback may finish the removal as well.
    let undone = scenario.session.rollback(&name).await.unwrap();
    scenario.assert_nothing_left();
    assert!(undone.is_complete(), "{undone:#?}");
}

#[tokio::test(start_paused = true)]
async fn undeletable_file_system_can_be_kept() {
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

/// Network interfaces hold a security group: a load balancer's own for minutes after it is gone, and those of another
/// user, which the list names, for as long as they exist.
#[tokio::test(start_paused = true)]
async fn held_security_group_names_its_holder() {
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
async fn externally_deleted_resources_are_gone() {
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
        .filter(|resource| resource.state == ResourceState::Gone)
        .count();
    assert!(gone >= 4, "{states:#?}");
    scenario.destroy().await;
    assert_nothing_left(&scenario.aws);
}
