//! Images, instance types and their offerings.

use aws_sdk_ec2::types::LocationType;
use geusemaker_testkit::{Aws, NewerType, Timings};

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

/// Each has a parameter that names its newest image.
#[tokio::test(start_paused = true)]
async fn base_images_cover_systems_and_architectures() {
    let (aws, client) = instant();
    let ssm = aws_sdk_ssm::Client::new(&aws.sdk_config());
    for (infix, architecture) in [("", "x86_64"), (" ARM64", "arm64")] {
        for (system, parameter, root, gib) in [
            ("Ubuntu 22.04", "ubuntu-22.04", "/dev/sda1", 77),
            ("Ubuntu 24.04", "ubuntu-24.04", "/dev/sda1", 75),
            ("Amazon Linux 2023", "amazon-linux-2023", "/dev/xvda", 75),
        ] {
            let name = format!("Deep Learning{infix} Base OSS Nvidia Driver GPU AMI ({system}) *");
            let found = client.describe_images().filters(filter("name", &name));
            let found = found.send().await.unwrap();
            let images = found.images().iter();
            assert_eq!(images.len(), 3, "{name}");
            let newest = images.max_by_key(|it| it.creation_date()).unwrap();
            assert_eq!(newest.architecture().unwrap().as_str(), architecture);
            assert_eq!(newest.root_device_name(), Some(root));
            let disk = newest.block_device_mappings()[0].ebs().unwrap();
            assert_eq!(disk.volume_size(), Some(gib), "{name}");
            let parameter = format!(
                "/aws/service/deeplearning/ami/{architecture}/base-oss-nvidia-driver-gpu-{parameter}/latest/ami-id"
            );
            let parameter = ssm.get_parameter().name(parameter).send().await.unwrap();
            assert_eq!(parameter.parameter.unwrap().value(), newest.image_id());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn deprecated_image_is_listed_on_request() {
    let (_, client) = instant();
    let found = |deprecated: Option<bool>| {
        let name = filter("name", "*Proprietary*");
        let found = client.describe_images().filters(name);
        found.set_include_deprecated(deprecated).send()
    };
    assert!(found(None).await.unwrap().images().is_empty());
    let all = found(Some(true)).await.unwrap();
    let old = &all.images()[0];
    assert!(old.deprecation_time().is_some());
    let by_id = client.describe_images().image_ids(old.image_id().unwrap());
    assert_eq!(by_id.send().await.unwrap().images().len(), 1);
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
async fn type_shows_its_accelerators() {
    let (_, client) = instant();
    let names = [
        "dl2q.24xlarge",
        "f2.6xlarge",
        "inf2.xlarge",
        "vt1.3xlarge",
        "m7i.large",
    ];
    let types = client.describe_instance_types();
    let types = types.set_instance_types(Some(names.map(Into::into).to_vec()));
    let types = types.send().await.unwrap();
    let described = |name: &str| {
        let mut types = types.instance_types().iter();
        types
            .find(|it| it.instance_type().unwrap().as_str() == name)
            .unwrap()
    };
    let inferentia = described("inf2.xlarge");
    let neuron = inferentia.neuron_info().unwrap();
    assert_eq!(neuron.neuron_devices()[0].name(), Some("Inferentia2"));
    assert_eq!(neuron.total_neuron_device_memory_in_mib(), Some(32_768));
    let inference = inferentia.inference_accelerator_info().unwrap();
    assert_eq!(inference.accelerators()[0].manufacturer(), Some("AWS"));
    let qualcomm = described("dl2q.24xlarge").inference_accelerator_info();
    assert_eq!(qualcomm.unwrap().accelerators()[0].count(), Some(8));
    let fpga = described("f2.6xlarge").fpga_info().unwrap();
    assert_eq!(fpga.total_fpga_memory_in_mib(), Some(81_920));
    let media = described("vt1.3xlarge").media_accelerator_info().unwrap();
    assert_eq!(media.accelerators()[0].name(), Some("U30"));
    let plain = described("m7i.large");
    assert!(plain.gpu_info().is_none() && plain.neuron_info().is_none());
}

/// Another account does not have it.
#[tokio::test(start_paused = true)]
async fn newer_type_is_in_one_account() {
    let newer = || {
        NewerType::new("g98.4xlarge", "NVIDIA", "X2")
            .gpus(4)
            .vcpus(16)
    };
    let (aws, client) = account(Aws::builder().newer_type(newer()));
    let described = |client: aws_sdk_ec2::Client| async move {
        let types = client.describe_instance_types();
        let types = types.filters(filter("instance-type", "g98.4xlarge"));
        types.send().await.unwrap().instance_types().to_vec()
    };
    let found = described(client.clone()).await;
    assert_eq!(found[0].v_cpu_info().unwrap().default_v_cpus(), Some(16));
    assert_eq!(found[0].gpu_info().unwrap().gpus()[0].count(), Some(4));
    let offerings = client.describe_instance_type_offerings();
    let offerings = offerings.location_type(LocationType::AvailabilityZone);
    let offerings = offerings.filters(filter("instance-type", "g98.4xlarge"));
    let offerings = offerings.send().await.unwrap();
    assert_eq!(offerings.instance_type_offerings().len(), 6);
    let restored = Aws::builder().restore(aws.snapshot()).unwrap();
    let (_, restored) = account(restored);
    assert_eq!(described(restored).await, found);
    let (_, other) = instant();
    assert!(described(other).await.is_empty());
}

/// Each has a public parameter, and the drivers of no GPU.
#[tokio::test(start_paused = true)]
async fn plain_images_have_parameters() {
    let (aws, client) = instant();
    let ssm = aws_sdk_ssm::Client::new(&aws.sdk_config());
    let ubuntu = "/aws/service/canonical/ubuntu/server";
    let amazon = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default";
    for (parameter, name, architecture) in [
        (
            format!("{ubuntu}/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"),
            "ubuntu-noble-24.04-amd64",
            "x86_64",
        ),
        (
            format!("{ubuntu}/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id"),
            "ubuntu-jammy-22.04-arm64",
            "arm64",
        ),
        (format!("{amazon}-arm64"), "al2023-ami-2023", "arm64"),
    ] {
        let value = ssm.get_parameter().name(parameter).send().await.unwrap();
        let id = value.parameter.unwrap().value.unwrap();
        let images = client.describe_images().image_ids(id).send().await;
        let images = images.unwrap();
        let image = &images.images()[0];
        assert!(image.name().unwrap().contains(name), "{image:?}");
        assert_eq!(image.architecture().unwrap().as_str(), architecture);
    }
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
async fn regions_are_those_of_partition() {
    for (region, partition) in [
        ("us-west-2", 34),
        ("cn-north-1", 2),
        ("us-gov-east-1", 2),
        ("eusc-de-east-1", 1),
    ] {
        let (_, client) = account(Aws::builder().region(region));
        let all = client.describe_regions().all_regions(true).send().await;
        assert_eq!(all.unwrap().regions().len(), partition, "{region}");
    }
    let (_, client) = account(Aws::builder().region("cn-northwest-1"));
    let here = client.describe_regions().region_names("cn-north-1");
    let here = here.send().await.unwrap();
    assert_eq!(
        here.regions()[0].endpoint(),
        Some("ec2.cn-north-1.amazonaws.com.cn")
    );
}

/// The answers are those to unknown credentials, in each service's own way.
#[tokio::test(start_paused = true)]
async fn opt_in_region_refuses_calls_until_enabled() {
    let status = |client: aws_sdk_ec2::Client| async move {
        let all = client.describe_regions().all_regions(true);
        let found = all.region_names("ap-east-1").send().await.unwrap();
        found.regions()[0].opt_in_status().unwrap().to_owned()
    };
    let (_, client) = instant();
    assert_eq!(status(client).await, "not-opted-in");
    let (aws, client) = account(Aws::builder().region("ap-east-1"));
    let refused = client.describe_vpcs().send().await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 401);
    assert_eq!(code(Err::<(), _>(refused)), "AuthFailure");
    let config = aws.sdk_config();
    let efs = aws_sdk_efs::Client::new(&config);
    let refused = efs.describe_file_systems().send().await;
    assert_eq!(code(refused), "UnrecognizedClientException");
    let ssm = aws_sdk_ssm::Client::new(&config);
    let refused = ssm.describe_parameters().send().await;
    assert_eq!(code(refused), "UnrecognizedClientException");
    let sts = aws_sdk_sts::Client::new(&config);
    let refused = sts.get_caller_identity().send().await;
    assert_eq!(code(refused), "InvalidClientTokenId");
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
    let refused = elb.describe_load_balancers().send().await;
    assert_eq!(code(refused), "InvalidClientTokenId");
    assert!(aws.inventory().is_empty());

    let opted_in = Aws::builder().opt_in("ap-east-1");
    let (_, client) = account(opted_in.region("ap-east-1"));
    let vpcs = client.describe_vpcs().send().await.unwrap();
    assert_eq!(vpcs.vpcs().len(), 1);
    assert_eq!(status(client).await, "opted-in");
}

#[tokio::test(start_paused = true)]
async fn zones_and_offerings_differ_by_region() {
    let (_, client) = account(Aws::builder().region("us-west-1"));
    let zones = client.describe_availability_zones().send().await.unwrap();
    let names: Vec<_> = zones
        .availability_zones()
        .iter()
        .filter_map(|zone| zone.zone_name())
        .collect();
    assert_eq!(names, ["us-west-1a", "us-west-1b"]);
    let offered = |family: &'static str| {
        let offerings = client.describe_instance_type_offerings();
        let family = filter("instance-type", family);
        offerings.filters(family).send()
    };
    let none = offered("g5.*").await.unwrap();
    assert!(none.instance_type_offerings().is_empty());
    let some = offered("g4dn.*").await.unwrap();
    assert_eq!(some.instance_type_offerings().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn local_zones_need_opt_in() {
    let builder = Aws::builder().timings(Timings::Instant);
    let (aws, client) = account(builder.region("us-west-2"));
    let zones = |all: bool| {
        let zones = client.describe_availability_zones();
        zones.all_availability_zones(all).send()
    };
    assert_eq!(zones(false).await.unwrap().availability_zones().len(), 4);
    let all = zones(true).await.unwrap();
    let local = all.availability_zones().iter();
    let mut local = local.filter(|zone| zone.zone_type() == Some("local-zone"));
    let local = local.next().unwrap();
    assert_eq!(local.zone_name(), Some("us-west-2-lax-1a"));
    assert_eq!(local.opt_in_status().unwrap().as_str(), "not-opted-in");
    assert_eq!(local.network_border_group(), Some("us-west-2-lax-1"));

    let vpc = super::default_vpc(&client).await;
    let subnet = || {
        let subnet = client.create_subnet().vpc_id(&vpc);
        let subnet = subnet.cidr_block("172.31.128.0/20");
        subnet.availability_zone("us-west-2-lax-1a").send()
    };
    assert_eq!(code(subnet().await), "InvalidParameterValue");
    let group = client.modify_availability_zone_group();
    let group = group.group_name("us-west-2-lax-1");
    group.opt_in_status("opted-in".into()).send().await.unwrap();
    assert_eq!(zones(false).await.unwrap().availability_zones().len(), 6);
    let subnet = subnet().await.unwrap().subnet.unwrap();
    let subnet = subnet.subnet_id().unwrap();

    let launch = |instance_type: &str| {
        let launch = client.run_instances().instance_type(instance_type.into());
        launch.min_count(1).max_count(1).subnet_id(subnet)
    };
    let image = super::image(&client, "x86_64").await;
    let launched = launch("g4dn.xlarge").image_id(&image).send().await;
    launched.unwrap();
    let refused = launch("g5.xlarge").image_id(&image).send().await;
    assert_eq!(code(refused), "Unsupported");
    let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
    let file_system = efs.create_file_system().creation_token("one").send().await;
    let mount_target = efs.create_mount_target().subnet_id(subnet);
    let mount_target = mount_target.file_system_id(file_system.unwrap().file_system_id);
    let refused = mount_target.send().await;
    assert_eq!(code(refused), "UnsupportedAvailabilityZone");
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
