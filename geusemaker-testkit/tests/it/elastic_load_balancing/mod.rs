//! The simulated Elastic Load Balancing, driven by the unmodified SDK client.

mod creation;
mod https;
mod listing;
mod rules;
mod settings;
mod target_health;
mod tls;
pub(crate) mod world;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::client::Waiters;
use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    HttpHeaderConditionConfig, LoadBalancerAttribute, LoadBalancerStateEnum, ProtocolEnum,
    RuleCondition, Tag,
};
use geusemaker_testkit::{Aws, Timings};

use self::world::{HOUR, World, forbid, forward, paths};

#[tokio::test(start_paused = true)]
async fn load_balancer_serves_and_is_deleted() {
    let world = World::new(Timings::Slow).await;
    let instance = world.running_instance(&world.network.subnets[0]).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    let listener = world.listener(&load_balancer, forward(&group)).await;
    world.register(&group, &instance).await.unwrap();
    assert_eq!(
        world.state(&group, &instance).await,
        "initial Elb.RegistrationInProgress"
    );
    world.wait_until_active(&load_balancer).await;
    world
        .elb
        .wait_until_target_in_service()
        .target_group_arn(&group)
        .wait(HOUR)
        .await
        .unwrap();

    let elb = &world.elb;
    let deleted = elb
        .delete_target_group()
        .target_group_arn(&group)
        .send()
        .await;
    assert!(
        deleted
            .unwrap_err()
            .into_service_error()
            .is_resource_in_use_exception()
    );
    elb.delete_listener()
        .listener_arn(&listener)
        .send()
        .await
        .unwrap();
    elb.delete_target_group()
        .target_group_arn(&group)
        .send()
        .await
        .unwrap();
    elb.delete_load_balancer()
        .load_balancer_arn(&load_balancer)
        .send()
        .await
        .unwrap();
    world.terminate(&instance).await;
    world.seconds(600).await;
    world.network.delete_security_group().await.unwrap();
    assert!(
        world.aws.leftovers().is_empty(),
        "{:?}",
        world.aws.leftovers()
    );
}

/// The network interfaces stay for some minutes and hold the security group.
#[tokio::test(start_paused = true)]
async fn deleted_load_balancer_takes_listeners() {
    let world = World::new(Timings::Slow).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    let listener = world.listener(&load_balancer, forward(&group)).await;
    world.wait_until_active(&load_balancer).await;
    let elb = &world.elb;
    let delete = || {
        elb.delete_load_balancer()
            .load_balancer_arn(&load_balancer)
            .send()
    };
    let describe = || {
        elb.describe_load_balancers()
            .load_balancer_arns(&load_balancer)
            .send()
    };
    delete().await.unwrap();
    let still = describe().await.unwrap();
    let state = still.load_balancers()[0].state().unwrap();
    assert_eq!(state.code(), Some(&LoadBalancerStateEnum::Active));
    let listeners = elb
        .describe_listeners()
        .listener_arns(&listener)
        .send()
        .await;
    assert!(
        listeners
            .unwrap_err()
            .into_service_error()
            .is_listener_not_found_exception()
    );
    elb.delete_target_group()
        .target_group_arn(&group)
        .send()
        .await
        .unwrap();

    world.seconds(20).await;
    let error = describe().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert!(
        error
            .into_service_error()
            .is_load_balancer_not_found_exception()
    );
    delete().await.unwrap();

    let group_in_use = Err("DependencyViolation".to_owned());
    assert_eq!(world.network.delete_security_group().await, group_in_use);
    world.seconds(300).await;
    world.network.delete_security_group().await.unwrap();
    assert!(
        world.aws.leftovers().is_empty(),
        "{:?}",
        world.aws.leftovers()
    );
}

/// The default rule comes last and cannot be deleted.
#[tokio::test(start_paused = true)]
async fn rule_priorities_are_unique() {
    let world = World::new(Timings::Instant).await;
    let elb = &world.elb;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    let listener = world.listener(&load_balancer, forbid()).await;
    let header = HttpHeaderConditionConfig::builder()
        .http_header_name("X-Origin-Verify")
        .values("secret")
        .build();
    let header = RuleCondition::builder()
        .field("http-header")
        .http_header_config(header)
        .build();
    let create = || {
        elb.create_rule()
            .listener_arn(&listener)
            .priority(10)
            .conditions(paths("/ollama/*"))
            .conditions(header.clone())
            .actions(forward(&group))
            .send()
    };
    create().await.unwrap();
    let error = create().await.unwrap_err().into_service_error();
    assert!(error.is_priority_in_use_exception(), "{error:?}");
    let deleted = elb
        .delete_target_group()
        .target_group_arn(&group)
        .send()
        .await;
    assert!(
        deleted
            .unwrap_err()
            .into_service_error()
            .is_resource_in_use_exception()
    );

    let described = elb
        .describe_rules()
        .listener_arn(&listener)
        .send()
        .await
        .unwrap();
    let [rule, default] = described.rules() else {
        panic!("{described:?}")
    };
    assert_eq!(rule.priority(), Some("10"));
    assert_eq!(rule.conditions()[0].values(), ["/ollama/*"]);
    assert_eq!(
        rule.conditions()[1].http_header_config().unwrap().values(),
        ["secret"]
    );
    assert_eq!(rule.actions()[0].target_group_arn(), Some(group.as_str()));
    assert_eq!(default.priority(), Some("default"));
    assert_eq!(default.is_default(), Some(true));
    let response = default.actions()[0].fixed_response_config().unwrap();
    assert_eq!(response.status_code(), Some("403"));

    let delete = |arn: &str| elb.delete_rule().rule_arn(arn).send();
    let error = delete(default.rule_arn().unwrap())
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_operation_not_permitted_exception(), "{error:?}");
    delete(rule.rule_arn().unwrap()).await.unwrap();
    let error = delete(rule.rule_arn().unwrap())
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_rule_not_found_exception(), "{error:?}");
    elb.delete_target_group()
        .target_group_arn(&group)
        .send()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn target_group_has_one_load_balancer() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    world.listener(&load_balancer, forward(&group)).await;
    let found = world
        .elb
        .describe_target_groups()
        .load_balancer_arn(&load_balancer)
        .send()
        .await
        .unwrap();
    assert_eq!(
        found.target_groups()[0].load_balancer_arns(),
        [load_balancer]
    );
    let second = world
        .elb
        .create_load_balancer()
        .name("second")
        .set_subnets(Some(world.network.subnets[..2].to_vec()))
        .send()
        .await
        .unwrap();
    let shared = world
        .elb
        .create_listener()
        .load_balancer_arn(second.load_balancers()[0].load_balancer_arn().unwrap())
        .protocol(ProtocolEnum::Http)
        .port(80)
        .default_actions(forward(&group))
        .send()
        .await;
    assert_eq!(
        shared.unwrap_err().code(),
        Some("TargetGroupAssociationLimit")
    );
}

#[tokio::test(start_paused = true)]
async fn protected_load_balancer_is_kept() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let set = async |key: &str, value: &str| {
        world
            .elb
            .modify_load_balancer_attributes()
            .load_balancer_arn(&load_balancer)
            .attributes(
                LoadBalancerAttribute::builder()
                    .key(key)
                    .value(value)
                    .build(),
            )
            .send()
            .await
    };
    let delete = || {
        world
            .elb
            .delete_load_balancer()
            .load_balancer_arn(&load_balancer)
            .send()
    };
    assert_eq!(
        set("no.such.key", "1").await.unwrap_err().code(),
        Some("ValidationError")
    );
    set("deletion_protection.enabled", "true").await.unwrap();
    let error = delete().await.unwrap_err().into_service_error();
    assert!(error.is_operation_not_permitted_exception(), "{error:?}");
    set("deletion_protection.enabled", "false").await.unwrap();
    delete().await.unwrap();
    world.network.delete_security_group().await.unwrap();
    assert!(
        world.aws.leftovers().is_empty(),
        "{:?}",
        world.aws.leftovers()
    );
}

#[tokio::test(start_paused = true)]
async fn load_balancing_resources_have_tags() {
    let world = World::new(Timings::Instant).await;
    let elb = &world.elb;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    let listener = world.listener(&load_balancer, forward(&group)).await;
    let rules = elb
        .describe_rules()
        .listener_arn(&listener)
        .send()
        .await
        .unwrap();
    let rule = rules.rules()[0].rule_arn().unwrap().to_owned();
    let all = vec![load_balancer, group, listener, rule];
    let tag = Tag::builder().key("k").value("v").build();
    elb.add_tags()
        .set_resource_arns(Some(all.clone()))
        .tags(tag)
        .send()
        .await
        .unwrap();
    let keys = async || -> Vec<usize> {
        let tags = elb
            .describe_tags()
            .set_resource_arns(Some(all.clone()))
            .send()
            .await
            .unwrap();
        tags.tag_descriptions()
            .iter()
            .map(|tags| tags.tags().len())
            .collect()
    };
    assert_eq!(keys().await, [1; 4]);
    let remove = elb
        .remove_tags()
        .set_resource_arns(Some(all.clone()))
        .tag_keys("k");
    remove.send().await.unwrap();
    assert_eq!(keys().await, [0; 4]);
    let unknown = elb
        .describe_tags()
        .resource_arns(format!("{}0", all[1]))
        .send()
        .await;
    assert_eq!(unknown.unwrap_err().code(), Some("TargetGroupNotFound"));
}

#[tokio::test(start_paused = true)]
async fn snapshot_keeps_created_resources() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    let listener = world.listener(&load_balancer, forbid()).await;
    let create = world.elb.create_rule().listener_arn(&listener).priority(10);
    create
        .conditions(paths("/*"))
        .actions(forward(&group))
        .send()
        .await
        .unwrap();
    let kept = serde_json::to_string(&world.aws.snapshot()).unwrap();
    let restored = Aws::builder()
        .restore(serde_json::from_str(&kept).unwrap())
        .unwrap()
        .build();
    assert_eq!(restored.inventory(), world.aws.inventory());
    let elb = Client::new(&restored.sdk_config());
    let deleted = elb
        .delete_target_group()
        .target_group_arn(&group)
        .send()
        .await;
    assert!(
        deleted
            .unwrap_err()
            .into_service_error()
            .is_resource_in_use_exception()
    );
}
