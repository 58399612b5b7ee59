//! Images, instance types and their offerings.

use aws_sdk_ec2::types::LocationType;
use geusemaker_testkit::Aws;

use super::{account, code, filter, instant};

#[tokio::test(start_paused = true)]
async fn deep_learning_images_match_filters() {
    let (_, client) = instant();
    let found = client
        .describe_images()
        .owners("898082745236")
        .filters(filter(
            "name",
            "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) ????????",
        ))
        .filters(filter("architecture", "x86_64"))
        .filters(filter("state", "available"))
        .send()
        .await
        .unwrap();
    let newest = found
        .images()
        .iter()
        .max_by_key(|image| image.creation_date())
        .unwrap();
    assert_eq!(
        newest.name(),
        Some("Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20261009")
    );
    assert_eq!(newest.root_device_name(), Some("/dev/sda1"));
    let root = newest.block_device_mappings()[0].ebs().unwrap();
    assert_eq!(root.volume_size(), Some(75));
}

#[tokio::test(start_paused = true)]
async fn account_owns_no_images() {
    let (_, client) = instant();
    let own = client
        .describe_images()
        .owners("self")
        .send()
        .await
        .unwrap();
    assert!(own.images().is_empty());
    let unknown = client
        .describe_images()
        .image_ids("ami-0123456789abcdef0")
        .send();
    assert_eq!(code(unknown.await), "InvalidAMIID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn image_ids_differ_between_regions() {
    let ids = |region: &'static str| async move {
        let (_, client) = account(Aws::builder().region(region));
        let images = client.describe_images().send().await.unwrap();
        images.images()[0].image_id().unwrap().to_owned()
    };
    assert_ne!(ids("us-east-1").await, ids("eu-west-1").await);
    assert_eq!(ids("eu-west-1").await, ids("eu-west-1").await);
}

#[tokio::test(start_paused = true)]
async fn instance_type_shows_its_gpus() {
    let (_, client) = instant();
    let types = client
        .describe_instance_types()
        .instance_types("g5.12xlarge".into())
        .send()
        .await
        .unwrap();
    let described = &types.instance_types()[0];
    assert_eq!(described.v_cpu_info().unwrap().default_v_cpus(), Some(48));
    let architectures = described
        .processor_info()
        .unwrap()
        .supported_architectures();
    assert_eq!(architectures[0].as_str(), "x86_64");
    assert_eq!(described.supported_usage_classes()[1].as_str(), "spot");
    let gpus = described.gpu_info().unwrap();
    assert_eq!(gpus.total_gpu_memory_in_mib(), Some(91_552));
    assert_eq!(gpus.gpus()[0].name(), Some("A10G"));
    assert_eq!(gpus.gpus()[0].count(), Some(4));
    assert_eq!(
        gpus.gpus()[0].memory_info().unwrap().size_in_mib(),
        Some(22_888)
    );
}

#[tokio::test(start_paused = true)]
async fn fractional_gpu_has_count_zero() {
    let (_, client) = instant();
    let types = client
        .describe_instance_types()
        .instance_types("g6f.xlarge".into())
        .send()
        .await
        .unwrap();
    let gpu = &types.instance_types()[0].gpu_info().unwrap().gpus()[0];
    assert_eq!((gpu.count(), gpu.logical_gpu_count()), (Some(0), Some(1)));
}

#[tokio::test(start_paused = true)]
async fn unknown_instance_type_is_refused() {
    let (_, client) = instant();
    let types = client
        .describe_instance_types()
        .instance_types("g5.huge".into())
        .send();
    assert_eq!(code(types.await), "InvalidInstanceType");
}

#[tokio::test(start_paused = true)]
async fn offerings_differ_between_zones() {
    let (_, client) = instant();
    let offerings = client
        .describe_instance_type_offerings()
        .location_type(LocationType::AvailabilityZone)
        .filters(filter("instance-type", "g6e.xlarge"))
        .send()
        .await
        .unwrap();
    let zones: Vec<_> = offerings
        .instance_type_offerings()
        .iter()
        .filter_map(|offering| offering.location())
        .collect();
    assert_eq!(
        zones,
        ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]
    );
    let in_region = client
        .describe_instance_type_offerings()
        .filters(filter("instance-type", "g6e.*"))
        .send()
        .await
        .unwrap();
    assert_eq!(in_region.instance_type_offerings().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn instance_types_come_in_pages_of_100() {
    let (_, client) = instant();
    let first = client.describe_instance_types().send().await.unwrap();
    assert_eq!(first.instance_types().len(), 100);
    let all: Vec<_> = client
        .describe_instance_types()
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    assert!(all.len() > 200);
    let few = client.describe_instance_types().max_results(4).send().await;
    assert_eq!(code(few), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn regions_have_endpoints() {
    let (_, client) = instant();
    let regions = client
        .describe_regions()
        .region_names("eu-central-1")
        .send()
        .await
        .unwrap();
    let region = &regions.regions()[0];
    assert_eq!(region.endpoint(), Some("ec2.eu-central-1.amazonaws.com"));
    let all = client.describe_regions().send().await.unwrap();
    assert_eq!(all.regions().len(), 17);
    let unknown = client.describe_regions().region_names("moon-1").send();
    assert_eq!(code(unknown.await), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn account_attributes_name_default_vpc() {
    let (_, client) = instant();
    let attributes = client
        .describe_account_attributes()
        .attribute_names(aws_sdk_ec2::types::AccountAttributeName::DefaultVpc)
        .send()
        .await
        .unwrap();
    let attribute = &attributes.account_attributes()[0];
    assert_eq!(
        attribute.attribute_values()[0].attribute_value(),
        Some(super::default_vpc(&client).await.as_str())
    );
}
