//! Changes of load balancers, listeners and target groups.

use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, ListenerAttribute, LoadBalancerAttribute, Matcher, TargetGroupAttribute,
};
use geusemaker_testkit::Timings;

use super::world::{World, forbid, forward};

/// Returns the subnets and security groups of the load balancers' network interfaces.
async fn interfaces(world: &World) -> (Vec<String>, Vec<String>) {
    let of_load_balancers = Filter::builder()
        .name("description")
        .values("ELB app/*")
        .build();
    let found = world
        .network
        .ec2
        .describe_network_interfaces()
        .filters(of_load_balancers)
        .send()
        .await
        .unwrap();
    let mut subnets = Vec::new();
    let mut groups = Vec::new();
    for interface in found.network_interfaces() {
        subnets.push(interface.subnet_id().unwrap().to_owned());
        groups.push(interface.groups()[0].group_id().unwrap().to_owned());
    }
    subnets.sort();
    (subnets, groups)
}

/// Targets in the new zones are used.
#[tokio::test(start_paused = true)]
async fn set_subnets_moves_interfaces() {
    let world = World::new(Timings::Slow).await;
    let subnets = &world.network.subnets;
    let instance = world.running_instance(&subnets[2]).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    world.listener(&load_balancer, forward(&group)).await;
    world.wait_until_active(&load_balancer).await;
    world.register(&group, &instance).await.unwrap();
    assert_eq!(
        world.state(&group, &instance).await,
        "unused Target.NotInUse"
    );

    let set = |subnets: &[String]| {
        world
            .elb
            .set_subnets()
            .load_balancer_arn(&load_balancer)
            .set_subnets(Some(subnets.to_vec()))
            .send()
    };
    let changed = set(&subnets[1..3]).await.unwrap();
    let zones: Vec<_> = changed
        .availability_zones()
        .iter()
        .map(|zone| zone.subnet_id().unwrap().to_owned())
        .collect();
    assert_eq!(zones, subnets[1..3]);
    world.seconds(60).await;
    assert_eq!(world.state(&group, &instance).await, "healthy");
    world.seconds(300).await;
    let mut expected = subnets[1..3].to_vec();
    expected.sort();
    assert_eq!(interfaces(&world).await.0, expected);

    let refused = set(&subnets[..1]).await;
    assert_eq!(refused.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn set_security_groups_frees_old_groups() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let other = world
        .network
        .ec2
        .create_security_group()
        .group_name("other")
        .description("of a test")
        .vpc_id(&world.network.vpc)
        .send()
        .await
        .unwrap();
    let other = other.group_id().unwrap().to_owned();
    let set = |group: &str| {
        world
            .elb
            .set_security_groups()
            .load_balancer_arn(&load_balancer)
            .security_groups(group)
            .send()
    };
    let refused = set("sg-0").await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidSecurityGroup"));
    let changed = set(&other).await.unwrap();
    assert_eq!(changed.security_group_ids(), std::slice::from_ref(&other));
    assert_eq!(interfaces(&world).await.1, [other.clone(), other]);
    world.network.delete_security_group().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn dualstack_needs_ipv6_subnets() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let set = |kind| {
        world
            .elb
            .set_ip_address_type()
            .load_balancer_arn(&load_balancer)
            .ip_address_type(kind)
            .send()
    };
    let set_ipv4 = set(IpAddressType::Ipv4).await.unwrap();
    assert_eq!(set_ipv4.ip_address_type(), Some(&IpAddressType::Ipv4));
    let refused = set(IpAddressType::Dualstack).await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidSubnet"));
}

#[tokio::test(start_paused = true)]
async fn load_balancer_needs_8_free_addresses() {
    let world = World::new(Timings::Instant).await;
    let ec2 = &world.network.ec2;
    let vpc = ec2
        .create_vpc()
        .cidr_block("10.9.0.0/16")
        .send()
        .await
        .unwrap();
    let vpc = vpc.vpc().unwrap().vpc_id().unwrap().to_owned();
    let mut subnets = Vec::new();
    for (zone, cidr) in [("us-east-1a", "10.9.0.0/28"), ("us-east-1b", "10.9.1.0/24")] {
        let made = ec2
            .create_subnet()
            .vpc_id(&vpc)
            .cidr_block(cidr)
            .availability_zone(zone)
            .send()
            .await
            .unwrap();
        subnets.push(made.subnet().unwrap().subnet_id().unwrap().to_owned());
    }
    let create = |name: &str| {
        world
            .elb
            .create_load_balancer()
            .name(name)
            .scheme(aws_sdk_elasticloadbalancingv2::types::LoadBalancerSchemeEnum::Internal)
            .set_subnets(Some(subnets.clone()))
            .send()
    };
    // Eleven of the sixteen addresses are free, and each load balancer takes one.
    for name in ["a", "b", "c", "d"] {
        create(name).await.unwrap();
    }
    assert_eq!(create("e").await.unwrap_err().code(), Some("InvalidSubnet"));
}

#[tokio::test(start_paused = true)]
async fn attributes_have_defaults_and_bounds() {
    let world = World::new(Timings::Instant).await;
    let elb = &world.elb;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    let shown = elb
        .describe_load_balancer_attributes()
        .load_balancer_arn(&load_balancer)
        .send()
        .await
        .unwrap();
    let value = |key: &str| {
        let attributes = shown.attributes().iter();
        let mut attributes = attributes.filter(|attribute| attribute.key() == Some(key));
        attributes.next().unwrap().value().unwrap().to_owned()
    };
    assert_eq!(value("idle_timeout.timeout_seconds"), "60");
    assert_eq!(value("deletion_protection.enabled"), "false");
    assert_eq!(value("routing.http2.enabled"), "true");

    for (key, refused) in [
        ("idle_timeout.timeout_seconds", "4001"),
        ("client_keep_alive.seconds", "59"),
        ("load_balancing.cross_zone.enabled", "false"),
        ("routing.http2.enabled", "yes"),
        // Access logs need a bucket.
        ("access_logs.s3.enabled", "true"),
    ] {
        let attribute = LoadBalancerAttribute::builder()
            .key(key)
            .value(refused)
            .build();
        let modified = elb
            .modify_load_balancer_attributes()
            .load_balancer_arn(&load_balancer)
            .attributes(attribute)
            .send()
            .await;
        assert_eq!(
            modified.unwrap_err().code(),
            Some("ValidationError"),
            "{key}"
        );
    }
    for (key, value, is_taken) in [
        ("slow_start.duration_seconds", "29", false),
        ("slow_start.duration_seconds", "0", true),
        ("slow_start.duration_seconds", "900", true),
        ("deregistration_delay.timeout_seconds", "3601", false),
        ("stickiness.type", "source_ip", false),
        ("stickiness.type", "app_cookie", true),
        ("stickiness.app_cookie.cookie_name", "AWSALBX", false),
        (
            "target_group_health.dns_failover.minimum_healthy_targets.count",
            "off",
            true,
        ),
        ("proxy_protocol_v2.enabled", "true", false),
    ] {
        let attribute = TargetGroupAttribute::builder()
            .key(key)
            .value(value)
            .build();
        let modified = elb
            .modify_target_group_attributes()
            .target_group_arn(&group)
            .attributes(attribute)
            .send()
            .await;
        assert_eq!(modified.is_ok(), is_taken, "{key} {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn listener_attributes_can_be_changed() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let listener = world.listener(&load_balancer, forbid()).await;
    let modified = world
        .elb
        .modify_listener_attributes()
        .listener_arn(&listener)
        .attributes(
            ListenerAttribute::builder()
                .key("routing.http.response.server.enabled")
                .value("false")
                .build(),
        )
        .send()
        .await
        .unwrap();
    let shown = world
        .elb
        .describe_listener_attributes()
        .listener_arn(&listener)
        .send()
        .await
        .unwrap();
    assert_eq!(shown.attributes(), modified.attributes());
    assert!(shown.attributes().iter().any(|attribute| {
        attribute.key() == Some("routing.http.response.server.enabled")
            && attribute.value() == Some("false")
    }));
    let refused = world
        .elb
        .modify_listener_attributes()
        .listener_arn(&listener)
        .attributes(
            ListenerAttribute::builder()
                .key("tcp.idle_timeout.seconds")
                .value("60")
                .build(),
        )
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn health_check_can_change_in_parts() {
    let world = World::new(Timings::Instant).await;
    let group = world.target_group(2).await;
    let modify = || world.elb.modify_target_group().target_group_arn(&group);
    let modified = modify()
        .health_check_path("/ready")
        .matcher(Matcher::builder().http_code("200-299,302").build())
        .send()
        .await
        .unwrap();
    let shown = &modified.target_groups()[0];
    assert_eq!(shown.health_check_path(), Some("/ready"));
    assert_eq!(
        shown.matcher().and_then(Matcher::http_code),
        Some("200-299,302")
    );
    // Unchanged since the creation.
    assert_eq!(shown.health_check_interval_seconds(), Some(10));
    assert_eq!(shown.health_check_timeout_seconds(), Some(5));
    for refused in [
        modify().health_check_timeout_seconds(10),
        modify().health_check_enabled(false),
        modify().matcher(Matcher::builder().http_code("302-200").build()),
        modify().health_check_port("0"),
    ] {
        assert_eq!(
            refused.send().await.unwrap_err().code(),
            Some("ValidationError")
        );
    }
}
