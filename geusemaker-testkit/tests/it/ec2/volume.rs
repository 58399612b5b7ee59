//! Volumes, attached to instances and detached.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::client::Waiters;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, EbsInstanceBlockDeviceSpecification,
    InstanceBlockDeviceMappingSpecification, VolumeState, VolumeType,
};
use geusemaker_testkit::Aws;

use super::{account, code, filter, image, instant, launch_in_zone, message};

async fn volume(client: &Client, zone: &str) -> String {
    let created = client
        .create_volume()
        .availability_zone(zone)
        .size(100)
        .volume_type(VolumeType::Gp3)
        .send()
        .await
        .unwrap();
    created.volume_id().unwrap().to_owned()
}

async fn state(client: &Client, id: &str) -> VolumeState {
    let found = client.describe_volumes().volume_ids(id).send().await;
    found.unwrap().volumes()[0].state().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn volume_passes_through_its_states() {
    let (aws, client) = account(Aws::builder().seed(5));
    let id = launch_in_zone(&client, "us-east-1a").await;
    let data = volume(&client, "us-east-1a").await;
    aws.clock().sleep(Duration::from_secs(1)).await;
    let patience = Duration::from_secs(600);
    assert_eq!(state(&client, &data).await, VolumeState::Creating);
    client
        .wait_until_volume_available()
        .volume_ids(&data)
        .wait(patience)
        .await
        .unwrap();
    client
        .wait_until_instance_running()
        .instance_ids(&id)
        .wait(patience)
        .await
        .unwrap();
    let attach = || {
        let attach = client.attach_volume().volume_id(&data).instance_id(&id);
        attach.device("/dev/sdf").send()
    };
    let attached = attach().await.unwrap();
    assert_eq!(attached.state().unwrap().as_str(), "attaching");
    assert_eq!(code(attach().await), "VolumeInUse");
    client
        .wait_until_volume_in_use()
        .volume_ids(&data)
        .wait(patience)
        .await
        .unwrap();
    let found = client
        .describe_volumes()
        .filters(filter("attachment.instance-id", &id))
        .filters(filter("attachment.device", "/dev/sdf"))
        .send()
        .await
        .unwrap();
    let described = &found.volumes()[0];
    assert_eq!(
        (described.size(), described.iops()),
        (Some(100), Some(3000))
    );
    assert_eq!(
        described.attachments()[0].delete_on_termination(),
        Some(false)
    );
    let delete = || client.delete_volume().volume_id(&data).send();
    assert_eq!(
        message(delete().await),
        format!("Volume {data} is currently attached to {id}")
    );
    let detach = client.detach_volume().volume_id(&data).send().await;
    assert_eq!(detach.unwrap().state().unwrap().as_str(), "detaching");
    client
        .wait_until_volume_available()
        .volume_ids(&data)
        .wait(patience)
        .await
        .unwrap();
    delete().await.unwrap();
    client
        .wait_until_volume_deleted()
        .volume_ids(&data)
        .wait(patience)
        .await
        .unwrap();
    let gone = client.describe_volumes().volume_ids(&data).send().await;
    assert_eq!(code(gone), "InvalidVolume.NotFound");
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    ended.unwrap();
    aws.clock().sleep(Duration::from_secs(600)).await;
    assert!(aws.leftovers().is_empty());
}

/// The root volume of a running instance cannot be detached.
#[tokio::test(start_paused = true)]
async fn root_volume_goes_with_its_instance() {
    let (aws, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let found = client
        .describe_volumes()
        .filters(filter("attachment.instance-id", &id))
        .send()
        .await
        .unwrap();
    let root = found.volumes()[0].volume_id().unwrap();
    assert!(
        found.volumes()[0]
            .snapshot_id()
            .unwrap()
            .starts_with("snap-")
    );
    let detach = client.detach_volume().volume_id(root).send().await;
    assert_eq!(code(detach), "OperationNotPermitted");
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    ended.unwrap();
    assert!(
        client
            .describe_volumes()
            .send()
            .await
            .unwrap()
            .volumes()
            .is_empty()
    );
    assert!(aws.leftovers().is_empty());
}

/// The volume can then be deleted.
#[tokio::test(start_paused = true)]
async fn retained_volume_becomes_available() {
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
    let ended = client.terminate_instances().instance_ids(id).send().await;
    ended.unwrap();
    let found = client
        .describe_volumes()
        .filters(filter("status", "available"))
        .send()
        .await
        .unwrap();
    let left = found.volumes()[0].volume_id().unwrap();
    assert_eq!(aws.leftovers()[0].id, left);
    client.delete_volume().volume_id(left).send().await.unwrap();
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn delete_on_termination_can_be_changed() {
    let (aws, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let keep = EbsInstanceBlockDeviceSpecification::builder().delete_on_termination(false);
    let mapping = |device: &str| {
        InstanceBlockDeviceMappingSpecification::builder()
            .device_name(device)
            .ebs(keep.clone().build())
            .build()
    };
    let modify = client.modify_instance_attribute().instance_id(&id);
    let wrong = modify.clone().block_device_mappings(mapping("/dev/sdz"));
    assert_eq!(code(wrong.send().await), "InvalidInstanceAttributeValue");
    let right = modify.block_device_mappings(mapping("/dev/sda1"));
    right.send().await.unwrap();
    let ended = client.terminate_instances().instance_ids(&id).send().await;
    ended.unwrap();
    let kinds: Vec<_> = aws.leftovers().into_iter().map(|it| it.kind).collect();
    assert_eq!(kinds, ["EC2::Volume"]);
}

/// The device name must be free.
#[tokio::test(start_paused = true)]
async fn volume_attaches_in_its_zone_only() {
    let (_, client) = instant();
    let id = launch_in_zone(&client, "us-east-1a").await;
    let elsewhere = volume(&client, "us-east-1b").await;
    let here = volume(&client, "us-east-1a").await;
    let attach = |volume: &str, device: &str| {
        let attach = client.attach_volume().volume_id(volume);
        attach.instance_id(&id).device(device).send()
    };
    let other_zone = attach(&elsewhere, "/dev/sdf").await;
    assert_eq!(code(other_zone), "InvalidVolume.ZoneMismatch");
    let taken = attach(&here, "/dev/sda1").await;
    assert_eq!(code(taken), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn volume_settings_depend_on_type() {
    let (_, client) = instant();
    let create = || client.create_volume().availability_zone("us-east-1a");
    let none = create().send().await;
    assert_eq!(code(none), "MissingParameter");
    let small = create().size(10).volume_type(VolumeType::St1).send().await;
    assert_eq!(code(small), "InvalidParameterValue");
    let io2 = create().size(10).volume_type(VolumeType::Io2).send().await;
    assert_eq!(code(io2), "MissingParameter");
    let gp2 = create()
        .size(10)
        .volume_type(VolumeType::Gp2)
        .throughput(250);
    assert_eq!(code(gp2.send().await), "InvalidParameterCombination");
    let nowhere = client.create_volume().availability_zone("us-east-1z");
    assert_eq!(code(nowhere.size(10).send().await), "InvalidZone.NotFound");
}

#[tokio::test(start_paused = true)]
async fn client_token_creates_one_volume() {
    let (_, client) = instant();
    let create = |size| {
        let create = client.create_volume().availability_zone("us-east-1a");
        create.size(size).client_token("once").send()
    };
    let first = create(10).await.unwrap();
    let second = create(10).await.unwrap();
    assert_eq!(first.volume_id(), second.volume_id());
    assert_eq!(code(create(20).await), "IdempotentParameterMismatch");
}

/// A root volume has the same limits.
#[tokio::test(start_paused = true)]
async fn gp3_throughput_needs_iops() {
    let (_, client) = instant();
    let create = |size, iops, throughput| {
        client
            .create_volume()
            .availability_zone("us-east-1a")
            .volume_type(VolumeType::Gp3)
            .size(size)
            .set_iops(iops)
            .set_throughput(throughput)
            .send()
    };
    create(100, Some(4000), Some(1000)).await.unwrap();
    create(1, Some(3000), Some(750)).await.unwrap();
    let ratio = "Throughput (MiBps) to iops ratio of 0.333333 is too high; maximum is 0.250000 MiBps per iops";
    assert_eq!(message(create(100, Some(3000), Some(1000)).await), ratio);
    assert_eq!(message(create(100, None, Some(1000)).await), ratio);
    for (size, iops, throughput) in [
        (100, Some(2999), None),
        (100, None, Some(124)),
        (100, Some(80_001), None),
        (100, Some(10_000), Some(2001)),
        (10, Some(5001), None),
    ] {
        let refused = create(size, iops, throughput).await;
        assert_eq!(code(refused), "InvalidParameterValue");
    }
    let root = EbsBlockDevice::builder()
        .volume_size(100)
        .volume_type(VolumeType::Gp3)
        .iops(3000)
        .throughput(1000)
        .build();
    let root = BlockDeviceMapping::builder()
        .device_name("/dev/sda1")
        .ebs(root)
        .build();
    let launched = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .block_device_mappings(root)
        .min_count(1)
        .max_count(1)
        .send()
        .await;
    assert_eq!(message(launched), ratio);
}
