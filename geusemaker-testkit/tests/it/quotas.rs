//! Quotas and capacity, through the unmodified SDK clients.

use std::time::Duration;

use aws_sdk_ec2::client::Waiters;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::run_instances::RunInstancesError;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{Instance, InstanceMarketOptionsRequest, MarketType};
use aws_sdk_elasticloadbalancingv2::types::{ProtocolEnum, TargetDescription};
use geusemaker_testkit::{Aws, AwsBuilder, Quota, Snapshot, Timings};

use crate::default_network::DefaultNetwork;

struct World {
    aws: Aws,
    ec2: aws_sdk_ec2::Client,
    elb: aws_sdk_elasticloadbalancingv2::Client,
    image: String,
}

impl World {
    async fn new(builder: AwsBuilder) -> Self {
        let aws = builder.build();
        let config = aws.sdk_config().into_builder();
        // The client would otherwise try three times when there is no capacity.
        let config = config.retry_config(aws_smithy_types::retry::RetryConfig::disabled());
        let config = config.build();
        let ec2 = aws_sdk_ec2::Client::new(&config);
        let found = ec2.describe_images().owners("amazon").send().await.unwrap();
        let mut images = found.images.unwrap().into_iter();
        let image = images.find(|image| image.architecture.as_ref().unwrap().as_str() == "x86_64");
        Self {
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            image: image.unwrap().image_id.unwrap(),
            aws,
            ec2,
        }
    }

    fn launch(&self, instance_type: &str, min: i32, max: i32) -> RunInstancesFluentBuilder {
        self.ec2
            .run_instances()
            .image_id(&self.image)
            .instance_type(instance_type.into())
            .min_count(min)
            .max_count(max)
    }

    async fn run(&self, instance_type: &str, min: i32, max: i32) -> Launched {
        launched(self.launch(instance_type, min, max).send().await)
    }

    async fn run_spot(&self, instance_type: &str) -> Launched {
        let spot = InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot);
        let launch = self.launch(instance_type, 1, 1);
        launched(launch.instance_market_options(spot.build()).send().await)
    }

    async fn run_in(&self, instance_type: &str, zone: &str) -> Launched {
        let place = aws_sdk_ec2::types::Placement::builder().availability_zone(zone);
        let launch = self.launch(instance_type, 1, 1).placement(place.build());
        launched(launch.send().await)
    }

    async fn terminate(&self, instances: &[Instance]) {
        let ids = instances.iter().map(|it| it.instance_id.clone().unwrap());
        let ids: Vec<_> = ids.collect();
        self.ec2
            .terminate_instances()
            .set_instance_ids(Some(ids.clone()))
            .send()
            .await
            .unwrap();
        self.ec2
            .wait_until_instance_terminated()
            .set_instance_ids(Some(ids))
            .wait(Duration::from_secs(3600))
            .await
            .unwrap();
    }
}

/// The instances, or the code and the message of the refusal.
type Launched = Result<Vec<Instance>, (String, String)>;

fn launched(
    result: Result<
        aws_sdk_ec2::operation::run_instances::RunInstancesOutput,
        SdkError<RunInstancesError>,
    >,
) -> Launched {
    match result {
        Ok(run) => Ok(run.instances.unwrap()),
        Err(error) => Err((code(&error), error.message().unwrap().to_owned())),
    }
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    error.code().unwrap().to_owned()
}

fn instant() -> AwsBuilder {
    Aws::builder().timings(Timings::Instant)
}

#[tokio::test(start_paused = true)]
async fn zero_vcpu_quota_blocks_gpu_instance() {
    let world = World::new(instant().quota(Quota::OnDemandGAndVt, 0)).await;
    let refused = world.run("g5.xlarge", 1, 1).await.unwrap_err();
    assert_eq!(
        refused,
        (
            "VcpuLimitExceeded".to_owned(),
            "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.".to_owned()
        )
    );
    assert!(world.aws.leftovers().is_empty());
    // The quota covers only on-demand instances of G and VT types.
    world.run_spot("g5.xlarge").await.unwrap();
    world.run("p4d.24xlarge", 1, 1).await.unwrap();
    world.run("t3.micro", 1, 1).await.unwrap();
    world.aws.set_quota(Quota::OnDemandGAndVt, 4);
    world.run("g5.xlarge", 1, 1).await.unwrap();
    world.run("g5.xlarge", 1, 1).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn vcpu_quota_refuses_its_own_types() {
    for (quota, instance_type, is_spot) in [
        (Quota::OnDemandGAndVt, "g6f.large", false),
        (Quota::OnDemandP, "p5.48xlarge", false),
        (Quota::OnDemandStandard, "m5.large", false),
        (Quota::SpotGAndVt, "g4dn.xlarge", true),
        (Quota::SpotP, "p4d.24xlarge", true),
        (Quota::SpotP5, "p5.48xlarge", true),
        (Quota::SpotP5, "p6-b200.48xlarge", true),
        (Quota::SpotStandard, "t3.micro", true),
    ] {
        let world = World::new(instant().quota(quota, 1)).await;
        let (result, expected) = if is_spot {
            let refused = (
                "MaxSpotInstanceCountExceeded",
                "Max spot instance count exceeded",
            );
            (world.run_spot(instance_type).await, refused)
        } else {
            (
                world.run(instance_type, 1, 1).await,
                ("VcpuLimitExceeded", ""),
            )
        };
        let (code, message) = result.unwrap_err();
        assert_eq!(code, expected.0, "{quota:?}");
        assert!(message.contains(expected.1), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn vcpu_quota_limits_instance_count() {
    let world = World::new(instant().quota(Quota::OnDemandGAndVt, 15)).await;
    let three = world.run("g5.xlarge", 2, 5).await.unwrap();
    assert_eq!(three.len(), 3);
    let (code, _) = world.run("g5.xlarge", 1, 1).await.unwrap_err();
    assert_eq!(code, "VcpuLimitExceeded");
    world.terminate(&three[..1]).await;
    let (code, _) = world.run("g5.xlarge", 2, 5).await.unwrap_err();
    assert_eq!(code, "VcpuLimitExceeded");
    assert_eq!(world.run("g5.xlarge", 1, 5).await.unwrap().len(), 1);
}

/// The instance counts against the quota for two more minutes.
#[tokio::test(start_paused = true)]
async fn terminated_instance_still_counts() {
    let builder = Aws::builder().timings(Timings::Slow);
    let world = World::new(builder.quota(Quota::OnDemandGAndVt, 4)).await;
    let one = world.run("g5.xlarge", 1, 1).await.unwrap();
    world.aws.clock().sleep(Duration::from_secs(60)).await;
    world
        .ec2
        .terminate_instances()
        .instance_ids(one[0].instance_id().unwrap())
        .send()
        .await
        .unwrap();
    // The termination takes five minutes, and the calls take time too.
    world.aws.clock().sleep(Duration::from_secs(400)).await;
    let (code, _) = world.run("g5.xlarge", 1, 1).await.unwrap_err();
    assert_eq!(code, "VcpuLimitExceeded");
    world.aws.clock().sleep(Duration::from_secs(20)).await;
    world.run("g5.xlarge", 1, 1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn used_client_token_passes_quota() {
    let world = World::new(instant().quota(Quota::OnDemandGAndVt, 4)).await;
    let launch = || world.launch("g5.xlarge", 1, 1).client_token("one").send();
    let first = launched(launch().await).unwrap();
    let again = launched(launch().await).unwrap();
    assert_eq!(first[0].instance_id, again[0].instance_id);
}

/// The message lists the zones that have capacity.
#[tokio::test(start_paused = true)]
async fn capacity_error_lists_other_zones() {
    let builder = instant().no_capacity("g5.xlarge", "us-east-1a");
    let world = World::new(builder.no_capacity("g5.xlarge", "us-east-1b")).await;
    let place = aws_sdk_ec2::types::Placement::builder().availability_zone("us-east-1a");
    let launch = world.launch("g5.xlarge", 1, 1).placement(place.build());
    let error = launch.send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 500);
    assert_eq!(code(&error), "InsufficientInstanceCapacity");
    assert_eq!(
        error.message().unwrap(),
        "We currently do not have sufficient g5.xlarge capacity in the Availability Zone you requested (us-east-1a). Our system will be working on provisioning additional capacity. You can currently get g5.xlarge capacity by not specifying an Availability Zone in your request or choosing us-east-1c, us-east-1d, us-east-1f."
    );
    assert!(world.aws.leftovers().is_empty());
    // Launches of another type, in another zone and without a zone succeed.
    world.run_in("g5.2xlarge", "us-east-1a").await.unwrap();
    world.run_in("g5.xlarge", "us-east-1c").await.unwrap();
    let anywhere = world.run("g5.xlarge", 1, 1).await.unwrap();
    let zone = anywhere[0].placement().unwrap().availability_zone();
    assert_eq!(zone, Some("us-east-1c"));
}

#[tokio::test(start_paused = true)]
async fn capacity_can_change_at_run_time() {
    let world = World::new(instant()).await;
    let zones = ["a", "b", "c", "d", "f"].map(|letter| format!("us-east-1{letter}"));
    for zone in &zones {
        world.aws.exhaust_capacity("g5.xlarge", zone);
    }
    let (code, message) = world.run("g5.xlarge", 1, 1).await.unwrap_err();
    assert_eq!(code, "InsufficientInstanceCapacity");
    assert!(message.ends_with("additional capacity."), "{message}");
    let (code, message) = world.run_spot("g5.xlarge").await.unwrap_err();
    assert_eq!(code, "InsufficientInstanceCapacity");
    assert_eq!(
        message,
        "There is no Spot capacity available that matches your request."
    );
    world.aws.restore_capacity("g5.xlarge", "us-east-1d");
    let instance = &world.run("g5.xlarge", 1, 1).await.unwrap()[0];
    let zone = instance.placement().unwrap().availability_zone();
    assert_eq!(zone, Some("us-east-1d"));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "no instance type g5.xlrage")]
async fn capacity_of_unknown_type_panics() {
    let _ = Aws::builder()
        .no_capacity("g5.xlrage", "us-east-1a")
        .build();
}

#[tokio::test(start_paused = true)]
async fn snapshot_keeps_quotas_and_capacity() {
    let builder = instant().quota(Quota::OnDemandGAndVt, 0);
    let world = World::new(builder.no_capacity("p4d.24xlarge", "us-east-1a")).await;
    let kept = serde_json::to_string(&world.aws.snapshot()).unwrap();
    let kept: Snapshot = serde_json::from_str(&kept).unwrap();
    let world = World::new(Aws::builder().restore(kept).unwrap()).await;
    let (code, _) = world.run("g5.xlarge", 1, 1).await.unwrap_err();
    assert_eq!(code, "VcpuLimitExceeded");
    let (code, _) = world
        .run_in("p4d.24xlarge", "us-east-1a")
        .await
        .unwrap_err();
    assert_eq!(code, "InsufficientInstanceCapacity");
}

#[tokio::test(start_paused = true)]
async fn ec2_network_quotas_are_enforced() {
    let builder = instant()
        .quota(Quota::ElasticIps, 1)
        .quota(Quota::KeyPairs, 1)
        .quota(Quota::SecurityGroups, 3)
        .quota(Quota::SecurityGroupsPerInterface, 1)
        .quota(Quota::SubnetsPerVpc, 7)
        .quota(Quota::Vpcs, 2);
    let world = World::new(builder).await;
    // The default VPC, its security group and its six subnets count.
    let network = DefaultNetwork::of(&world.aws).await;
    let ec2 = &world.ec2;
    let address = || ec2.allocate_address().send();
    address().await.unwrap();
    assert_eq!(code(&address().await.unwrap_err()), "AddressLimitExceeded");

    let key = |name| ec2.create_key_pair().key_name(name).send();
    key("one").await.unwrap();
    assert_eq!(code(&key("two").await.unwrap_err()), "KeyPairLimitExceeded");

    let group = |name| {
        ec2.create_security_group()
            .group_name(name)
            .description("of a test")
            .send()
    };
    let second = group("second").await.unwrap().group_id.unwrap();
    let error = group("third").await.unwrap_err();
    assert_eq!(code(&error), "SecurityGroupLimitExceeded");
    let launch = world.launch("g5.xlarge", 1, 1);
    let launch = launch.security_group_ids(&network.security_group);
    let (code_of_launch, _) = launched(launch.security_group_ids(second).send().await).unwrap_err();
    assert_eq!(code_of_launch, "SecurityGroupsPerInterfaceLimitExceeded");
    network.delete_security_group().await.unwrap();
    group("third").await.unwrap();

    let subnet = |cidr| {
        ec2.create_subnet()
            .vpc_id(&network.vpc)
            .cidr_block(cidr)
            .send()
    };
    subnet("172.31.96.0/20").await.unwrap();
    let error = subnet("172.31.112.0/20").await.unwrap_err();
    assert_eq!(code(&error), "SubnetLimitExceeded");

    let vpc = |cidr| ec2.create_vpc().cidr_block(cidr).send();
    world.aws.set_quota(Quota::SecurityGroups, 10);
    vpc("10.0.0.0/16").await.unwrap();
    assert_eq!(
        code(&vpc("10.1.0.0/16").await.unwrap_err()),
        "VpcLimitExceeded"
    );
}

/// The group then holds the CloudFront prefix list twice.
#[tokio::test(start_paused = true)]
async fn raised_rule_quota_admits_prefix_list() {
    let world = World::new(instant()).await;
    let network = DefaultNetwork::of(&world.aws).await;
    let lists = world.ec2.describe_managed_prefix_lists();
    let lists = lists.send().await.unwrap().prefix_lists.unwrap();
    let list = lists.iter().find(|list| {
        list.prefix_list_name() == Some("com.amazonaws.global.cloudfront.origin-facing")
    });
    let list = list.unwrap().prefix_list_id().unwrap();
    let allow = |port| {
        let list = aws_sdk_ec2::types::PrefixListId::builder().prefix_list_id(list);
        let permission = aws_sdk_ec2::types::IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(port)
            .to_port(port)
            .prefix_list_ids(list.build());
        world
            .ec2
            .authorize_security_group_ingress()
            .group_id(&network.security_group)
            .ip_permissions(permission.build())
            .send()
    };
    allow(80).await.unwrap();
    let error = allow(443).await.unwrap_err();
    assert_eq!(code(&error), "RulesPerSecurityGroupLimitExceeded");
    world.aws.set_quota(Quota::RulesPerSecurityGroup, 110);
    allow(443).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn load_balancing_quotas_are_enforced() {
    let builder = instant()
        .quota(Quota::LoadBalancers, 1)
        .quota(Quota::TargetGroups, 1)
        .quota(Quota::ListenersPerLoadBalancer, 1)
        .quota(Quota::RulesPerLoadBalancer, 0)
        .quota(Quota::TargetsPerTargetGroup, 1);
    let world = World::new(builder).await;
    let network = DefaultNetwork::of(&world.aws).await;
    let elb = &world.elb;
    let balancer = |name| {
        elb.create_load_balancer()
            .name(name)
            .subnets(&network.subnets[0])
            .subnets(&network.subnets[1])
            .security_groups(&network.security_group)
            .send()
    };
    let one = balancer("one").await.unwrap().load_balancers.unwrap();
    let one = one[0].load_balancer_arn().unwrap();
    assert_eq!(
        code(&balancer("two").await.unwrap_err()),
        "TooManyLoadBalancers"
    );
    // The same request again creates no second load balancer.
    balancer("one").await.unwrap();

    let group = |name| {
        elb.create_target_group()
            .name(name)
            .protocol(ProtocolEnum::Http)
            .port(80)
            .vpc_id(&network.vpc)
            .send()
    };
    let targets = group("one").await.unwrap().target_groups.unwrap();
    let targets = targets[0].target_group_arn().unwrap();
    assert_eq!(
        code(&group("two").await.unwrap_err()),
        "TooManyTargetGroups"
    );

    let forward = aws_sdk_elasticloadbalancingv2::types::Action::builder()
        .r#type("forward".into())
        .target_group_arn(targets)
        .build();
    let listener = |port| {
        elb.create_listener()
            .load_balancer_arn(one)
            .protocol(ProtocolEnum::Http)
            .port(port)
            .default_actions(forward.clone())
            .send()
    };
    let listeners = listener(80).await.unwrap().listeners.unwrap();
    assert_eq!(code(&listener(81).await.unwrap_err()), "TooManyListeners");

    let path = aws_sdk_elasticloadbalancingv2::types::RuleCondition::builder()
        .field("path-pattern")
        .values("/a");
    let rule = elb
        .create_rule()
        .listener_arn(listeners[0].listener_arn().unwrap())
        .priority(1)
        .conditions(path.build())
        .actions(forward.clone())
        .send()
        .await;
    assert_eq!(code(&rule.unwrap_err()), "TooManyRules");

    let instance = &world.run("t3.micro", 1, 1).await.unwrap()[0];
    let target = |port| {
        TargetDescription::builder()
            .id(instance.instance_id().unwrap())
            .port(port)
            .build()
    };
    let register = |ports: &[i32]| {
        let named = ports.iter().map(|port| target(*port)).collect();
        elb.register_targets()
            .target_group_arn(targets)
            .set_targets(Some(named))
            .send()
    };
    let both = register(&[80, 81]).await.unwrap_err();
    assert_eq!(code(&both), "TooManyTargets");
    register(&[80]).await.unwrap();
    register(&[80]).await.unwrap();
}

/// Instances and mount targets count against the same quota.
#[tokio::test(start_paused = true)]
async fn network_interface_quota_is_shared() {
    let world = World::new(instant().quota(Quota::NetworkInterfaces, 2)).await;
    let network = DefaultNetwork::of(&world.aws).await;
    let efs = aws_sdk_efs::Client::new(&world.aws.sdk_config());
    let create = efs.create_file_system().creation_token("one");
    let file_system = create.send().await.unwrap().file_system_id;
    let mount_target = |subnet: usize| {
        efs.create_mount_target()
            .file_system_id(&file_system)
            .subnet_id(&network.subnets[subnet])
            .send()
    };
    let (code, _) = world.run("t3.micro", 3, 3).await.unwrap_err();
    assert_eq!(code, "NetworkInterfaceLimitExceeded");
    let instance = world.run("t3.micro", 1, 1).await.unwrap();
    mount_target(0).await.unwrap();
    let error = mount_target(1).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 409);
    let error = error.into_service_error();
    assert!(error.is_network_interface_limit_exceeded(), "{error:?}");
    world.terminate(&instance).await;
    mount_target(1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn access_point_quota_is_enforced() {
    let aws = instant().quota(Quota::AccessPointsPerFileSystem, 1).build();
    let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
    for name in ["one", "two"] {
        let created = efs.create_file_system().creation_token(name).send().await;
        let id = created.unwrap().file_system_id;
        let create = |token: &str| {
            let create = efs.create_access_point().file_system_id(&id);
            create.client_token(format!("{name}-{token}")).send()
        };
        create("a").await.unwrap();
        let error = create("b").await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
        assert!(error.into_service_error().is_access_point_limit_exceeded());
    }
}

#[tokio::test(start_paused = true)]
async fn file_system_quota_is_enforced() {
    let aws = instant().quota(Quota::FileSystems, 1).build();
    let efs = aws_sdk_efs::Client::new(&aws.sdk_config());
    let create = |token| efs.create_file_system().creation_token(token).send();
    create("one").await.unwrap();
    let error = create("two").await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    assert!(error.into_service_error().is_file_system_limit_exceeded());
}
