//! Capacity that was reserved beforehand: the instances are launched in it and nowhere else, and a reservation that cannot
//! take them is found by the plan.

use std::time::Duration;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{
    CapacityReservation, CapacityReservationInstancePlatform as Platform, InstanceLifecycleType,
};
use geusemaker_core::{Error, PlanProblem};
use geusemaker_testkit::{Aws, Quota};

use crate::scenario::{Scenario, account, spec_with};

async fn reserve(aws: &Aws, instance_type: &str, zone: &str) -> String {
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let created = ec2
        .create_capacity_reservation()
        .instance_type(instance_type)
        .instance_platform(Platform::LinuxUnix)
        .availability_zone(zone)
        .instance_count(1)
        .send()
        .await
        .unwrap();
    aws.reset_baseline();
    let reservation = created.capacity_reservation.unwrap();
    reservation.capacity_reservation_id.unwrap()
}

async fn buy_block(aws: &Aws, instance_type: &str) -> CapacityReservation {
    let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
    let offerings = ec2
        .describe_capacity_block_offerings()
        .instance_type(instance_type)
        .instance_count(1)
        .capacity_duration_hours(24)
        .send()
        .await
        .unwrap();
    let offering = &offerings.capacity_block_offerings()[0];
    let bought = ec2
        .purchase_capacity_block()
        .set_capacity_block_offering_id(offering.capacity_block_offering_id.clone())
        .instance_platform(Platform::LinuxUnix)
        .send()
        .await
        .unwrap();
    bought.capacity_reservation.unwrap()
}

async fn until(aws: &Aws, at: DateTime) {
    let now = aws.clock().now().as_second();
    let wait = u64::try_from(at.secs() - now).unwrap_or_default() + 60;
    tokio::time::sleep(Duration::from_secs(wait)).await;
}

#[tokio::test(start_paused = true)]
async fn instance_is_launched_in_reservation() {
    let scenario = Scenario::new();
    let id = reserve(&scenario.aws, "g5.xlarge", "us-east-1d").await;
    let spec = || spec_with(1, &format!("capacity_reservation = {id:?}"));
    let planned = scenario.session.plan(spec()).await.unwrap();
    let zones: Vec<_> = planned
        .state()
        .plan
        .candidates
        .iter()
        .map(|it| it.zone.clone())
        .collect();
    assert_eq!(zones, ["us-east-1d"]);
    let ready = planned.launch().await.unwrap();

    // It is full now.
    let other = spec().to_builder().name("other".parse().unwrap());
    let full = scenario
        .session
        .plan(other.build().unwrap())
        .await
        .unwrap_err();
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert!(
        full.to_string()
            .contains("has place for 0 more instances, and 1 are needed"),
        "{full}"
    );
}

#[tokio::test(start_paused = true)]
async fn unsuited_reservation_is_found_by_plan() {
    let scenario = Scenario::new();
    let id = reserve(&scenario.aws, "g6.xlarge", "us-east-1a").await;
    for (more, reason) in [
        (
            format!("capacity_reservation = {id:?}"),
            "is for g6.xlarge, not for g5.xlarge",
        ),
        (
            "capacity_reservation = \"cr-0123456789abcdef0\"".to_owned(),
            "compute.capacity_reservation cr-0123456789abcdef0 does not exist",
        ),
    ] {
        let error = scenario
            .session
            .plan(spec_with(1, &more))
            .await
            .unwrap_err();
        scenario.assert_nothing_left();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

/// A block has a beginning, and its instances count against no quota.
#[tokio::test(start_paused = true)]
async fn capacity_block_is_used_from_its_beginning() {
    let scenario = Scenario::on(account().quota(Quota::OnDemandP, 0).build());
    let block = buy_block(&scenario.aws, "p5.48xlarge").await;
    let id = block.capacity_reservation_id().unwrap();
    let text = format!(
        "name = \"llm\"\ntier = 1\n[compute]\ninstance_type = \"p5.48xlarge\"\nmarket = \"capacity-block\"\n\
         capacity_reservation = {id:?}"
    );
    let spec = || geusemaker_core::DeploymentSpec::from_toml(&text).unwrap();
    let early = scenario.session.plan(spec()).await.unwrap_err();
    let Error::Plan(early) = early else {
        panic!("{early}")
    };
    assert!(
        matches!(early.problems(), [PlanProblem::Reservation { .. }]),
        "{early}"
    );
    until(&scenario.aws, *block.start_date().unwrap()).await;
    scenario.aws.reset_baseline();
    let ready = scenario
        .session
        .plan(spec())
        .await
        .unwrap()
        .launch()
        .await
        .unwrap();
    let ec2 = aws_sdk_ec2::Client::new(&scenario.aws.sdk_config());
    let described = ec2.describe_instances().send().await.unwrap();
    let lifecycle = described.reservations()[0].instances()[0]
        .instance_lifecycle()
        .cloned();
    ready.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert_eq!(lifecycle, Some(InstanceLifecycleType::CapacityBlock));
}
