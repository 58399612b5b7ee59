//! Health states of targets, and the reasons for them.

use geusemaker_testkit::{Aws, Boot, Guest, PlainGuest, Timings};

use super::world::{World, forbid, forward, paths};

#[tokio::test(start_paused = true)]
async fn new_target_is_healthy_after_one_check() {
    let world = World::new(Timings::Slow).await;
    let instance = world.running_instance(&world.network.subnets[0]).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(10).await;
    world.listener(&load_balancer, forward(&group)).await;
    world.wait_until_active(&load_balancer).await;
    world.register(&group, &instance).await.unwrap();
    assert_eq!(
        world.state(&group, &instance).await,
        "initial Elb.RegistrationInProgress"
    );
    // Registration takes 15 s, and the first check comes at most 10 s later; ten checks, the threshold, would take
    // 100 s.
    world.seconds(25).await;
    assert_eq!(world.state(&group, &instance).await, "healthy");
}

/// A target that fails its first checks is unhealthy until enough checks in a row succeed.
#[tokio::test(start_paused = true)]
async fn slow_target_needs_threshold() {
    let world = World::new(Timings::Slow).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(3).await;
    world.listener(&load_balancer, forward(&group)).await;
    world.wait_until_active(&load_balancer).await;
    let instance = world.launch(&world.network.subnets[0]).await;
    world.wait_until_running(&instance).await;
    let running_at = world.aws.clock().now();
    world.register(&group, &instance).await.unwrap();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let state = world.state(&group, &instance).await;
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        if seen.last().unwrap() == "healthy" {
            break;
        }
        world.seconds(1).await;
    }
    assert_eq!(
        seen,
        [
            "initial Elb.RegistrationInProgress",
            "initial Elb.InitialHealthChecking",
            "unhealthy Target.FailedHealthChecks",
            "healthy",
        ]
    );
    // The services are up after 90 s; the third success comes 20 to 30 s later.
    let took = world.aws.clock().now().duration_since(running_at).as_secs();
    assert!((107..=124).contains(&took), "{took}");
}

/// A guest whose port 80 answers for some minutes.
#[derive(Debug)]
struct ForAWhile;

impl Guest for ForAWhile {
    fn console_output(&self, boot: &Boot) -> String {
        PlainGuest::default().console_output(boot)
    }

    fn serves(&self, boot: &Boot, port: u16) -> bool {
        port == 80 && (1800..2400).contains(&boot.since.as_secs())
    }
}

#[tokio::test(start_paused = true)]
async fn port_that_does_not_answer_is_unhealthy() {
    let world = World::on(Aws::builder().guest(ForAWhile).build()).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(3).await;
    world.listener(&load_balancer, forward(&group)).await;
    world.wait_until_active(&load_balancer).await;
    let instance = world.running_instance(&world.network.subnets[0]).await;
    world.register(&group, &instance).await.unwrap();
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..400 {
        let state = world.state(&group, &instance).await;
        if seen.last() != Some(&state) && !state.starts_with("initial") {
            seen.push(state);
        }
        world.seconds(10).await;
    }
    let unhealthy = "unhealthy Target.FailedHealthChecks";
    assert_eq!(seen, [unhealthy, "healthy", unhealthy]);
}

#[tokio::test(start_paused = true)]
async fn unreachable_target_is_unused() {
    let world = World::new(Timings::Instant).await;
    let in_zone = world.launch(&world.network.subnets[0]).await;
    let elsewhere = world.launch(&world.network.subnets[2]).await;
    let group = world.target_group(2).await;
    for instance in [&in_zone, &elsewhere] {
        assert_eq!(
            world.state(&group, instance).await,
            "unused Target.NotRegistered"
        );
        world.register(&group, instance).await.unwrap();
        assert_eq!(
            world.state(&group, instance).await,
            "unused Target.NotInUse"
        );
    }
    let load_balancer = world.load_balancer().await;
    let listener = world.listener(&load_balancer, forbid()).await;
    assert_eq!(
        world.state(&group, &in_zone).await,
        "unused Target.NotInUse"
    );
    world
        .elb
        .create_rule()
        .listener_arn(listener)
        .priority(1)
        .conditions(paths("/*"))
        .actions(forward(&group))
        .send()
        .await
        .unwrap();
    assert_eq!(world.state(&group, &in_zone).await, "healthy");
    assert_eq!(
        world.state(&group, &elsewhere).await,
        "unused Target.NotInUse"
    );
    let health = world.health(&group, &elsewhere).await;
    assert!(health.description().unwrap().contains("Availability Zone"));
    world.terminate(&in_zone).await;
    assert_eq!(
        world.state(&group, &in_zone).await,
        "unused Target.InvalidState"
    );
}

#[tokio::test(start_paused = true)]
async fn deregistered_target_drains_for_5_min() {
    let world = World::new(Timings::Instant).await;
    let instance = world.launch(&world.network.subnets[0]).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    let listener = world.listener(&load_balancer, forward(&group)).await;
    world.register(&group, &instance).await.unwrap();
    world.deregister(&group, &instance).await;
    world.seconds(299).await;
    assert_eq!(
        world.state(&group, &instance).await,
        "draining Target.DeregistrationInProgress"
    );
    world.seconds(1).await;
    assert_eq!(
        world.state(&group, &instance).await,
        "unused Target.NotRegistered"
    );

    // Without traffic there is nothing to drain.
    world.register(&group, &instance).await.unwrap();
    world
        .elb
        .delete_listener()
        .listener_arn(listener)
        .send()
        .await
        .unwrap();
    world.deregister(&group, &instance).await;
    assert_eq!(
        world.state(&group, &instance).await,
        "unused Target.NotRegistered"
    );
}

#[tokio::test(start_paused = true)]
async fn target_must_be_running_instance() {
    let world = World::new(Timings::Slow).await;
    let group = world.target_group(2).await;
    let invalid = Err("InvalidTarget".to_owned());
    assert_eq!(world.register(&group, "i-00000000000000000").await, invalid);
    let instance = world.launch(&world.network.subnets[0]).await;
    assert_eq!(world.register(&group, &instance).await, invalid);
    world.wait_until_running(&instance).await;
    world.register(&group, &instance).await.unwrap();
    world.terminate(&instance).await;
    world.seconds(600).await;
    assert_eq!(world.register(&group, &instance).await, invalid);
}
