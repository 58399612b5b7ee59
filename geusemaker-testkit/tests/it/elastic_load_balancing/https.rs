//! Actions that only HTTPS listeners have, transforms of rules, and attributes that exclude each other.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateOidcActionConfig, Certificate, HostHeaderConditionConfig,
    JwtValidationActionConfig, ProtocolEnum, RedirectActionConfig, RedirectActionStatusCodeEnum,
    RewriteConfig, RuleCondition, RuleTransform, SourceIpConditionConfig, TargetGroupAttribute,
    TransformTypeEnum, UrlRewriteConfig,
};
use geusemaker_testkit::Timings;

use super::world::{World, forbid, forward, paths};

/// Creates a listener on a port, HTTPS unless the port is 80; returns its ARN or the error code.
async fn listener(
    world: &World,
    load_balancer: &str,
    port: i32,
    actions: Vec<Action>,
) -> Result<String, String> {
    let create = world.elb.create_listener().load_balancer_arn(load_balancer);
    let create = create.port(port).set_default_actions(Some(actions));
    let create = if port == 80 {
        create.protocol(ProtocolEnum::Http)
    } else {
        let arn = "arn:aws:acm:us-east-1:123456789012:certificate/a";
        let certificate = Certificate::builder().certificate_arn(arn).build();
        create
            .protocol(ProtocolEnum::Https)
            .certificates(certificate)
    };
    match create.send().await {
        Ok(made) => Ok(made.listeners()[0].listener_arn().unwrap().to_owned()),
        Err(error) => Err(error.code().unwrap().to_owned()),
    }
}

fn login() -> Action {
    let config = AuthenticateOidcActionConfig::builder()
        .issuer("https://id.example.com")
        .authorization_endpoint("https://id.example.com/authorize")
        .token_endpoint("https://id.example.com/token")
        .user_info_endpoint("https://id.example.com/userinfo")
        .client_id("llm")
        .client_secret("a secret");
    let action = Action::builder().r#type(ActionTypeEnum::AuthenticateOidc);
    action
        .order(1)
        .authenticate_oidc_config(config.build())
        .build()
}

fn second(mut action: Action) -> Action {
    action.order = Some(2);
    action
}

#[tokio::test(start_paused = true)]
async fn authentication_needs_https_listener() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let actions = vec![login(), second(forbid())];
    let refused = listener(&world, &load_balancer, 80, actions.clone()).await;
    assert_eq!(refused.unwrap_err(), "ValidationError");
    let alone = listener(&world, &load_balancer, 443, vec![login()]).await;
    assert_eq!(alone.unwrap_err(), "InvalidLoadBalancerAction");
    let unordered = vec![login(), forbid()];
    let refused = listener(&world, &load_balancer, 443, unordered).await;
    assert_eq!(refused.unwrap_err(), "ValidationError");
    listener(&world, &load_balancer, 443, actions)
        .await
        .unwrap();
    let described = world
        .elb
        .describe_listeners()
        .load_balancer_arn(&load_balancer);
    let described = described.send().await.unwrap();
    let shown = described.listeners()[0].default_actions();
    assert_eq!((shown[0].order(), shown[1].order()), (Some(1), Some(2)));
    let config = shown[0].authenticate_oidc_config().unwrap();
    assert_eq!(config.client_secret(), None, "the secret is not shown");
    assert_eq!(config.scope(), Some("openid"));
    let config = JwtValidationActionConfig::builder()
        .issuer("issuer")
        .jwks_endpoint("http://id.example.com/keys");
    let jwt = Action::builder()
        .r#type(ActionTypeEnum::JwtValidation)
        .order(1);
    let jwt = jwt.jwt_validation_config(config.build()).build();
    let refused = listener(&world, &load_balancer, 444, vec![jwt, second(forbid())]).await;
    assert_eq!(refused.unwrap_err(), "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn https_is_not_redirected_to_http() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let config = RedirectActionConfig::builder()
        .protocol("HTTP")
        .port("8080")
        .status_code(RedirectActionStatusCodeEnum::Http301);
    let action = Action::builder().r#type(ActionTypeEnum::Redirect);
    let action = action.redirect_config(config.build()).build();
    let refused = listener(&world, &load_balancer, 443, vec![action.clone()]).await;
    assert_eq!(refused.unwrap_err(), "ValidationError");
    listener(&world, &load_balancer, 80, vec![action])
        .await
        .unwrap();
}

/// gRPC has other health checks.
#[tokio::test(start_paused = true)]
async fn grpc_target_group_needs_https_listener() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let create = world.elb.create_target_group().name("grpc").port(80);
    let create = create.protocol(ProtocolEnum::Http).protocol_version("GRPC");
    let made = create.vpc_id(&world.network.vpc).send().await.unwrap();
    let group = &made.target_groups()[0];
    assert_eq!(group.health_check_path(), Some("/AWS.ALB/healthcheck"));
    assert_eq!(group.matcher().unwrap().grpc_code(), Some("12"));
    let arn = group.target_group_arn().unwrap();
    let refused = listener(&world, &load_balancer, 80, vec![forward(arn)]).await;
    assert_eq!(refused.unwrap_err(), "ValidationError");
    listener(&world, &load_balancer, 443, vec![forward(arn)])
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn transforms_are_set_and_reset() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let listener = listener(&world, &load_balancer, 80, vec![forbid()])
        .await
        .unwrap();
    let transform = |regex: &str| {
        let rewrite = RewriteConfig::builder()
            .regex(regex)
            .replace("/v1/$1")
            .build();
        let config = UrlRewriteConfig::builder().rewrites(rewrite).build();
        let transform = RuleTransform::builder().r#type(TransformTypeEnum::UrlRewrite);
        transform.url_rewrite_config(config).build()
    };
    let create = |priority: i32, transforms: Vec<RuleTransform>| {
        let create = world
            .elb
            .create_rule()
            .listener_arn(&listener)
            .priority(priority);
        let create = create.conditions(paths("/api/*")).actions(forbid());
        create.set_transforms(Some(transforms)).send()
    };
    let made = create(1, vec![transform("^/api/(.*)$")]).await.unwrap();
    let rule = made.rules()[0].clone();
    assert_eq!(rule.transforms(), [transform("^/api/(.*)$")]);
    for wrong in [
        vec![transform("a"), transform("b")],
        vec![transform("(?=a)")],
        vec![transform("\\p{L}")],
    ] {
        let refused = create(2, wrong).await.unwrap_err();
        assert_eq!(refused.code(), Some("ValidationError"));
    }
    let modify = || world.elb.modify_rule().rule_arn(rule.rule_arn().unwrap());
    // Without a word about them they stay.
    let kept = modify().actions(forbid()).send().await.unwrap();
    assert_eq!(kept.rules()[0].transforms().len(), 1);
    let reset = modify().reset_transforms(true).send().await.unwrap();
    assert_eq!(reset.rules()[0].transforms().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn condition_values_are_checked() {
    let world = World::new(Timings::Instant).await;
    let load_balancer = world.load_balancer().await;
    let listener = listener(&world, &load_balancer, 80, vec![forbid()])
        .await
        .unwrap();
    let host = |value: Option<&str>, regex: Option<&str>| {
        let list = |text: Option<&str>| text.map(|text| vec![text.to_owned()]);
        let config = HostHeaderConditionConfig::builder()
            .set_values(list(value))
            .set_regex_values(list(regex));
        let condition = RuleCondition::builder().field("host-header");
        condition.host_header_config(config.build()).build()
    };
    let everywhere = SourceIpConditionConfig::builder().values("255.255.255.255/32");
    let everywhere = RuleCondition::builder()
        .field("source-ip")
        .source_ip_config(everywhere.build());
    let create = |condition: RuleCondition| {
        let create = world.elb.create_rule().listener_arn(&listener).priority(1);
        create.conditions(condition).actions(forbid()).send()
    };
    for wrong in [
        host(Some("localhost"), None),
        host(Some("llm.example.c0m"), None),
        host(Some("llm.example.com"), Some("a")),
        host(None, Some("(")),
        paths("/a b"),
        paths("/ä"),
        everywhere.build(),
    ] {
        let refused = create(wrong.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Some("ValidationError"), "{wrong:?}");
    }
    let made = create(host(None, Some("^llm[0-9]+\\.example\\.com$")))
        .await
        .unwrap();
    let config = made.rules()[0].conditions()[0]
        .host_header_config()
        .unwrap();
    assert_eq!(config.regex_values(), ["^llm[0-9]+\\.example\\.com$"]);
}

#[tokio::test(start_paused = true)]
async fn contradicting_attributes_are_refused() {
    let world = World::new(Timings::Instant).await;
    let group = world.target_group(2).await;
    let modify = |attributes: &[(&str, &str)]| {
        let attributes = attributes.iter().map(|(key, value)| {
            TargetGroupAttribute::builder()
                .key(*key)
                .value(*value)
                .build()
        });
        let modify = world.elb.modify_target_group_attributes();
        let modify = modify.target_group_arn(&group);
        modify.set_attributes(Some(attributes.collect())).send()
    };
    const ALGORITHM: (&str, &str) = ("load_balancing.algorithm.type", "weighted_random");
    for wrong in [
        &[("load_balancing.algorithm.anomaly_mitigation", "on")][..],
        &[ALGORITHM, ("slow_start.duration_seconds", "30")],
        &[ALGORITHM, ("stickiness.enabled", "true")],
        &[
            ("stickiness.enabled", "true"),
            ("stickiness.type", "app_cookie"),
        ],
        &[(
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
            "2",
        )],
    ] {
        let refused = modify(wrong).await.unwrap_err();
        assert_eq!(refused.code(), Some("ValidationError"), "{wrong:?}");
    }
    modify(&[
        ALGORITHM,
        ("load_balancing.algorithm.anomaly_mitigation", "on"),
    ])
    .await
    .unwrap();
}
