//! Capacity reservations, and capacity blocks.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::SdkError;
use aws_sdk_ec2::operation::create_capacity_reservation::CreateCapacityReservationError;
use aws_sdk_ec2::operation::create_capacity_reservation::builders::CreateCapacityReservationFluentBuilder;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    CapacityReservation, CapacityReservationInstancePlatform, CapacityReservationPreference,
    CapacityReservationSpecification, CapacityReservationState, CapacityReservationTarget,
    EndDateType, Instance, InstanceLifecycleType, InstanceMarketOptionsRequest,
    InstanceMatchCriteria, InstanceStateName, MarketType, ResourceType, Tag, TagSpecification,
};
use geusemaker_testkit::{Aws, Fault, Quota, Timings};

use super::{account, code, describe_instance, filter, image, instant, message, subnet};

const ZONE: &str = "us-east-1a";
const TYPE: &str = "g5.xlarge";

fn request(client: &Client, count: i32) -> CreateCapacityReservationFluentBuilder {
    client
        .create_capacity_reservation()
        .instance_type(TYPE)
        .instance_platform(CapacityReservationInstancePlatform::LinuxUnix)
        .availability_zone(ZONE)
        .instance_count(count)
}

fn targeted(client: &Client, count: i32) -> CreateCapacityReservationFluentBuilder {
    request(client, count).instance_match_criteria(InstanceMatchCriteria::Targeted)
}

async fn reserve(
    request: CreateCapacityReservationFluentBuilder,
) -> Result<String, SdkError<CreateCapacityReservationError>> {
    let created = request.send().await?;
    let reservation = created.capacity_reservation().unwrap();
    Ok(reservation.capacity_reservation_id().unwrap().to_owned())
}

async fn describe(client: &Client, id: &str) -> CapacityReservation {
    let found = client
        .describe_capacity_reservations()
        .capacity_reservation_ids(id)
        .send()
        .await
        .unwrap();
    found.capacity_reservations()[0].clone()
}

async fn available(client: &Client, id: &str) -> i32 {
    let reservation = describe(client, id).await;
    reservation.available_instance_count().unwrap()
}

fn target(id: &str) -> CapacityReservationSpecification {
    let target = CapacityReservationTarget::builder().capacity_reservation_id(id);
    CapacityReservationSpecification::builder()
        .capacity_reservation_target(target.build())
        .build()
}

fn preference(preference: CapacityReservationPreference) -> CapacityReservationSpecification {
    CapacityReservationSpecification::builder()
        .capacity_reservation_preference(preference)
        .build()
}

fn block_market() -> InstanceMarketOptionsRequest {
    InstanceMarketOptionsRequest::builder()
        .market_type(MarketType::CapacityBlock)
        .build()
}

async fn launch(client: &Client) -> RunInstancesFluentBuilder {
    client
        .run_instances()
        .image_id(image(client, "x86_64").await)
        .instance_type(TYPE.into())
        .subnet_id(subnet(client, ZONE).await)
        .min_count(1)
        .max_count(1)
}

async fn run(request: RunInstancesFluentBuilder) -> Vec<Instance> {
    request.send().await.unwrap().instances().to_vec()
}

async fn terminate(client: &Client, id: &str) {
    let ended = client.terminate_instances().instance_ids(id).send().await;
    ended.unwrap();
}

/// Instances that stop or end give their place back.
#[tokio::test(start_paused = true)]
async fn reservation_counts_its_instances() {
    let (aws, client) = instant();
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::CapacityReservation)
        .tags(Tag::builder().key("stack").value("demo").build())
        .build();
    let id = reserve(targeted(&client, 2).tag_specifications(tags)).await;
    let id = id.unwrap();
    let request = launch(&client)
        .await
        .capacity_reservation_specification(target(&id));
    let first = run(request.clone()).await;
    let first = first[0].instance_id().unwrap();
    let seen = describe_instance(&client, first).await;
    assert_eq!(seen.capacity_reservation_id(), Some(id.as_str()));
    assert_eq!(available(&client, &id).await, 1);
    // As many are launched as have room.
    let rest = run(request.clone().max_count(5)).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(available(&client, &id).await, 0);
    let full = request.clone().send().await;
    assert_eq!(code(full), "ReservationCapacityExceeded");
    let stopped = client.stop_instances().instance_ids(first).send().await;
    stopped.unwrap();
    assert_eq!(available(&client, &id).await, 1);
    let second = run(request).await;
    let start = || client.start_instances().instance_ids(first).send();
    assert_eq!(code(start().await), "ReservationCapacityExceeded");
    terminate(&client, second[0].instance_id().unwrap()).await;
    start().await.unwrap();
    assert_eq!(available(&client, &id).await, 0);
    let found = client
        .describe_capacity_reservations()
        .filters(filter("state", "active"))
        .filters(filter("instance-type", TYPE))
        .filters(filter("availability-zone", ZONE))
        .filters(filter("tag:stack", "demo"))
        .send()
        .await
        .unwrap();
    let reservation = &found.capacity_reservations()[0];
    assert_eq!(reservation.capacity_allocations()[0].count(), Some(2));
    // AWS shows the type of capacity blocks only.
    assert_eq!(reservation.reservation_type(), None);
    let kinds: Vec<String> = aws.leftovers().into_iter().map(|it| it.kind).collect();
    assert!(
        kinds.contains(&"EC2::CapacityReservation".to_owned()),
        "{kinds:?}"
    );
}

/// Such an instance does not name the reservation.
#[tokio::test(start_paused = true)]
async fn open_reservation_takes_matching_instances() {
    let (aws, client) = instant();
    let id = reserve(request(&client, 1)).await.unwrap();
    aws.exhaust_capacity(TYPE, ZONE);
    let avoiding = preference(CapacityReservationPreference::None);
    let plain = launch(&client).await;
    let avoiding = plain.clone().capacity_reservation_specification(avoiding);
    assert_eq!(code(avoiding.send().await), "InsufficientInstanceCapacity");
    let inside = run(plain.clone().max_count(3)).await;
    assert_eq!(inside.len(), 1);
    assert_eq!(inside[0].capacity_reservation_id(), Some(id.as_str()));
    assert_eq!(
        code(plain.clone().send().await),
        "InsufficientInstanceCapacity"
    );
    aws.restore_capacity(TYPE, ZONE);
    let outside = run(plain.clone()).await;
    assert_eq!(outside[0].capacity_reservation_id(), None);
    let only = preference(CapacityReservationPreference::CapacityReservationsOnly);
    let only = plain.capacity_reservation_specification(only);
    assert_eq!(
        code(only.clone().send().await),
        "ReservationCapacityExceeded"
    );
    terminate(&client, inside[0].instance_id().unwrap()).await;
    run(only).await;
    assert_eq!(available(&client, &id).await, 0);
}

#[tokio::test(start_paused = true)]
async fn targeted_launch_is_checked() {
    let (_, client) = instant();
    let id = reserve(targeted(&client, 2)).await.unwrap();
    let plain = launch(&client).await;
    let inside = |id: &str| plain.clone().capacity_reservation_specification(target(id));
    let unknown = inside("cr-0123456789abcdef0").send().await;
    assert_eq!(code(unknown), "InvalidCapacityReservationId.NotFound");
    let malformed = inside("cr-1").send().await;
    assert_eq!(code(malformed), "InvalidCapacityReservationId.Malformed");
    let other_type = inside(&id).instance_type("g5.2xlarge".into()).send().await;
    assert_eq!(code(other_type), "ReservationCapacityExceeded");
    let elsewhere = inside(&id).subnet_id(subnet(&client, "us-east-1b").await);
    assert_eq!(code(elsewhere.send().await), "ReservationCapacityExceeded");
    let block = inside(&id).instance_market_options(block_market());
    assert!(message(block.send().await).starts_with("The market type (purchasing) option"));
    let nowhere = plain.clone().instance_market_options(block_market());
    assert_eq!(code(nowhere.send().await), "InvalidParameterCombination");
    let reservation = CapacityReservationTarget::builder().capacity_reservation_id(&id);
    let both = CapacityReservationSpecification::builder()
        .capacity_reservation_preference(CapacityReservationPreference::Open)
        .capacity_reservation_target(reservation.build())
        .build();
    let both = plain.clone().capacity_reservation_specification(both);
    assert_eq!(code(both.send().await), "InvalidParameterCombination");
    // Without a subnet, the instance goes to the zone of its reservation.
    let no_subnet = inside(&id).set_subnet_id(None);
    let placed = run(no_subnet).await;
    assert_eq!(
        placed[0].placement().unwrap().availability_zone(),
        Some(ZONE)
    );
}

/// Its instances go on.
#[tokio::test(start_paused = true)]
async fn cancelled_reservation_keeps_instances() {
    let (aws, client) = instant();
    let id = reserve(targeted(&client, 1)).await.unwrap();
    let request = launch(&client)
        .await
        .capacity_reservation_specification(target(&id));
    let instance = run(request.clone()).await;
    let instance = instance[0].instance_id().unwrap();
    let cancel = || {
        let cancel = client.cancel_capacity_reservation();
        cancel.capacity_reservation_id(&id).send()
    };
    cancel().await.unwrap();
    assert_eq!(code(cancel().await), "InvalidCapacityReservationState");
    let reservation = describe(&client, &id).await;
    assert_eq!(
        reservation.state(),
        Some(&CapacityReservationState::Cancelled)
    );
    assert_eq!(code(request.send().await), "ReservationCapacityExceeded");
    let seen = describe_instance(&client, instance).await;
    assert_eq!(
        seen.state().unwrap().name(),
        Some(&InstanceStateName::Running)
    );
    terminate(&client, instance).await;
    assert!(aws.leftovers().is_empty());
    aws.clock().sleep(Duration::from_secs(3700)).await;
    let gone = client
        .describe_capacity_reservations()
        .capacity_reservation_ids(&id)
        .send()
        .await;
    assert_eq!(code(gone), "InvalidCapacityReservationId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn reservation_request_is_checked() {
    let (aws, client) = account(
        Aws::builder()
            .timings(Timings::Instant)
            .quota(Quota::OnDemandGAndVt, 8),
    );
    let many = reserve(request(&client, 1001)).await;
    assert!(message(many).contains("InstanceCount must be between 1 and 1000"));
    let quota = reserve(request(&client, 3)).await;
    assert_eq!(code(quota), "VcpuLimitExceeded");
    let nowhere = request(&client, 1).availability_zone("us-east-1e");
    assert_eq!(code(reserve(nowhere).await), "Unsupported");
    let endless = request(&client, 1).end_date_type(EndDateType::Limited);
    assert_eq!(code(reserve(endless).await), "InvalidParameterValue");
    aws.exhaust_capacity(TYPE, ZONE);
    let none_left = reserve(request(&client, 1)).await;
    assert_eq!(code(none_left), "InsufficientInstanceCapacity");
    aws.restore_capacity(TYPE, ZONE);
    // A reservation uses up the quota even while it is empty.
    let id = reserve(targeted(&client, 2).client_token("t"))
        .await
        .unwrap();
    let same = reserve(targeted(&client, 2).client_token("t")).await;
    assert_eq!(same.unwrap(), id);
    let other = targeted(&client, 2).client_token("t");
    let other = reserve(other.instance_type("g5.2xlarge")).await;
    assert_eq!(code(other), "IdempotentParameterMismatch");
    let plain = launch(&client).await;
    assert_eq!(code(plain.clone().send().await), "VcpuLimitExceeded");
    let inside = plain.capacity_reservation_specification(target(&id));
    run(inside.max_count(2)).await;
}

#[tokio::test(start_paused = true)]
async fn reservation_can_be_modified() {
    let (aws, client) = instant();
    let id = reserve(targeted(&client, 1)).await.unwrap();
    let modify = || {
        let modify = client.modify_capacity_reservation();
        modify.capacity_reservation_id(&id)
    };
    modify().instance_count(3).send().await.unwrap();
    assert_eq!(available(&client, &id).await, 3);
    let inside = launch(&client)
        .await
        .capacity_reservation_specification(target(&id));
    run(inside.max_count(2)).await;
    let less = modify().instance_count(1).send().await;
    assert_eq!(code(less), "InvalidParameterValue");
    let now = describe(&client, &id).await.create_date().unwrap().secs();
    let end = aws_sdk_ec2::primitives::DateTime::from_secs(now + 7200);
    let limited = modify().end_date(end).end_date_type(EndDateType::Limited);
    limited.send().await.unwrap();
    aws.clock().sleep(Duration::from_secs(7201)).await;
    let reservation = describe(&client, &id).await;
    assert_eq!(
        reservation.state(),
        Some(&CapacityReservationState::Expired)
    );
}

#[tokio::test(start_paused = true)]
async fn reservation_fails_by_fault() {
    let (aws, client) = instant();
    aws.inject(Fault::on("CreateCapacityReservation").fails("InsufficientInstanceCapacity"));
    let id = reserve(request(&client, 1)).await.unwrap();
    let reservation = describe(&client, &id).await;
    assert_eq!(reservation.state(), Some(&CapacityReservationState::Failed));
    assert!(aws.leftovers().is_empty());
}

/// Buys the first block of p5 instances in a zone, and returns its reservation.
async fn buy(client: &Client, count: i32) -> CapacityReservation {
    let offerings = client
        .describe_capacity_block_offerings()
        .instance_type("p5.48xlarge")
        .instance_count(count)
        .capacity_duration_hours(24)
        .send()
        .await
        .unwrap();
    let offerings = offerings.capacity_block_offerings();
    let mut here = offerings
        .iter()
        .filter(|it| it.availability_zone() == Some(ZONE));
    let id = here.next().unwrap().capacity_block_offering_id().unwrap();
    let purchase = || {
        client
            .purchase_capacity_block()
            .capacity_block_offering_id(id)
            .instance_platform(CapacityReservationInstancePlatform::LinuxUnix)
            .send()
    };
    let bought = purchase().await.unwrap();
    assert_eq!(
        code(purchase().await),
        "InvalidCapacityBlockOfferingId.NotFound"
    );
    bought.capacity_reservation().unwrap().clone()
}

/// Its instances end half an hour before it, and no quota counts them.
#[tokio::test(start_paused = true)]
async fn capacity_block_runs_for_its_time() {
    let (aws, client) = account(
        Aws::builder()
            .seed(4)
            .consistent()
            .quota(Quota::OnDemandP, 0),
    );
    let bought = buy(&client, 2).await;
    let id = bought.capacity_reservation_id().unwrap();
    let state = async || describe(&client, id).await.state().unwrap().clone();
    assert_eq!(state().await, CapacityReservationState::PaymentPending);
    aws.clock().sleep(Duration::from_secs(900)).await;
    assert_eq!(state().await, CapacityReservationState::Scheduled);
    let request = launch(&client)
        .await
        .instance_type("p5.48xlarge".into())
        .instance_market_options(block_market())
        .capacity_reservation_specification(target(id));
    let early = request.clone().send().await;
    assert_eq!(code(early), "ReservationCapacityExceeded");
    let cancel = client.cancel_capacity_reservation();
    let cancel = cancel.capacity_reservation_id(id).send().await;
    assert_eq!(code(cancel), "OperationNotPermitted");

    let wait = bought.start_date().unwrap().secs() - bought.create_date().unwrap().secs();
    let wait = Duration::from_secs(wait.unsigned_abs());
    aws.clock().sleep(wait).await;
    assert_eq!(state().await, CapacityReservationState::Active);
    let on_demand = request.clone().set_instance_market_options(None);
    assert!(message(on_demand.send().await).starts_with("The market type (purchasing) option"));
    let instance = run(request).await;
    let instance = instance[0].instance_id().unwrap();
    let seen = describe_instance(&client, instance).await;
    assert_eq!(
        seen.instance_lifecycle(),
        Some(&InstanceLifecycleType::CapacityBlock)
    );
    let day = Duration::from_secs(24 * 3600);
    aws.clock().sleep(day - Duration::from_secs(3600)).await;
    let name = async || {
        let seen = describe_instance(&client, instance).await;
        seen.state().unwrap().name().unwrap().clone()
    };
    assert_eq!(name().await, InstanceStateName::Running);
    aws.clock().sleep(Duration::from_secs(2400)).await;
    assert_eq!(name().await, InstanceStateName::Terminated);
    let seen = describe_instance(&client, instance).await;
    assert_eq!(
        seen.state_reason().unwrap().code(),
        Some("Server.CapacityBlockExpired")
    );
    aws.clock().sleep(Duration::from_secs(1200)).await;
    assert_eq!(state().await, CapacityReservationState::Expired);
    assert!(aws.leftovers().is_empty(), "{:?}", aws.leftovers());
}

#[tokio::test(start_paused = true)]
async fn block_offerings_are_of_gpu_types() {
    let (_, client) = instant();
    let search = |name: &str, hours| {
        client
            .describe_capacity_block_offerings()
            .instance_type(name)
            .capacity_duration_hours(hours)
            .send()
    };
    assert_eq!(code(search(TYPE, 24).await), "InvalidParameterValue");
    assert_eq!(
        code(search("p5.48xlarge", 25).await),
        "InvalidParameterValue"
    );
    let found = search("p5.48xlarge", 48).await.unwrap();
    let offering = &found.capacity_block_offerings()[0];
    let (start, end) = (offering.start_date().unwrap(), offering.end_date().unwrap());
    assert_eq!(end.secs() - start.secs(), 48 * 3600);
    // Blocks end at 11:30 UTC.
    assert_eq!(end.secs() % (24 * 3600), 11 * 3600 + 1800);
    assert!(found.capacity_block_offerings().len() > 1);
}
