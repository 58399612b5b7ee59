//! The states of an instance after RunInstances.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::client::Waiters;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, InstanceStateName, ResourceType, SummaryStatus, Tag,
    TagSpecification,
};
use geusemaker_testkit::{Aws, Boot, Guest, Timings};

use super::{account, code, filter, image, instant, subnet};

async fn launch(client: &Client, instance_type: &str) -> String {
    let run = client
        .run_instances()
        .image_id(image(client, "x86_64").await)
        .instance_type(instance_type.into())
        .subnet_id(subnet(client, "us-east-1a").await)
        .user_data(aws_smithy_types::base64::encode("#!/bin/sh\necho hello\n"))
        .min_count(1)
        .max_count(1)
        .send()
        .await
        .unwrap();
    run.instances()[0].instance_id().unwrap().to_owned()
}

async fn state(client: &Client, id: &str) -> InstanceStateName {
    let found = client
        .describe_instances()
        .instance_ids(id)
        .send()
        .await
        .unwrap();
    let instance = &found.reservations()[0].instances()[0];
    instance.state().unwrap().name().unwrap().clone()
}

async fn sleep(aws: &Aws, seconds: u64) {
    aws.clock().sleep(Duration::from_secs(seconds)).await;
}

/// The instance goes from pending to running to terminated; an hour later it is no longer found.
#[tokio::test(start_paused = true)]
async fn terminated_instance_disappears_later() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow));
    let id = launch(&client, "g5.xlarge").await;
    sleep(&aws, 10).await;
    assert_eq!(state(&client, &id).await, InstanceStateName::Pending);
    sleep(&aws, 180).await;
    assert_eq!(state(&client, &id).await, InstanceStateName::Running);
    let ended = client
        .terminate_instances()
        .instance_ids(&id)
        .send()
        .await
        .unwrap();
    let change = &ended.terminating_instances()[0];
    let name = |state: Option<&aws_sdk_ec2::types::InstanceState>| state.unwrap().name().cloned();
    assert_eq!(
        name(change.previous_state()),
        Some(InstanceStateName::Running)
    );
    assert_eq!(
        name(change.current_state()),
        Some(InstanceStateName::ShuttingDown)
    );
    assert_eq!(aws.leftovers()[0].kind, "EC2::Instance");
    sleep(&aws, 300).await;
    assert!(aws.leftovers().is_empty());
    assert_eq!(state(&client, &id).await, InstanceStateName::Terminated);
    let found = client
        .describe_instances()
        .instance_ids(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(found.reservations()[0].instances()[0].subnet_id(), None);
    client
        .terminate_instances()
        .instance_ids(&id)
        .send()
        .await
        .unwrap();
    sleep(&aws, 3600).await;
    let forgotten = client.describe_instances().instance_ids(&id).send();
    assert_eq!(code(forgotten.await), "InvalidInstanceID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn sdk_waiters_follow_instance_states() {
    let (aws, client) = account(Aws::builder().seed(3));
    let id = launch(&client, "g5.xlarge").await;
    sleep(&aws, 2).await;
    let patience = Duration::from_secs(1000);
    client
        .wait_until_instance_running()
        .instance_ids(&id)
        .wait(patience)
        .await
        .unwrap();
    client
        .wait_until_instance_status_ok()
        .instance_ids(&id)
        .wait(patience)
        .await
        .unwrap();
    client
        .terminate_instances()
        .instance_ids(&id)
        .send()
        .await
        .unwrap();
    client
        .wait_until_instance_terminated()
        .instance_ids(&id)
        .wait(patience)
        .await
        .unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn new_instance_is_not_visible_at_once() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow));
    let id = launch(&client, "g5.xlarge").await;
    let by_id = client.describe_instances().instance_ids(&id).send().await;
    assert_eq!(code(by_id), "InvalidInstanceID.NotFound");
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    assert_eq!(code(ended), "InvalidInstanceID.NotFound");
    let filtered = client
        .describe_instances()
        .filters(filter("instance-id", &id));
    assert!(filtered.send().await.unwrap().reservations().is_empty());
    // The instance exists although no call can see it yet.
    assert_eq!(aws.leftovers().iter().filter(|it| it.id == id).count(), 1);
    sleep(&aws, 6).await;
    client
        .terminate_instances()
        .instance_ids(&id)
        .send()
        .await
        .unwrap();
}

/// The instance is visible at once.
#[tokio::test(start_paused = true)]
async fn consistent_account_shows_new_instance() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow).consistent());
    let id = launch(&client, "g5.xlarge").await;
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    assert!(ended.is_ok(), "{ended:?}");
    sleep(&aws, 3600).await;
    assert!(aws.leftovers().is_empty());
}

/// No instance of the call is terminated.
#[tokio::test(start_paused = true)]
async fn termination_with_bad_id_is_refused() {
    let (_, client) = instant();
    let id = launch(&client, "g5.xlarge").await;
    let terminate = client.terminate_instances().instance_ids(&id);
    let unknown = terminate
        .clone()
        .instance_ids("i-0123456789abcdef0")
        .send()
        .await;
    assert_eq!(code(unknown), "InvalidInstanceID.NotFound");
    let malformed = terminate.clone().instance_ids("g5.xlarge").send().await;
    assert_eq!(code(malformed), "InvalidInstanceID.Malformed");
    assert_eq!(state(&client, &id).await, InstanceStateName::Running);
}

#[tokio::test(start_paused = true)]
async fn status_checks_pass_after_running() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow));
    let id = launch(&client, "g5.xlarge").await;
    sleep(&aws, 10).await;
    let status = client.describe_instance_status().instance_ids(&id);
    assert!(
        status
            .clone()
            .send()
            .await
            .unwrap()
            .instance_statuses()
            .is_empty()
    );
    let of_all = status
        .clone()
        .include_all_instances(true)
        .send()
        .await
        .unwrap();
    let check = |reply: &[aws_sdk_ec2::types::InstanceStatus]| {
        reply[0]
            .instance_status()
            .unwrap()
            .status()
            .unwrap()
            .clone()
    };
    assert_eq!(
        check(of_all.instance_statuses()),
        SummaryStatus::NotApplicable
    );
    sleep(&aws, 180).await;
    let early = status.clone().send().await.unwrap();
    assert_eq!(
        check(early.instance_statuses()),
        SummaryStatus::Initializing
    );
    sleep(&aws, 240).await;
    let late = status.send().await.unwrap();
    assert_eq!(check(late.instance_statuses()), SummaryStatus::Ok);
}

#[derive(Debug)]
struct Echo;

impl Guest for Echo {
    fn console_output(&self, boot: &Boot) -> String {
        format!(
            "{} x {}: {}",
            boot.gpu_count, boot.gpu_model, boot.user_data
        )
    }
}

#[tokio::test(start_paused = true)]
async fn console_output_waits_for_user_data() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow).guest(Echo));
    let id = launch(&client, "g5.12xlarge").await;
    sleep(&aws, 200).await;
    let console = client.get_console_output().instance_id(&id).latest(true);
    assert_eq!(console.clone().send().await.unwrap().output(), None);
    sleep(&aws, 120).await;
    let output = console.send().await.unwrap();
    let text = aws_smithy_types::base64::decode(output.output().unwrap()).unwrap();
    assert_eq!(text, b"4 x A10G: #!/bin/sh\necho hello\n");
}

#[tokio::test(start_paused = true)]
async fn latest_console_output_needs_nitro() {
    let (_, client) = instant();
    let id = launch(&client, "p3.2xlarge").await;
    let console = client.get_console_output().instance_id(&id);
    let latest = console.clone().latest(true).send().await;
    assert_eq!(code(latest), "UnsupportedOperation");
    assert!(console.send().await.unwrap().output().is_some());
}

#[tokio::test(start_paused = true)]
async fn retained_volume_is_left_over() {
    let (aws, client) = instant();
    let data = BlockDeviceMapping::builder()
        .device_name("/dev/sdf")
        .ebs(EbsBlockDevice::builder().volume_size(500).build())
        .build();
    let run = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .block_device_mappings(data)
        .min_count(1)
        .max_count(1)
        .send()
        .await
        .unwrap();
    let id = run.instances()[0].instance_id().unwrap();
    client
        .terminate_instances()
        .instance_ids(id)
        .send()
        .await
        .unwrap();
    let kinds: Vec<_> = aws.leftovers().into_iter().map(|it| it.kind).collect();
    assert_eq!(kinds, ["EC2::Volume"]);
}

#[tokio::test(start_paused = true)]
async fn restored_account_continues() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow));
    let id = launch(&client, "g5.xlarge").await;
    sleep(&aws, 10).await;
    let kept = serde_json::to_string(&aws.snapshot()).unwrap();
    let snapshot = serde_json::from_str(&kept).unwrap();
    let (aws, client) = account(Aws::builder().restore(snapshot).unwrap());
    assert_eq!(state(&client, &id).await, InstanceStateName::Pending);
    sleep(&aws, 180).await;
    assert_eq!(state(&client, &id).await, InstanceStateName::Running);
}

#[tokio::test(start_paused = true)]
async fn snapshot_keeps_network_and_reservations() {
    let (aws, client) = instant();
    let subnet = super::subnet(&client, "us-east-1a").await;
    let gateway = client.create_nat_gateway().subnet_id(&subnet);
    let gateway = gateway.connectivity_type("private".into());
    gateway.send().await.unwrap();
    let table = client.describe_route_tables().send().await.unwrap();
    client
        .create_vpc_endpoint()
        .vpc_id(super::default_vpc(&client).await)
        .service_name("com.amazonaws.us-east-1.s3")
        .route_table_ids(table.route_tables()[0].route_table_id().unwrap())
        .send()
        .await
        .unwrap();
    client
        .create_capacity_reservation()
        .instance_type("g5.xlarge")
        .instance_platform("Linux/UNIX".into())
        .availability_zone("us-east-1a")
        .instance_count(1)
        .send()
        .await
        .unwrap();
    let run = super::launch_in(&client, &subnet).await;
    let kept = serde_json::to_string(&aws.snapshot()).unwrap();
    let snapshot = serde_json::from_str(&kept).unwrap();
    let (again, client) = account(Aws::builder().restore(snapshot).unwrap());
    assert_eq!(again.leftovers(), aws.leftovers());
    let seen = super::describe_instance(&client, &run).await;
    assert!(seen.capacity_reservation_id().is_some());
}

/// The client token of the launch is still refused.
#[tokio::test(start_paused = true)]
async fn snapshot_omits_expired_instance() {
    let (aws, client) = instant();
    let tags = |kind: ResourceType| {
        let tag = Tag::builder().key("mark").value("of-this-launch").build();
        let tags = TagSpecification::builder().resource_type(kind).tags(tag);
        tags.build()
    };
    let run = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .client_token("once")
        .tag_specifications(tags(ResourceType::Instance))
        .tag_specifications(tags(ResourceType::NetworkInterface))
        .tag_specifications(tags(ResourceType::Volume))
        .min_count(1)
        .max_count(1);
    let ran = run.clone().send().await.unwrap();
    let id = ran.instances()[0].instance_id().unwrap();
    let end = client.terminate_instances().instance_ids(id).send();
    end.await.unwrap();
    sleep(&aws, 3600).await;
    let again = run.send().await;
    assert_eq!(code(again), "IdempotentInstanceTerminated");
    let kept = serde_json::to_string(&aws.snapshot()).unwrap();
    for gone in [id, "of-this-launch", "eni-", "vol-"] {
        assert!(!kept.contains(gone), "{gone} in {kept}");
    }
}
