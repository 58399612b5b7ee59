//! RunInstances: launches, client tokens and refusals.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HibernationOptionsRequest, HttpTokensState,
    InstanceLifecycleType, InstanceMarketOptionsRequest, InstanceMetadataOptionsRequest,
    InstanceNetworkInterfaceSpecification, InstanceStateName, LaunchTemplateSpecification,
    MarketType, Placement, ResourceType, Tag, TagSpecification, Tenancy, VolumeType,
};

use super::{code, filter, group, image, instant, message, subnet};

async fn launch(client: &Client, zone: &str) -> RunInstancesFluentBuilder {
    client
        .run_instances()
        .image_id(image(client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .subnet_id(subnet(client, zone).await)
        .min_count(1)
        .max_count(1)
}

fn root(ebs: EbsBlockDevice) -> BlockDeviceMapping {
    BlockDeviceMapping::builder()
        .device_name("/dev/sda1")
        .ebs(ebs)
        .build()
}

#[tokio::test(start_paused = true)]
async fn instances_keep_launch_parameters() {
    let (aws, client) = instant();
    let security_group = group(&client, "gpu").await;
    client
        .create_key_pair()
        .key_name("admin")
        .send()
        .await
        .unwrap();
    let tags = |kind: ResourceType, value: &str| {
        TagSpecification::builder()
            .resource_type(kind)
            .tags(Tag::builder().key("Name").value(value).build())
            .build()
    };
    let disk = EbsBlockDevice::builder()
        .volume_size(200)
        .volume_type(VolumeType::Gp3)
        .encrypted(true)
        .delete_on_termination(true);
    let metadata = InstanceMetadataOptionsRequest::builder()
        .http_tokens(HttpTokensState::Required)
        .http_put_response_hop_limit(2);
    let run = launch(&client, "us-east-1b")
        .await
        .max_count(2)
        .security_group_ids(&security_group)
        .key_name("admin")
        .client_token("attempt-1")
        .block_device_mappings(root(disk.build()))
        .metadata_options(metadata.build())
        .tag_specifications(tags(ResourceType::Instance, "node"))
        .tag_specifications(tags(ResourceType::Volume, "disk"))
        .send()
        .await
        .unwrap();
    assert_eq!(run.instances().len(), 2);
    let found = client
        .describe_instances()
        .filters(filter("client-token", "attempt-1"))
        .filters(filter("tag:Name", "node"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.reservations().len(), 1);
    let instances = found.reservations()[0].instances();
    assert_eq!(instances.len(), 2);
    for instance in instances {
        assert_eq!(
            instance.placement().unwrap().availability_zone(),
            Some("us-east-1b")
        );
        assert_eq!(instance.key_name(), Some("admin"));
        assert_eq!(instance.security_groups()[0].group_name(), Some("gpu"));
        assert!(instance.public_ip_address().is_some());
        let metadata = instance.metadata_options().unwrap();
        assert_eq!(metadata.http_tokens(), Some(&HttpTokensState::Required));
        assert_eq!(metadata.http_put_response_hop_limit(), Some(2));
        let volume = instance.block_device_mappings()[0].ebs().unwrap();
        let tagged = client
            .describe_tags()
            .filters(filter("resource-id", volume.volume_id().unwrap()))
            .send()
            .await
            .unwrap();
        assert_eq!(tagged.tags()[0].value(), Some("disk"));
    }
    let addresses: Vec<_> = instances
        .iter()
        .map(|it| it.private_ip_address().unwrap())
        .collect();
    assert_ne!(addresses[0], addresses[1]);
    let interfaces = client
        .describe_network_interfaces()
        .filters(filter("group-id", &security_group))
        .send()
        .await
        .unwrap();
    assert_eq!(interfaces.network_interfaces().len(), 2);
    let attachment = interfaces.network_interfaces()[0].attachment().unwrap();
    assert!(attachment.instance_id().unwrap().starts_with("i-"));
    assert_eq!(
        aws.leftovers()
            .iter()
            .filter(|it| it.kind == "EC2::Instance")
            .count(),
        2
    );
}

/// The second answer shows the instances in their present state.
#[tokio::test(start_paused = true)]
async fn client_token_returns_same_instances() {
    let (aws, client) = super::account(geusemaker_testkit::Aws::builder());
    let run = launch(&client, "us-east-1a").await.client_token("once");
    let first = run.clone().send().await.unwrap();
    aws.clock().sleep(std::time::Duration::from_secs(60)).await;
    let second = run.send().await.unwrap();
    assert_eq!(first.reservation_id(), second.reservation_id());
    let state = |instance: &aws_sdk_ec2::types::Instance| instance.state().unwrap().name().cloned();
    assert_eq!(
        state(&first.instances()[0]),
        Some(InstanceStateName::Pending)
    );
    assert_eq!(
        state(&second.instances()[0]),
        Some(InstanceStateName::Running)
    );
    assert_eq!(
        first.instances()[0].instance_id(),
        second.instances()[0].instance_id()
    );
}

#[tokio::test(start_paused = true)]
async fn client_token_is_scoped_to_zone() {
    let (aws, client) = instant();
    for zone in ["us-east-1a", "us-east-1b", "us-east-1a"] {
        launch(&client, zone)
            .await
            .client_token("zonal")
            .send()
            .await
            .unwrap();
    }
    let instances = aws
        .leftovers()
        .into_iter()
        .filter(|it| it.kind == "EC2::Instance");
    assert_eq!(instances.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn client_token_without_zone_is_regional() {
    let (aws, client) = instant();
    let run = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .min_count(1)
        .max_count(1)
        .client_token("regional");
    run.clone().send().await.unwrap();
    run.send().await.unwrap();
    let instances = aws
        .leftovers()
        .into_iter()
        .filter(|it| it.kind == "EC2::Instance");
    assert_eq!(instances.count(), 1);
}

/// The token of a terminated instance is refused too.
#[tokio::test(start_paused = true)]
async fn client_token_refuses_other_parameters() {
    let (_, client) = instant();
    let run = launch(&client, "us-east-1a").await.client_token("once");
    let first = run.clone().send().await.unwrap();
    let other = run.clone().instance_type("g6.xlarge".into()).send().await;
    assert_eq!(code(other), "IdempotentParameterMismatch");
    let id = first.instances()[0].instance_id().unwrap();
    client
        .terminate_instances()
        .instance_ids(id)
        .send()
        .await
        .unwrap();
    assert_eq!(code(run.send().await), "IdempotentInstanceTerminated");
}

/// The message lists the zones that offer the instance type.
#[tokio::test(start_paused = true)]
async fn unsupported_zone_error_lists_zones() {
    let (aws, client) = instant();
    let run = launch(&client, "us-east-1f")
        .await
        .instance_type("g6e.xlarge".into());
    assert_eq!(
        message(run.send().await),
        "Your requested instance type (g6e.xlarge) is not supported in your requested Availability Zone (us-east-1f). Please retry your request by not specifying an Availability Zone or choosing us-east-1a, us-east-1b, us-east-1c, us-east-1d."
    );
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn launch_refuses_missing_resources() {
    let (aws, client) = instant();
    let run = launch(&client, "us-east-1a").await;
    let refused = |run: RunInstancesFluentBuilder| async move { code(run.send().await) };
    let image = run.clone().image_id("ami-0123456789abcdef0");
    assert_eq!(refused(image).await, "InvalidAMIID.NotFound");
    let instance_type = run.clone().instance_type("g5.huge".into());
    assert_eq!(refused(instance_type).await, "InvalidParameterValue");
    let no_subnet = run.clone().subnet_id("subnet-0123456789abcdef0");
    assert_eq!(refused(no_subnet).await, "InvalidSubnetID.NotFound");
    let no_group = run.clone().security_group_ids("sg-0123456789abcdef0");
    assert_eq!(refused(no_group).await, "InvalidGroup.NotFound");
    assert_eq!(
        refused(run.clone().key_name("nobody")).await,
        "InvalidKeyPair.NotFound"
    );
    assert_eq!(
        refused(run.clone().max_count(0)).await,
        "InvalidParameterValue"
    );
    assert!(aws.leftovers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn image_and_type_need_same_architecture() {
    let (_, client) = instant();
    let run = launch(&client, "us-east-1a")
        .await
        .instance_type("g5g.xlarge".into());
    assert!(message(run.clone().send().await).contains("does not match the architecture"));
    run.image_id(image(&client, "arm64").await)
        .send()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn root_volume_must_hold_snapshot() {
    let (_, client) = instant();
    let disk = |size| root(EbsBlockDevice::builder().volume_size(size).build());
    let run = launch(&client, "us-east-1a").await;
    let small = run.clone().block_device_mappings(disk(74)).send().await;
    assert_eq!(code(small), "InvalidBlockDeviceMapping");
    run.block_device_mappings(disk(75)).send().await.unwrap();
}

/// The limit counts the bytes before base64 encoding.
#[tokio::test(start_paused = true)]
async fn user_data_is_limited_to_16_kib() {
    let (_, client) = instant();
    let run = launch(&client, "us-east-1a").await;
    let base64 = |bytes: usize| aws_smithy_types::base64::encode(vec![b'x'; bytes]);
    let large = run.clone().user_data(base64(16_385)).send().await;
    assert_eq!(message(large), "User data is limited to 16384 bytes");
    assert_eq!(
        code(run.clone().user_data("#!").send().await),
        "InvalidUserData.Malformed"
    );
    run.user_data(base64(16_384)).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn spot_instance_shows_its_lifecycle() {
    let (_, client) = instant();
    let spot = InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot);
    let run = launch(&client, "us-east-1a")
        .await
        .instance_market_options(spot.build());
    let run = run.send().await.unwrap();
    let instance = &run.instances()[0];
    assert_eq!(
        instance.instance_lifecycle(),
        Some(&InstanceLifecycleType::Spot)
    );
    assert!(
        instance
            .spot_instance_request_id()
            .unwrap()
            .starts_with("sir-")
    );
}

#[tokio::test(start_paused = true)]
async fn group_of_other_vpc_is_refused() {
    let (_, client) = instant();
    let vpc = client
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .send()
        .await
        .unwrap();
    let vpc = vpc.vpc().unwrap().vpc_id().unwrap();
    let elsewhere = client
        .create_security_group()
        .group_name("elsewhere")
        .description("x")
        .vpc_id(vpc)
        .send()
        .await
        .unwrap();
    let run = launch(&client, "us-east-1a").await;
    let run = run.security_group_ids(elsewhere.group_id().unwrap());
    assert_eq!(code(run.send().await), "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn subnet_addresses_limit_instances() {
    let (_, client) = instant();
    let vpc = client
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .send()
        .await
        .unwrap();
    let subnet = client
        .create_subnet()
        .vpc_id(vpc.vpc().unwrap().vpc_id().unwrap())
        .cidr_block("10.0.0.0/28")
        .send()
        .await
        .unwrap();
    let run = launch(&client, "us-east-1a").await;
    let run = run.subnet_id(subnet.subnet().unwrap().subnet_id().unwrap());
    let launched = run
        .clone()
        .min_count(11)
        .max_count(20)
        .send()
        .await
        .unwrap();
    assert_eq!(launched.instances().len(), 11);
    assert!(launched.instances()[0].public_ip_address().is_none());
    assert_eq!(code(run.send().await), "InsufficientFreeAddressesInSubnet");
}

#[tokio::test(start_paused = true)]
async fn primary_interface_replaces_subnet() {
    let (_, client) = instant();
    let interface = InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .subnet_id(subnet(&client, "us-east-1c").await)
        .groups(group(&client, "own").await)
        .associate_public_ip_address(false)
        .build();
    let with_both = launch(&client, "us-east-1a")
        .await
        .network_interfaces(interface.clone());
    assert_eq!(code(with_both.send().await), "InvalidParameterCombination");
    let run = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("g5.xlarge".into())
        .min_count(1)
        .max_count(1)
        .network_interfaces(interface)
        .send()
        .await
        .unwrap();
    let instance = &run.instances()[0];
    assert_eq!(
        instance.placement().unwrap().availability_zone(),
        Some("us-east-1c")
    );
    assert_eq!(instance.public_ip_address(), None);
}

/// The zone can be given by its id.
#[tokio::test(start_paused = true)]
async fn group_can_be_given_by_name() {
    let (_, client) = instant();
    group(&client, "by-name").await;
    let run = client
        .run_instances()
        .image_id(image(&client, "x86_64").await)
        .instance_type("t2.micro".into())
        .security_groups("by-name")
        .min_count(1)
        .max_count(1);
    let in_zone = Placement::builder()
        .availability_zone_id("use1-az6")
        .build();
    let launched = run.clone().placement(in_zone).send().await.unwrap();
    let instance = &launched.instances()[0];
    assert_eq!(instance.security_groups()[0].group_name(), Some("by-name"));
    assert_eq!(
        instance.placement().unwrap().availability_zone(),
        Some("us-east-1c")
    );
    let unknown = run.clone().set_security_groups(Some(vec!["nobody".into()]));
    assert_eq!(code(unknown.send().await), "InvalidGroup.NotFound");
    let with_subnet = run.subnet_id(subnet(&client, "us-east-1a").await);
    assert_eq!(
        message(with_subnet.send().await),
        "The parameter groupName cannot be used with the parameter subnet"
    );
}

#[tokio::test(start_paused = true)]
async fn image_can_be_given_by_ssm_parameter() {
    let (_, client) = instant();
    let run = launch(&client, "us-east-1a").await;
    let newest = image(&client, "x86_64").await;
    let parameter = "resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id";
    let launched = run.clone().image_id(parameter).send().await.unwrap();
    assert_eq!(launched.instances()[0].image_id(), Some(newest.as_str()));
    let unknown = run.image_id("resolve:ssm:/aws/service/eks/x").send().await;
    assert_eq!(code(unknown), "SimulatorUnsupported");
}

/// Its data type has to be that of images.
#[tokio::test(start_paused = true)]
async fn image_can_be_given_by_own_parameter() {
    let (aws, client) = instant();
    let ssm = aws_sdk_ssm::Client::new(&aws.sdk_config());
    let run = launch(&client, "us-east-1a").await;
    let newest = image(&client, "x86_64").await;
    let put = |name: &str, value: &str, data_type: &str| {
        let put = ssm.put_parameter().name(name).value(value);
        put.r#type("String".into()).data_type(data_type).send()
    };
    put("/my/image", &newest, "aws:ec2:image").await.unwrap();
    put("/my/text", &newest, "text").await.unwrap();
    let bad = put("/my/other", "x", "aws:ec2:image").await;
    assert_eq!(code(bad), "ValidationException");
    for name in ["/my/image", "/my/image:1"] {
        let run = run.clone().image_id(format!("resolve:ssm:{name}"));
        let launched = run.send().await.unwrap();
        assert_eq!(launched.instances()[0].image_id(), Some(&*newest));
    }
    let text = run.clone().image_id("resolve:ssm:/my/text").send().await;
    assert_eq!(
        message(text),
        "Unsupported data type. The following parameter data types are supported: aws:ec2:image"
    );
    let base =
        "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-debian-13/latest/ami-id";
    for name in ["/my/own/parameter", base] {
        let run = run.clone().image_id(format!("resolve:ssm:{name}"));
        assert_eq!(code(run.send().await), "SsmInvalidParameter", "{name}");
    }
    let found = client.describe_images().image_ids("resolve:ssm:/my/image");
    assert_eq!(code(found.send().await), "InvalidAMIID.Malformed");
    let other = run.instance_type("g5g.xlarge".into());
    let other = other.image_id("resolve:ssm:/my/image").send().await;
    assert_eq!(code(other), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn amazon_linux_root_device_is_xvda() {
    let (_, client) = instant();
    let found = client
        .describe_images()
        .owners("amazon")
        .filters(filter("name", "al2023-ami-2023*-x86_64"))
        .send()
        .await
        .unwrap();
    let image = &found.images()[0];
    let run = launch(&client, "us-east-1a").await;
    let launched = run
        .image_id(image.image_id().unwrap())
        .instance_type("t3.micro".into())
        .send()
        .await
        .unwrap();
    let instance = &launched.instances()[0];
    assert_eq!(instance.root_device_name(), Some("/dev/xvda"));
    // The answer of RunInstances has no address and no volume yet; DescribeInstances has both.
    assert_eq!(instance.block_device_mappings().len(), 0);
    assert_eq!(instance.public_ip_address(), None);
    assert_eq!(instance.public_dns_name(), Some(""));
    let id = instance.instance_id().unwrap();
    let described = client.describe_instances().instance_ids(id).send();
    let described = described.await.unwrap();
    let instance = &described.reservations()[0].instances()[0];
    assert!(instance.public_ip_address().is_some());
    assert_eq!(
        instance.block_device_mappings()[0].device_name(),
        Some("/dev/xvda")
    );
}

#[tokio::test(start_paused = true)]
async fn unsupported_launch_option_is_refused() {
    let (aws, client) = instant();
    let run = launch(&client, "us-east-1a").await;
    let hibernation = HibernationOptionsRequest::builder().configured(true);
    let hibernating = run.clone().hibernation_options(hibernation.build());
    assert_eq!(code(hibernating.send().await), "SimulatorUnsupported");
    let template = LaunchTemplateSpecification::builder().launch_template_name("x");
    let from_template = run.clone().launch_template(template.build());
    assert_eq!(code(from_template.send().await), "SimulatorUnsupported");
    let dedicated = Placement::builder().tenancy(Tenancy::Dedicated).build();
    let alone = run.clone().placement(dedicated);
    assert_eq!(code(alone.send().await), "SimulatorUnsupported");
    assert!(aws.leftovers().is_empty());
    let hibernation = HibernationOptionsRequest::builder().configured(false);
    let plain = run.hibernation_options(hibernation.build());
    plain.send().await.unwrap();
}
