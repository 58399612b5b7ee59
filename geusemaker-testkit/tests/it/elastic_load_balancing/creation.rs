//! Creations: repeated, invalid and unsupported ones.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancerSchemeEnum, LoadBalancerTypeEnum, Matcher, ProtocolEnum,
};
use geusemaker_testkit::Timings;

use super::world::{World, forbid, forward};

/// Another request with the same name or port is refused.
#[tokio::test(start_paused = true)]
async fn creation_is_idempotent() {
    let world = World::new(Timings::Instant).await;
    let elb = &world.elb;
    let load_balancer = world.load_balancer().await;
    assert_eq!(world.load_balancer().await, load_balancer);
    let other = elb
        .create_load_balancer()
        .name("alb")
        .set_subnets(Some(world.network.subnets[1..3].to_vec()))
        .send()
        .await;
    let error = other.unwrap_err().into_service_error();
    assert!(
        error.is_duplicate_load_balancer_name_exception(),
        "{error:?}"
    );

    let group = world.target_group(2).await;
    assert_eq!(world.target_group(2).await, group);
    let other = elb
        .create_target_group()
        .name("group")
        .protocol(ProtocolEnum::Http)
        .port(81)
        .vpc_id(&world.network.vpc)
        .send()
        .await;
    let error = other.unwrap_err().into_service_error();
    assert!(
        error.is_duplicate_target_group_name_exception(),
        "{error:?}"
    );

    let listener = world.listener(&load_balancer, forward(&group)).await;
    assert_eq!(
        world.listener(&load_balancer, forward(&group)).await,
        listener
    );
    let other = elb
        .create_listener()
        .load_balancer_arn(&load_balancer)
        .protocol(ProtocolEnum::Http)
        .port(80)
        .default_actions(forbid())
        .send()
        .await;
    let error = other.unwrap_err().into_service_error();
    assert!(error.is_duplicate_listener_exception(), "{error:?}");
}

/// The subnets and security groups are checked too.
#[tokio::test(start_paused = true)]
async fn load_balancer_names_are_checked() {
    let world = World::new(Timings::Instant).await;
    let subnets = &world.network.subnets;
    let create = async |name: &str, subnets: &[String]| {
        let created = world
            .elb
            .create_load_balancer()
            .name(name)
            .set_subnets(Some(subnets.to_vec()))
            .send()
            .await;
        let error = created.unwrap_err();
        (
            error.code().unwrap().to_owned(),
            error.message().unwrap().to_owned(),
        )
    };
    for name in [&"x".repeat(33), "-x", "x-", "x_y", "internal-x", ""] {
        assert_eq!(
            create(name, &subnets[..2]).await.0,
            "ValidationError",
            "{name}"
        );
    }
    let (code, message) = create("x", &subnets[..1]).await;
    assert_eq!(code, "ValidationError");
    assert_eq!(
        message,
        "At least two subnets in two different Availability Zones must be specified"
    );
    let twice = [subnets[0].clone(), subnets[0].clone()];
    assert_eq!(create("x", &twice).await.0, "InvalidConfigurationRequest");
    let unknown = [subnets[0].clone(), "subnet-0".to_owned()];
    assert_eq!(create("x", &unknown).await.0, "SubnetNotFound");
    let unknown = world
        .elb
        .create_load_balancer()
        .name("x")
        .set_subnets(Some(subnets[..2].to_vec()))
        .security_groups("sg-0")
        .send()
        .await;
    assert_eq!(unknown.unwrap_err().code(), Some("InvalidSecurityGroup"));
}

#[tokio::test(start_paused = true)]
async fn health_check_numbers_have_bounds() {
    let world = World::new(Timings::Instant).await;
    let create = || {
        world
            .elb
            .create_target_group()
            .name("x")
            .protocol(ProtocolEnum::Http)
            .port(80)
            .vpc_id(&world.network.vpc)
    };
    for refused in [
        create().health_check_interval_seconds(4),
        create().health_check_interval_seconds(301),
        create().health_check_timeout_seconds(1),
        create().health_check_timeout_seconds(30),
        create().healthy_threshold_count(1),
        create().unhealthy_threshold_count(11),
        create().port(0),
        create().health_check_path("x"),
        create().matcher(Matcher::builder().http_code("500").build()),
    ] {
        assert_eq!(
            refused.send().await.unwrap_err().code(),
            Some("ValidationError")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn unsupported_setting_is_refused() {
    let world = World::new(Timings::Instant).await;
    let before = world.aws.inventory();
    let create = world
        .elb
        .create_target_group()
        .name("x")
        .port(443)
        .vpc_id(&world.network.vpc);
    let refused = create.protocol(ProtocolEnum::Tls).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("SimulatorUnsupported"));
    let refused = world
        .elb
        .create_load_balancer()
        .name("x")
        .set_subnets(Some(world.network.subnets[..2].to_vec()))
        .customer_owned_ipv4_pool("pool")
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("SimulatorUnsupported"));
    let refused = world
        .elb
        .create_load_balancer()
        .name("x")
        .set_subnets(Some(world.network.subnets[..2].to_vec()))
        .r#type(LoadBalancerTypeEnum::Network)
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("SimulatorUnsupported"));
    assert_eq!(world.aws.inventory(), before);
}

/// An internal one does not need it.
#[tokio::test(start_paused = true)]
async fn public_load_balancer_needs_gateway() {
    let world = World::new(Timings::Instant).await;
    let ec2 = &world.network.ec2;
    let vpc = ec2.create_vpc().cidr_block("10.9.0.0/16").send().await;
    let vpc = vpc.unwrap().vpc().unwrap().vpc_id().unwrap().to_owned();
    let mut subnets = Vec::new();
    for (zone, cidr) in [("us-east-1a", "10.9.0.0/24"), ("us-east-1b", "10.9.1.0/24")] {
        let subnet = ec2.create_subnet().vpc_id(&vpc).cidr_block(cidr);
        let subnet = subnet.availability_zone(zone).send().await.unwrap();
        subnets.push(subnet.subnet().unwrap().subnet_id().unwrap().to_owned());
    }
    let create = |name: &str| {
        let create = world.elb.create_load_balancer().name(name);
        create.set_subnets(Some(subnets.clone()))
    };
    let refused = create("public").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidSubnet"));
    let expected = format!("VPC {vpc} has no internet gateway");
    assert_eq!(refused.message(), Some(expected.as_str()));
    let internal = create("inside").scheme(LoadBalancerSchemeEnum::Internal);
    internal.send().await.unwrap();
    let gateway = ec2.create_internet_gateway().send().await.unwrap();
    let gateway = gateway.internet_gateway().unwrap();
    ec2.attach_internet_gateway()
        .internet_gateway_id(gateway.internet_gateway_id().unwrap())
        .vpc_id(&vpc)
        .send()
        .await
        .unwrap();
    create("public").send().await.unwrap();
}
