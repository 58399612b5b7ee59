//! The requests that go to a service, and the way in which the load balancer chooses an instance for them.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerSchemeEnum, Rule, TargetGroup};
use geusemaker_core::FileSystems;
use geusemaker_testkit::Aws;

use crate::scenario::closed_origin::{admitted, rules};
use crate::scenario::{Scenario, deploy_tier_3, spec_with, stack};

const ROUTES: &str = "[[service]]\nname = 'n8n'\nport = 5678\nimage = 'n8nio/n8n:1'\n\
    paths = ['/n8n', '/n8n/*']\nstrip_prefix = true\n\
    conditions = { hosts = ['flows.example.com'], headers = { X-Team = ['blue'] } }\n\
    target = { stickiness = '1h', deregistration_delay = '30s', protocol = 'https' }";

async fn target_group(aws: &Aws, name: &str) -> (TargetGroup, BTreeMap<String, String>) {
    let client = Client::new(&aws.sdk_config());
    let reply = client.describe_target_groups().names(name).send().await;
    let found = reply.unwrap().target_groups.unwrap().remove(0);
    let attributes = client
        .describe_target_group_attributes()
        .target_group_arn(found.target_group_arn().unwrap())
        .send()
        .await
        .unwrap();
    let attributes = attributes.attributes.unwrap_or_default().into_iter();
    let attributes = attributes.map(|it| (it.key.unwrap(), it.value.unwrap()));
    (found, attributes.collect())
}

async fn attributes(aws: &Aws) -> BTreeMap<String, String> {
    let client = Client::new(&aws.sdk_config());
    let reply = client.describe_load_balancers().send().await.unwrap();
    let reply = client
        .describe_load_balancer_attributes()
        .load_balancer_arn(reply.load_balancers()[0].load_balancer_arn().unwrap())
        .send()
        .await
        .unwrap();
    let attributes = reply.attributes.unwrap_or_default().into_iter();
    let attributes = attributes.map(|it| (it.key.unwrap(), it.value.unwrap()));
    attributes.collect()
}

/// Returns the fields of a rule's conditions with their values.
fn conditions(rule: &Rule) -> Vec<(String, Vec<String>)> {
    let conditions = rule.conditions().iter().map(|condition| {
        let values = condition
            .path_pattern_config()
            .map(|it| it.values())
            .or_else(|| condition.host_header_config().map(|it| it.values()))
            .or_else(|| condition.http_header_config().map(|it| it.values()));
        let field = condition.field().unwrap_or_default().to_owned();
        (field, values.unwrap_or_default().to_vec())
    });
    conditions.collect()
}

#[tokio::test(start_paused = true)]
async fn service_gets_requests_of_its_rule() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec_with(2, ROUTES)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let rules = rules(&scenario.aws).await;
    let (flows, of_flows) = target_group(&scenario.aws, "llm-n8n").await;
    let (_, of_ui) = target_group(&scenario.aws, "llm-webui").await;
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();

    // More conditions are narrower than a longer path.
    let first = &rules[0];
    assert_eq!(
        conditions(first),
        [
            (
                "path-pattern".to_owned(),
                vec!["/n8n".to_owned(), "/n8n/*".to_owned()]
            ),
            (
                "host-header".to_owned(),
                vec!["flows.example.com".to_owned()]
            ),
            ("http-header".to_owned(), vec!["blue".to_owned()]),
        ]
    );
    let [transform] = first.transforms() else {
        panic!("{first:?}")
    };
    let rewrite = &transform.url_rewrite_config().unwrap().rewrites()[0];
    assert_eq!(
        (rewrite.regex(), rewrite.replace()),
        (Some("^(?:/n8n)/?(.*)$"), Some("/$1"))
    );
    assert_eq!(flows.protocol().unwrap().as_str(), "HTTPS");
    assert_eq!(flows.health_check_protocol().unwrap().as_str(), "HTTPS");
    let of = |all: &BTreeMap<String, String>, key: &str| all[key].clone();
    assert_eq!(of(&of_flows, "stickiness.enabled"), "true");
    assert_eq!(
        of(&of_flows, "stickiness.lb_cookie.duration_seconds"),
        "3600"
    );
    assert_eq!(of(&of_flows, "deregistration_delay.timeout_seconds"), "30");
    // Models answer slowly, so a request goes where the fewest wait.
    let algorithm = of(&of_ui, "load_balancing.algorithm.type");
    assert_eq!(algorithm, "least_outstanding_requests");
    assert_eq!(of(&of_ui, "stickiness.enabled"), "false");
}

/// Behind a CDN, each rule keeps room for two secrets, and the rotation of a secret leaves its other conditions.
#[tokio::test(start_paused = true)]
async fn closed_rules_keep_their_conditions() {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec_with(3, ROUTES))
        .await
        .unwrap();
    let rules = rules(&scenario.aws).await;
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    // Two values are secrets, so a rule has room for one path. The last rule is the default one.
    assert_eq!(rules.len(), 5);
    for rule in &rules[..4] {
        assert_eq!(admitted(rule).len(), 1);
    }
    for (rule, path) in [(&rules[0], "/n8n"), (&rules[1], "/n8n/*")] {
        assert!(
            conditions(rule).contains(&("path-pattern".to_owned(), vec![path.to_owned()])),
            "{rule:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn balancer_has_options_of_spec() {
    let options = "[load_balancer]\nscheme = 'internal'\nhttp2 = false\nidle_timeout = '10m'\n\
                   access_logs = { bucket = 'my-logs', prefix = 'llm' }";
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec_with(2, options)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let client = Client::new(&scenario.aws.sdk_config());
    let found = client.describe_load_balancers().send().await.unwrap();
    let scheme = found.load_balancers()[0].scheme().cloned();
    let attributes = attributes(&scenario.aws).await;
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert_eq!(scheme, Some(LoadBalancerSchemeEnum::Internal));
    for (key, value) in [
        ("idle_timeout.timeout_seconds", "600"),
        ("routing.http2.enabled", "false"),
        ("access_logs.s3.enabled", "true"),
        ("access_logs.s3.bucket", "my-logs"),
        ("access_logs.s3.prefix", "llm"),
    ] {
        assert_eq!(attributes[key], value, "{key}");
    }
}

/// Until the stack is committed, a failure can undo the load balancer. After it, nobody deletes it by accident.
#[tokio::test(start_paused = true)]
async fn commit_begins_deletion_protection() {
    let protected = "[load_balancer]\ndeletion_protection = true";
    let scenario = Scenario::new();
    let planned = scenario
        .session
        .plan(spec_with(2, protected))
        .await
        .unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let before = attributes(&scenario.aws).await;
    balanced.commit().await.unwrap();
    let after = attributes(&scenario.aws).await;
    let destroyed = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await;
    let left = destroyed.unwrap().left;
    assert_eq!(before["deletion_protection.enabled"], "false");
    assert_eq!(after["deletion_protection.enabled"], "true");
    assert!(
        left.iter().any(|left| left.key.as_str() == "alb"),
        "{left:?}"
    );

    let client = Client::new(&scenario.aws.sdk_config());
    let arn = client
        .describe_load_balancers()
        .send()
        .await
        .unwrap()
        .load_balancers()[0]
        .load_balancer_arn()
        .unwrap()
        .to_owned();
    let lifted = aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute::builder()
        .key("deletion_protection.enabled")
        .value("false");
    client
        .modify_load_balancer_attributes()
        .load_balancer_arn(arn)
        .attributes(lifted.build())
        .send()
        .await
        .unwrap();
    let destroyed = scenario
        .session
        .destroy(&stack(), FileSystems::Delete)
        .await;
    destroyed.unwrap().into_result().unwrap();
    scenario.assert_nothing_left();
}
