//! Instances: lists, filters, attributes and status.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, HttpTokensState, IamInstanceProfileSpecification, InstanceAttributeName,
    ShutdownBehavior,
};

use super::{code, default_vpc, filter, group, image, instant, message, subnet};

async fn run(client: &Client) -> RunInstancesFluentBuilder {
    client
        .run_instances()
        .image_id(image(client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .min_count(1)
        .max_count(1)
}

async fn launch(client: &Client) -> String {
    let run = run(client).await.send().await.unwrap();
    run.instances()[0].instance_id().unwrap().to_owned()
}

/// MaxResults cannot be combined with instance ids.
#[tokio::test(start_paused = true)]
async fn instance_pages_exclude_instance_ids() {
    let (_, client) = instant();
    for _ in 0..7 {
        launch(&client).await;
    }
    let page = client.describe_instances().max_results(5);
    let first = page.clone().send().await.unwrap();
    assert_eq!(first.reservations().len(), 5);
    let token = first.next_token().unwrap();
    let second = page.clone().next_token(token).send().await.unwrap();
    assert_eq!(second.reservations().len(), 2);
    assert_eq!(second.next_token(), None);
    let id = first.reservations()[0].instances()[0]
        .instance_id()
        .unwrap();
    assert_eq!(
        message(page.instance_ids(id).send().await),
        "The parameter instancesSet cannot be used with the parameter maxResults"
    );
    let small = client.describe_instances().max_results(4).send().await;
    assert_eq!(
        message(small),
        "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5."
    );
    let all: Vec<_> = client
        .describe_instances()
        .into_paginator()
        .page_size(5)
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    assert_eq!(all.len(), 7);
}

#[tokio::test(start_paused = true)]
async fn instances_are_found_by_filters() {
    let (_, client) = instant();
    let security_group = group(&client, "gpu").await;
    let run = run(&client).await.security_group_ids(&security_group);
    let launched = run.clone().send().await.unwrap();
    let id = launched.instances()[0].instance_id().unwrap();
    let described = client.describe_instances().instance_ids(id).send().await;
    let described = described.unwrap();
    let instance = &described.reservations()[0].instances()[0];
    let volume = instance.block_device_mappings()[0].ebs().unwrap();
    let interface = &instance.network_interfaces()[0];
    for (name, value) in [
        ("instance-id", id),
        ("instance-state-code", "16"),
        ("instance-state-name", "run*"),
        ("architecture", "x86_64"),
        ("instance.group-id", &security_group),
        ("instance.group-name", "gpu"),
        ("network-interface.group-id", &security_group),
        (
            "network-interface.network-interface-id",
            interface.network_interface_id().unwrap(),
        ),
        (
            "block-device-mapping.volume-id",
            volume.volume_id().unwrap(),
        ),
        ("block-device-mapping.device-name", "/dev/sda1"),
        ("private-ip-address", instance.private_ip_address().unwrap()),
        ("private-dns-name", instance.private_dns_name().unwrap()),
        ("ip-address", instance.public_ip_address().unwrap()),
        ("dns-name", instance.public_dns_name().unwrap()),
        ("root-device-name", "/dev/sda1"),
        ("tenancy", "default"),
        ("monitoring-state", "disabled"),
        ("vpc-id", &default_vpc(&client).await),
        ("owner-id", "123456789012"),
    ] {
        let find = |value: &str| {
            let describe = client.describe_instances();
            describe.filters(filter(name, value)).send()
        };
        let found = find(value).await.unwrap();
        assert_eq!(found.reservations().len(), 1, "{name}={value}");
        let other = find("something-else").await.unwrap();
        assert!(other.reservations().is_empty(), "{name}");
    }
    let unknown = client
        .describe_instances()
        .filters(filter("color", "red"))
        .send()
        .await;
    assert_eq!(code(unknown), "SimulatorUnsupported");
}

#[tokio::test(start_paused = true)]
async fn instance_description_is_complete() {
    let (_, client) = instant();
    let id = launch(&client).await;
    let found = client.describe_instances().instance_ids(&id).send().await;
    let found = found.unwrap();
    let instance = &found.reservations()[0].instances()[0];
    let cpu = instance.cpu_options().unwrap();
    assert_eq!(
        (cpu.core_count(), cpu.threads_per_core()),
        (Some(2), Some(2))
    );
    assert_eq!(instance.hypervisor().unwrap().as_str(), "xen");
    assert_eq!(instance.platform_details(), Some("Linux/UNIX"));
    assert_eq!(instance.ebs_optimized(), Some(false));
    assert_eq!(instance.state_transition_reason(), Some(""));
    assert!(instance.state_reason().is_none());
    let hibernation = instance.hibernation_options().unwrap();
    assert_eq!(hibernation.configured(), Some(false));
    let placement = instance.placement().unwrap();
    assert_eq!(placement.availability_zone_id(), Some("use1-az2"));
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    ended.unwrap();
    let found = client.describe_instances().instance_ids(&id).send().await;
    let found = found.unwrap();
    let instance = &found.reservations()[0].instances()[0];
    assert_eq!(instance.public_dns_name(), Some(""));
    assert!(instance.block_device_mappings().is_empty());
    let reason = instance.state_reason().unwrap();
    assert_eq!(
        reason.message(),
        Some("Client.UserInitiatedShutdown: User initiated shutdown")
    );
}

#[tokio::test(start_paused = true)]
async fn instance_attributes_change_one_by_one() {
    let (_, client) = instant();
    let id = launch(&client).await;
    let describe = |attribute| {
        let describe = client.describe_instance_attribute().instance_id(&id);
        describe.attribute(attribute).send()
    };
    let shown = describe(InstanceAttributeName::InstanceInitiatedShutdownBehavior).await;
    let behavior = shown.unwrap();
    let behavior = behavior.instance_initiated_shutdown_behavior().unwrap();
    assert_eq!(behavior.value(), Some(ShutdownBehavior::Stop.as_str()));
    let no = AttributeBooleanValue::builder().value(false).build();
    let modify = client.modify_instance_attribute().instance_id(&id);
    let source = modify.clone().source_dest_check(no.clone());
    source.clone().send().await.unwrap();
    let shown = describe(InstanceAttributeName::SourceDestCheck)
        .await
        .unwrap();
    assert_eq!(shown.source_dest_check().unwrap().value(), Some(false));
    let both = source.disable_api_termination(no);
    assert_eq!(code(both.send().await), "InvalidParameterCombination");
    assert_eq!(code(modify.send().await), "InvalidParameterCombination");
}

#[tokio::test(start_paused = true)]
async fn instance_groups_can_be_changed() {
    let (_, client) = instant();
    let id = launch(&client).await;
    let other = group(&client, "other").await;
    let modify = client.modify_instance_attribute().instance_id(&id);
    modify.clone().groups(&other).send().await.unwrap();
    let found = client
        .describe_instances()
        .filters(filter("instance.group-name", "other"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.reservations().len(), 1);
    let unknown = modify.groups("sg-0123456789abcdef0").send().await;
    assert_eq!(code(unknown), "InvalidGroup.NotFound");
}

/// Detailed monitoring can be enabled too.
#[tokio::test(start_paused = true)]
async fn metadata_options_can_be_changed() {
    let (_, client) = instant();
    let id = launch(&client).await;
    let modify = client.modify_instance_metadata_options().instance_id(&id);
    let modified = modify
        .clone()
        .http_tokens(HttpTokensState::Required)
        .send()
        .await
        .unwrap();
    let options = modified.instance_metadata_options().unwrap();
    assert_eq!(options.http_tokens(), Some(&HttpTokensState::Required));
    assert_eq!(options.http_put_response_hop_limit(), Some(1));
    let far = modify.http_put_response_hop_limit(65).send().await;
    assert_eq!(code(far), "InvalidParameterValue");
    let monitored = client.monitor_instances().instance_ids(&id).send().await;
    let monitored = monitored.unwrap();
    let monitoring = monitored.instance_monitorings()[0].monitoring().unwrap();
    assert_eq!(monitoring.state().unwrap().as_str(), "enabled");
}

#[tokio::test(start_paused = true)]
async fn instance_profile_is_associated() {
    let (aws, client) = instant();
    let iam = aws_sdk_iam::Client::new(&aws.sdk_config());
    crate::iam::create_profile(&iam, "gpu-node").await;
    let profile = IamInstanceProfileSpecification::builder().name("gpu-node");
    let run = run(&client).await.iam_instance_profile(profile.build());
    let run = run.send().await.unwrap();
    let arn = "arn:aws:iam::123456789012:instance-profile/gpu-node";
    let shown = run.instances()[0].iam_instance_profile().unwrap();
    assert_eq!(shown.arn(), Some(arn));
    let found = client
        .describe_iam_instance_profile_associations()
        .filters(filter(
            "instance-id",
            run.instances()[0].instance_id().unwrap(),
        ))
        .send()
        .await
        .unwrap();
    let association = &found.iam_instance_profile_associations()[0];
    assert_eq!(association.iam_instance_profile().unwrap().arn(), Some(arn));
}

/// IncludeAllInstances adds the other instances.
#[tokio::test(start_paused = true)]
async fn status_lists_running_instances_only() {
    let (_, client) = instant();
    let id = launch(&client).await;
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    ended.unwrap();
    let status = client.describe_instance_status();
    let running = status.clone().instance_ids(&id).send().await.unwrap();
    assert!(running.instance_statuses().is_empty());
    let all = status.include_all_instances(true).send().await.unwrap();
    let of_instance = all.instance_statuses()[0].instance_status().unwrap();
    assert_eq!(of_instance.status().unwrap().as_str(), "not-applicable");
}

#[tokio::test(start_paused = true)]
async fn stopped_instance_keeps_its_interface() {
    let (_, client) = instant();
    let id = launch(&client).await;
    let stop = client.stop_instances().instance_ids(&id).send().await;
    stop.unwrap();
    let found = client
        .describe_network_interfaces()
        .filters(filter("attachment.instance-id", &id))
        .filters(filter("subnet-id", &subnet(&client, "us-east-1a").await))
        .send()
        .await
        .unwrap();
    assert_eq!(found.network_interfaces().len(), 1);
}
