//! Lists: pages, names, and the data that every account has.

use aws_sdk_elasticloadbalancingv2::client::Waiters;
use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{ProtocolEnum, Tag};
use geusemaker_testkit::Timings;

use super::world::{HOUR, World, forbid, forward, paths};

#[tokio::test(start_paused = true)]
async fn target_groups_come_in_pages() {
    let world = World::new(Timings::Instant).await;
    for number in 0..5 {
        world
            .elb
            .create_target_group()
            .name(format!("group-{number}"))
            .protocol(ProtocolEnum::Http)
            .port(80)
            .vpc_id(&world.network.vpc)
            .send()
            .await
            .unwrap();
    }
    let pages = world
        .elb
        .describe_target_groups()
        .page_size(2)
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap();
    let sizes: Vec<usize> = pages
        .iter()
        .map(|page| page.target_groups().len())
        .collect();
    assert_eq!(sizes, [2, 2, 1]);
    let mut names: Vec<&str> = pages
        .iter()
        .flat_map(|page| page.target_groups())
        .map(|group| group.target_group_name().unwrap())
        .collect();
    names.dedup();
    assert_eq!(names.len(), 5);

    for refused in [0, 401] {
        let refused = world
            .elb
            .describe_target_groups()
            .page_size(refused)
            .send()
            .await;
        assert_eq!(refused.unwrap_err().code(), Some("ValidationError"));
    }
    let refused = world
        .elb
        .describe_target_groups()
        .marker("no marker")
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn rule_pages_end_with_default_rule() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let listener = world.listener(&load_balancer, forbid()).await;
    for priority in [30, 4, 100] {
        world
            .elb
            .create_rule()
            .listener_arn(&listener)
            .priority(priority)
            .conditions(paths(&format!("/{priority}")))
            .actions(forbid())
            .send()
            .await
            .unwrap();
    }
    let mut priorities = Vec::new();
    let mut marker = None;
    loop {
        let page = world
            .elb
            .describe_rules()
            .listener_arn(&listener)
            .page_size(3)
            .set_marker(marker)
            .send()
            .await
            .unwrap();
        let shown = page.rules().iter();
        priorities.extend(shown.map(|rule| rule.priority().unwrap().to_owned()));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(priorities, ["4", "30", "100", "default"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_name_or_arn_is_not_found() {
    let world = World::new(Timings::Slow).await;
    let elb = &world.elb;
    let load_balancer = world.load_balancer().await;
    let found = elb
        .describe_load_balancers()
        .names("alb")
        .send()
        .await
        .unwrap();
    assert_eq!(
        found.load_balancers()[0].load_balancer_arn(),
        Some(load_balancer.as_str())
    );
    let error = elb.describe_load_balancers().names("other").send().await;
    assert_eq!(error.unwrap_err().code(), Some("LoadBalancerNotFound"));
    let error = elb.describe_target_groups().names("other").send().await;
    assert_eq!(error.unwrap_err().code(), Some("TargetGroupNotFound"));
    let error = elb.describe_rules().rule_arns("other").send().await;
    assert_eq!(error.unwrap_err().code(), Some("RuleNotFound"));
    let error = elb.describe_rules().send().await;
    assert_eq!(error.unwrap_err().code(), Some("ValidationError"));
    let error = elb.describe_listeners().send().await;
    assert_eq!(error.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn sdk_waiters_follow_load_balancer() {
    let world = World::new(Timings::Slow).await;
    let load_balancer = world.load_balancer().await;
    let elb = &world.elb;
    elb.wait_until_load_balancer_exists()
        .names("alb")
        .wait(HOUR)
        .await
        .unwrap();
    elb.wait_until_load_balancer_available()
        .names("alb")
        .wait(HOUR)
        .await
        .unwrap();
    elb.delete_load_balancer()
        .load_balancer_arn(&load_balancer)
        .send()
        .await
        .unwrap();
    elb.wait_until_load_balancers_deleted()
        .load_balancer_arns(&load_balancer)
        .wait(HOUR)
        .await
        .unwrap();
    let gone = elb.describe_load_balancers().send().await.unwrap();
    assert!(gone.load_balancers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn security_policies_and_limits_exist() {
    let world = World::new(Timings::Instant).await;
    let elb = &world.elb;
    let listed = elb
        .describe_ssl_policies()
        .names("ELBSecurityPolicy-TLS13-1-2-2021-06")
        .send()
        .await
        .unwrap();
    let policy = &listed.ssl_policies()[0];
    assert_eq!(policy.ssl_protocols(), ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(policy.ciphers()[0].name(), Some("TLS_AES_128_GCM_SHA256"));
    assert_eq!(policy.ciphers()[0].priority(), Some(1));
    let error = elb.describe_ssl_policies().names("other").send().await;
    assert_eq!(error.unwrap_err().code(), Some("SSLPolicyNotFound"));

    let limits = elb.describe_account_limits().send().await.unwrap();
    let most = limits
        .limits()
        .iter()
        .find(|limit| limit.name() == Some("application-load-balancers"));
    assert_eq!(most.unwrap().max(), Some("50"));
}

#[tokio::test(start_paused = true)]
async fn tags_have_limits() {
    let world = World::new(Timings::Instant).await;
    let group = world.target_group(2).await;
    let add = async |tags: Vec<Tag>| {
        let added = world
            .elb
            .add_tags()
            .resource_arns(&group)
            .set_tags(Some(tags))
            .send()
            .await;
        added.map_err(|error| error.code().unwrap().to_owned())
    };
    let tag = |key: String| Tag::builder().key(key).value("v").build();
    let many = |n: u32| (0..n).map(|n| tag(format!("k{n}"))).collect();
    assert_eq!(add(many(51)).await.unwrap_err(), "TooManyTags");
    add(many(50)).await.unwrap();
    assert_eq!(
        add(vec![tag("k50".to_owned())]).await.unwrap_err(),
        "TooManyTags"
    );
    for key in ["aws:x".to_owned(), "k".repeat(129)] {
        assert_eq!(add(vec![tag(key)]).await.unwrap_err(), "ValidationError");
    }
    assert_eq!(
        add(vec![tag("k1".to_owned()), tag("k1".to_owned())])
            .await
            .unwrap_err(),
        "DuplicateTagKeys"
    );
}

#[tokio::test(start_paused = true)]
async fn target_waiter_ends_after_draining() {
    let world = World::new(Timings::Instant).await;
    let instance = world.launch(&world.network.subnets[0]).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    world.listener(&load_balancer, forward(&group)).await;
    world.register(&group, &instance).await.unwrap();
    world.deregister(&group, &instance).await;
    let begun = world.aws.clock().now();
    world
        .elb
        .wait_until_target_deregistered()
        .target_group_arn(&group)
        .targets(super::world::target(&instance))
        .wait(HOUR)
        .await
        .unwrap();
    let took = world.aws.clock().now().duration_since(begun).as_secs();
    assert!(took >= 300, "{took}");
}
