//! Rules: conditions, actions and changes.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, HostHeaderConditionConfig,
    HttpHeaderConditionConfig, HttpRequestMethodConditionConfig, ProtocolEnum,
    QueryStringConditionConfig, QueryStringKeyValuePair, RedirectActionConfig,
    RedirectActionStatusCodeEnum, RuleCondition, RulePriorityPair, SourceIpConditionConfig,
    TargetGroupTuple,
};
use geusemaker_testkit::Timings;

use super::world::{World, forbid, forward, paths};

async fn create(
    world: &World,
    listener: &str,
    priority: i32,
    conditions: Vec<RuleCondition>,
    action: Action,
) -> Result<String, String> {
    let created = world
        .elb
        .create_rule()
        .listener_arn(listener)
        .priority(priority)
        .set_conditions(Some(conditions))
        .actions(action)
        .send()
        .await;
    match created {
        Ok(created) => Ok(created.rules()[0].rule_arn().unwrap().to_owned()),
        Err(error) => Err(error.code().unwrap().to_owned()),
    }
}

fn methods(values: &[&str]) -> RuleCondition {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let config = HttpRequestMethodConditionConfig::builder()
        .set_values(Some(values))
        .build();
    RuleCondition::builder()
        .field("http-request-method")
        .http_request_method_config(config)
        .build()
}

fn source(value: &str) -> RuleCondition {
    let config = SourceIpConditionConfig::builder().values(value).build();
    RuleCondition::builder()
        .field("source-ip")
        .source_ip_config(config)
        .build()
}

fn host(value: &str) -> RuleCondition {
    let config = HostHeaderConditionConfig::builder().values(value).build();
    RuleCondition::builder()
        .field("host-header")
        .host_header_config(config)
        .build()
}

fn header(name: &str, value: &str) -> RuleCondition {
    let config = HttpHeaderConditionConfig::builder()
        .http_header_name(name)
        .values(value)
        .build();
    RuleCondition::builder()
        .field("http-header")
        .http_header_config(config)
        .build()
}

fn query(key: Option<&str>, value: &str) -> RuleCondition {
    let pair = QueryStringKeyValuePair::builder()
        .set_key(key.map(str::to_owned))
        .value(value)
        .build();
    let config = QueryStringConditionConfig::builder().values(pair).build();
    RuleCondition::builder()
        .field("query-string")
        .query_string_config(config)
        .build()
}

#[tokio::test(start_paused = true)]
async fn conditions_are_shown_as_given() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let listener = world.listener(&load_balancer, forbid()).await;
    let conditions = vec![
        methods(&["GET"]),
        source("10.0.0.0/8"),
        host("*.example.org"),
        query(Some("version"), "v1"),
        query(None, "debug"),
    ];
    let rule = create(&world, &listener, 1, conditions, forbid())
        .await
        .unwrap();
    let shown = world
        .elb
        .describe_rules()
        .rule_arns(&rule)
        .send()
        .await
        .unwrap();
    let [method, source, host, version, debug] = shown.rules()[0].conditions() else {
        panic!("{shown:?}")
    };
    let method = method.http_request_method_config().unwrap();
    assert_eq!(method.values(), ["GET"]);
    assert_eq!(source.source_ip_config().unwrap().values(), ["10.0.0.0/8"]);
    assert_eq!(host.values(), ["*.example.org"]);
    let version = &version.query_string_config().unwrap().values()[0];
    assert_eq!(
        (version.key(), version.value()),
        (Some("version"), Some("v1"))
    );
    let debug = &debug.query_string_config().unwrap().values()[0];
    assert_eq!((debug.key(), debug.value()), (None, Some("debug")));
}

#[tokio::test(start_paused = true)]
async fn invalid_conditions_are_refused() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let listener = world.listener(&load_balancer, forbid()).await;
    for conditions in [
        Vec::new(),
        vec![paths("/a"), paths("/b")],
        vec![paths("")],
        vec![paths(&"x".repeat(129))],
        // Six values, and then six wildcards, are one too many.
        vec![methods(&["A", "B", "C", "D", "E", "F"])],
        vec![paths("/******")],
        vec![methods(&["get"])],
        vec![source("10.0.0.1")],
        vec![source("10.0.0.0/33")],
        vec![host("a b")],
        vec![header("Host", "x")],
        vec![header(&"x".repeat(41), "x")],
        vec![RuleCondition::builder().field("cookie").build()],
    ] {
        let refused = create(&world, &listener, 1, conditions.clone(), forbid()).await;
        assert_eq!(refused.unwrap_err(), "ValidationError", "{conditions:?}");
    }
    // Conditions on headers can be repeated.
    let conditions = vec![header("a", "x"), header("b", "y")];
    create(&world, &listener, 1, conditions, forbid())
        .await
        .unwrap();
}

/// Nothing changes if one of the new priorities is taken.
#[tokio::test(start_paused = true)]
async fn rule_priorities_can_be_swapped() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let listener = world.listener(&load_balancer, forbid()).await;
    let mut arns = Vec::new();
    for priority in [1, 2, 3] {
        let conditions = vec![paths(&format!("/{priority}"))];
        let made = create(&world, &listener, priority, conditions, forbid()).await;
        arns.push(made.unwrap());
    }
    let order = async || -> Vec<String> {
        let shown = world
            .elb
            .describe_rules()
            .listener_arn(&listener)
            .send()
            .await
            .unwrap();
        let rules = shown.rules().iter();
        rules
            .map(|rule| rule.rule_arn().unwrap().to_owned())
            .collect()
    };
    let set = |pairs: &[(usize, i32)]| {
        let pairs = pairs.iter().map(|(index, priority)| {
            RulePriorityPair::builder()
                .rule_arn(&arns[*index])
                .priority(*priority)
                .build()
        });
        world
            .elb
            .set_rule_priorities()
            .set_rule_priorities(Some(pairs.collect()))
            .send()
    };
    set(&[(0, 2), (1, 1)]).await.unwrap();
    assert_eq!(
        order().await[..3],
        [&arns[1], &arns[0], &arns[2]].map(String::clone)
    );
    let refused = set(&[(0, 3)]).await;
    assert_eq!(refused.unwrap_err().code(), Some("PriorityInUse"));
    assert_eq!(
        order().await[..3],
        [&arns[1], &arns[0], &arns[2]].map(String::clone)
    );
    let default = order().await[3].clone();
    let refused = world
        .elb
        .set_rule_priorities()
        .rule_priorities(
            RulePriorityPair::builder()
                .rule_arn(default)
                .priority(9)
                .build(),
        )
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("OperationNotPermitted"));
}

#[tokio::test(start_paused = true)]
async fn modified_rule_frees_target_group() {
    let world = World::new(Timings::Instant).await;
    let instance = world.launch(&world.network.subnets[0]).await;
    let load_balancer = world.load_balancer().await;
    let group = world.target_group(2).await;
    let listener = world.listener(&load_balancer, forbid()).await;
    let rule = create(&world, &listener, 1, vec![paths("/a")], forbid())
        .await
        .unwrap();
    world.register(&group, &instance).await.unwrap();
    assert_eq!(
        world.state(&group, &instance).await,
        "unused Target.NotInUse"
    );
    let modify = || world.elb.modify_rule().rule_arn(&rule);
    let modified = modify().actions(forward(&group)).send().await.unwrap();
    assert_eq!(modified.rules()[0].conditions()[0].values(), ["/a"]);
    assert_eq!(world.state(&group, &instance).await, "healthy");
    let modified = modify().conditions(paths("/b")).send().await.unwrap();
    assert_eq!(modified.rules()[0].conditions()[0].values(), ["/b"]);
    assert_eq!(
        modified.rules()[0].actions()[0].target_group_arn(),
        Some(group.as_str())
    );
    modify().actions(forbid()).send().await.unwrap();
    world
        .elb
        .delete_target_group()
        .target_group_arn(&group)
        .send()
        .await
        .unwrap();

    let rules = world
        .elb
        .describe_rules()
        .listener_arn(&listener)
        .send()
        .await
        .unwrap();
    let default = rules.rules().last().unwrap().rule_arn().unwrap();
    let refused = world
        .elb
        .modify_rule()
        .rule_arn(default)
        .actions(forbid())
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("OperationNotPermitted"));
}

fn redirect(config: RedirectActionConfig) -> Action {
    Action::builder()
        .r#type(ActionTypeEnum::Redirect)
        .redirect_config(config)
        .build()
}

/// The parts that a redirect keeps are shown as placeholders.
#[tokio::test(start_paused = true)]
async fn redirect_must_change_something() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let config =
        || RedirectActionConfig::builder().status_code(RedirectActionStatusCodeEnum::Http301);
    let to_https = redirect(config().protocol("HTTPS").port("443").build());
    let listener = world.listener(&load_balancer, to_https).await;
    let shown = world
        .elb
        .describe_listeners()
        .listener_arns(&listener)
        .send()
        .await
        .unwrap();
    let shown = shown.listeners()[0].default_actions()[0]
        .redirect_config()
        .unwrap();
    assert_eq!(shown.protocol(), Some("HTTPS"));
    assert_eq!(shown.host(), Some("#{host}"));
    assert_eq!(shown.path(), Some("/#{path}"));
    assert_eq!(shown.query(), Some("#{query}"));
    for (refused, code) in [
        (config().build(), "InvalidLoadBalancerAction"),
        (config().query("x=1").build(), "InvalidLoadBalancerAction"),
        (config().port("0").build(), "ValidationError"),
        (config().protocol("TCP").build(), "ValidationError"),
        (config().path("x").build(), "ValidationError"),
    ] {
        let created = create(&world, &listener, 1, vec![paths("/a")], redirect(refused)).await;
        assert_eq!(created.unwrap_err(), code);
    }
}

#[tokio::test(start_paused = true)]
async fn forward_action_takes_5_target_groups() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let mut tuples = Vec::new();
    for number in 0..6 {
        let created = world
            .elb
            .create_target_group()
            .name(format!("group-{number}"))
            .protocol(ProtocolEnum::Http)
            .port(80)
            .vpc_id(&world.network.vpc)
            .send()
            .await
            .unwrap();
        let arn = created.target_groups()[0].target_group_arn().unwrap();
        let tuple = TargetGroupTuple::builder()
            .target_group_arn(arn)
            .weight(number);
        tuples.push(tuple.build());
    }
    let shared = |tuples: &[TargetGroupTuple]| {
        let config = ForwardActionConfig::builder()
            .set_target_groups(Some(tuples.to_vec()))
            .build();
        Action::builder()
            .r#type(ActionTypeEnum::Forward)
            .forward_config(config)
            .build()
    };
    let listener = world.listener(&load_balancer, shared(&tuples[..5])).await;
    let shown = world
        .elb
        .describe_listeners()
        .listener_arns(&listener)
        .send()
        .await
        .unwrap();
    let action = &shown.listeners()[0].default_actions()[0];
    assert_eq!(action.target_group_arn(), None);
    assert_eq!(
        action.forward_config().unwrap().target_groups(),
        &tuples[..5]
    );
    let modify = |action| {
        world
            .elb
            .modify_listener()
            .listener_arn(&listener)
            .default_actions(action)
            .send()
    };
    let refused = modify(shared(&tuples)).await;
    assert_eq!(refused.unwrap_err().code(), Some("TooManyTargetGroups"));
    let twice = [tuples[0].clone(), tuples[0].clone()];
    let refused = modify(shared(&twice)).await;
    assert_eq!(refused.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn modified_listener_needs_free_port() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let listener = world.listener(&load_balancer, forbid()).await;
    let other = world
        .elb
        .create_listener()
        .load_balancer_arn(&load_balancer)
        .protocol(ProtocolEnum::Http)
        .port(81)
        .default_actions(forbid())
        .send()
        .await
        .unwrap();
    let other = other.listeners()[0].listener_arn().unwrap();
    let modify = |arn: &str, port| {
        world
            .elb
            .modify_listener()
            .listener_arn(arn)
            .port(port)
            .send()
    };
    let refused = modify(other, 80).await;
    assert_eq!(refused.unwrap_err().code(), Some("DuplicateListener"));
    modify(&listener, 82).await.unwrap();
    let modified = modify(other, 80).await.unwrap();
    assert_eq!(modified.listeners()[0].port(), Some(80));
    // Settings that the call does not name stay as they were.
    let response = modified.listeners()[0].default_actions()[0].fixed_response_config();
    assert_eq!(response.unwrap().status_code(), Some("403"));
}
