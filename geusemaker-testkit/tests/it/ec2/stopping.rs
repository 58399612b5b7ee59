//! Stopping, starting, rebooting and protecting instances.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::client::Waiters;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, InstanceMarketOptionsRequest, InstanceStateChange,
    InstanceStateName, MarketType,
};
use geusemaker_testkit::{Aws, Timings};

use super::{account, code, describe_instance, image, instant, launch_in_zone, message};

async fn state(client: &Client, id: &str) -> InstanceStateName {
    let instance = describe_instance(client, id).await;
    instance.state().unwrap().name().unwrap().clone()
}

async fn sleep(aws: &Aws, seconds: u64) {
    aws.clock().sleep(Duration::from_secs(seconds)).await;
}

fn names(change: &InstanceStateChange) -> (&str, &str) {
    let name = |state: Option<&aws_sdk_ec2::types::InstanceState>| {
        state.and_then(|state| state.name().cloned()).unwrap()
    };
    let (previous, current) = (name(change.previous_state()), name(change.current_state()));
    let text = |name: InstanceStateName| match name {
        InstanceStateName::Pending => "pending",
        InstanceStateName::Running => "running",
        InstanceStateName::Stopping => "stopping",
        InstanceStateName::Stopped => "stopped",
        InstanceStateName::ShuttingDown => "shutting-down",
        InstanceStateName::Terminated => "terminated",
        _ => "unknown",
    };
    (text(previous), text(current))
}

#[tokio::test(start_paused = true)]
async fn restarted_instance_has_new_public_ip() {
    let (aws, client) = account(Aws::builder().timings(Timings::Slow));
    let id = launch_in_zone(&client, "us-east-1a").await;
    sleep(&aws, 200).await;
    let before = describe_instance(&client, &id).await;
    let stopped = client.stop_instances().instance_ids(&id).send().await;
    let stopped = stopped.unwrap();
    assert_eq!(
        names(&stopped.stopping_instances()[0]),
        ("running", "stopping")
    );
    sleep(&aws, 10).await;
    assert_eq!(state(&client, &id).await, InstanceStateName::Stopping);
    let early = client.start_instances().instance_ids(&id).send().await;
    assert_eq!(
        message(early),
        format!("The instance '{id}' is not in a state from which it can be started.")
    );
    client
        .wait_until_instance_stopped()
        .instance_ids(&id)
        .wait(Duration::from_secs(600))
        .await
        .unwrap();
    let between = describe_instance(&client, &id).await;
    assert_eq!(between.public_ip_address(), None);
    assert_eq!(between.private_ip_address(), before.private_ip_address());
    let reason = between.state_reason().unwrap();
    assert_eq!(reason.code(), Some("Client.UserInitiatedShutdown"));
    let transition = between.state_transition_reason().unwrap();
    assert!(transition.starts_with("User initiated (2"), "{transition}");
    assert_eq!(between.block_device_mappings().len(), 1);
    let started = client.start_instances().instance_ids(&id).send().await;
    let started = started.unwrap();
    assert_eq!(
        names(&started.starting_instances()[0]),
        ("stopped", "pending")
    );
    client
        .wait_until_instance_running()
        .instance_ids(&id)
        .wait(Duration::from_secs(600))
        .await
        .unwrap();
    let after = describe_instance(&client, &id).await;
    assert!(after.public_ip_address().is_some());
    assert_ne!(after.public_ip_address(), before.public_ip_address());
    assert!(after.launch_time() > before.launch_time());
    assert_eq!(after.state_transition_reason(), Some(""));
}

#[tokio::test(start_paused = true)]
async fn stop_and_start_are_idempotent() {
    let (_, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let started = client.start_instances().instance_ids(&id).send().await;
    assert_eq!(
        names(&started.unwrap().starting_instances()[0]),
        ("running", "running")
    );
    for before in ["running", "stopped"] {
        let stopped = client.stop_instances().instance_ids(&id).send().await;
        assert_eq!(
            names(&stopped.unwrap().stopping_instances()[0]),
            (before, "stopped")
        );
    }
}

/// Stopping and rebooting the instance are refused too.
#[tokio::test(start_paused = true)]
async fn terminated_instance_cannot_be_started() {
    let (_, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    ended.unwrap();
    let stop = client.stop_instances().instance_ids(&id).send().await;
    assert_eq!(code(stop), "IncorrectInstanceState");
    let start = client.start_instances().instance_ids(&id).send().await;
    assert_eq!(code(start), "IncorrectInstanceState");
    let reboot = client.reboot_instances().instance_ids(&id).send().await;
    assert_eq!(code(reboot), "IncorrectState");
    let none = client.stop_instances().send().await;
    assert_eq!(code(none), "MissingParameter");
}

#[tokio::test(start_paused = true)]
async fn rebooted_instance_stays_running() {
    let (_, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let reboot = client.reboot_instances().instance_ids(&id).send().await;
    reboot.unwrap();
    assert_eq!(state(&client, &id).await, InstanceStateName::Running);
}

/// The instance was launched by a one-time spot request.
#[tokio::test(start_paused = true)]
async fn spot_instance_cannot_be_stopped() {
    let (_, client) = instant();
    let spot = InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot);
    let run = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .instance_market_options(spot.build())
        .min_count(1)
        .max_count(1)
        .send()
        .await
        .unwrap();
    let id = run.instances()[0].instance_id().unwrap();
    let stop = client.stop_instances().instance_ids(id).send().await;
    assert_eq!(code(stop), "UnsupportedOperation");
}

/// Instances of the same call in other zones are terminated.
#[tokio::test(start_paused = true)]
async fn termination_protection_covers_zone() {
    let (_, client) = instant();
    let protected = launch_in_zone(&client, "us-east-1a").await;
    let neighbor = launch_in_zone(&client, "us-east-1a").await;
    let elsewhere = launch_in_zone(&client, "us-east-1b").await;
    let yes = AttributeBooleanValue::builder().value(true).build();
    client
        .modify_instance_attribute()
        .instance_id(&protected)
        .disable_api_termination(yes)
        .send()
        .await
        .unwrap();
    let ended = client
        .terminate_instances()
        .instance_ids(&protected)
        .instance_ids(&neighbor)
        .instance_ids(&elsewhere)
        .send()
        .await;
    assert_eq!(
        message(ended),
        format!(
            "The instance '{protected}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
        )
    );
    assert_eq!(state(&client, &protected).await, InstanceStateName::Running);
    assert_eq!(state(&client, &neighbor).await, InstanceStateName::Running);
    assert_eq!(
        state(&client, &elsewhere).await,
        InstanceStateName::Terminated
    );
}

#[tokio::test(start_paused = true)]
async fn stop_protection_keeps_instance_running() {
    let (_, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let yes = AttributeBooleanValue::builder().value(true).build();
    let modify = client.modify_instance_attribute().instance_id(&id);
    modify.disable_api_stop(yes).send().await.unwrap();
    let stop = client.stop_instances().instance_ids(&id).send().await;
    assert_eq!(code(stop), "OperationNotPermitted");
    assert_eq!(state(&client, &id).await, InstanceStateName::Running);
}

#[tokio::test(start_paused = true)]
async fn batch_with_bad_id_changes_nothing() {
    let (_, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let with = |bad: &str| {
        let terminate = client.terminate_instances().instance_ids(&id);
        terminate.instance_ids(bad).send()
    };
    let unknown = with("i-0123456789abcdef0").await;
    assert_eq!(code(unknown), "InvalidInstanceID.NotFound");
    let malformed = with("i-1").await;
    assert_eq!(code(malformed), "InvalidInstanceID.Malformed");
    assert_eq!(state(&client, &id).await, InstanceStateName::Running);
}

/// The user data can be changed too.
#[tokio::test(start_paused = true)]
async fn stopped_instance_can_change_type() {
    let (_, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let value = |value: &str| AttributeValue::builder().value(value).build();
    let resize = || {
        let modify = client.modify_instance_attribute().instance_id(&id);
        modify.instance_type(value("g6.xlarge"))
    };
    let running = resize().send().await;
    assert_eq!(
        message(running),
        format!("The instance '{id}' is not in the 'stopped' state.")
    );
    let stop = client.stop_instances().instance_ids(&id).send().await;
    stop.unwrap();
    resize().send().await.unwrap();
    let text = aws_smithy_types::Blob::new("#!/bin/sh");
    let data = aws_sdk_ec2::types::SecureBlobAttributeValue::builder().value(text);
    let modify = client.modify_instance_attribute().instance_id(&id);
    modify.user_data(data.build()).send().await.unwrap();
    let shown = client
        .describe_instance_attribute()
        .instance_id(&id)
        .attribute(aws_sdk_ec2::types::InstanceAttributeName::UserData)
        .send()
        .await
        .unwrap();
    let encoded = shown.user_data().unwrap().value().unwrap();
    assert_eq!(
        aws_smithy_types::base64::decode(encoded).unwrap(),
        b"#!/bin/sh"
    );
    let start = client.start_instances().instance_ids(&id).send().await;
    start.unwrap();
    let instance = describe_instance(&client, &id).await;
    assert_eq!(instance.instance_type().unwrap().as_str(), "g6.xlarge");
}

#[tokio::test(start_paused = true)]
async fn client_token_finds_modified_instance() {
    let (_, client) = instant();
    let run = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .client_token("once")
        .min_count(1)
        .max_count(1);
    let first = run.clone().send().await.unwrap();
    let id = first.instances()[0].instance_id().unwrap();
    let yes = AttributeBooleanValue::builder().value(true).build();
    let modify = client.modify_instance_attribute().instance_id(id);
    modify.disable_api_termination(yes).send().await.unwrap();
    let second = run.send().await.unwrap();
    assert_eq!(second.instances()[0].instance_id(), Some(id));
}

#[tokio::test(start_paused = true)]
async fn elastic_ip_stays_on_stopped_instance() {
    let (_, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let address = client.allocate_address().send().await.unwrap();
    client
        .associate_address()
        .allocation_id(address.allocation_id().unwrap())
        .instance_id(&id)
        .send()
        .await
        .unwrap();
    let public = || async {
        describe_instance(&client, &id)
            .await
            .public_ip_address()
            .map(str::to_owned)
    };
    let elastic = address.public_ip().map(str::to_owned);
    assert_eq!(public().await, elastic);
    let stop = client.stop_instances().instance_ids(&id).send().await;
    stop.unwrap();
    assert_eq!(public().await, elastic);
    let start = client.start_instances().instance_ids(&id).send().await;
    start.unwrap();
    assert_eq!(public().await, elastic);
}
