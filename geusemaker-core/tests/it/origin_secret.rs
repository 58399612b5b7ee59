//! A load balancer behind a CDN serves only what comes through that CDN, which it knows by a secret header.

use aws_sdk_elasticloadbalancingv2::types::{HttpHeaderConditionConfig, RuleCondition};
use geusemaker_core::AnyDeployment;

use crate::scenario::closed_origin::{admitted, assert_closed, distribution, rules, sent};
use crate::scenario::{Scenario, deploy_tier_3, go_on, records_as_bytes, spec, spec_with};

/// The managed policy that sends all headers of the viewer, Host too.
const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";

#[tokio::test(start_paused = true)]
async fn balancer_serves_own_cdn_alone() {
    let scenario = Scenario::new();
    let deployed = deploy_tier_3(&scenario.session, spec(3)).await.unwrap();
    let (distribution, rules) = (
        distribution(&scenario.aws).await,
        rules(&scenario.aws).await,
    );
    let stack = deployed.commit().await.unwrap();
    let journal = records_as_bytes(scenario.store.as_ref()).await;
    let messages = scenario.messages();
    let calls = format!("{:?}", scenario.aws.calls());
    scenario.destroy().await;

    let secret = assert_closed(&distribution, &rules);
    assert_eq!(rules.len(), 3);
    assert!(
        secret.len() == 64
            && secret
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    );
    let behavior = distribution.default_cache_behavior().unwrap();
    assert_eq!(behavior.origin_request_policy_id(), Some(ALL_VIEWER));
    for (_, record) in journal {
        assert!(!String::from_utf8_lossy(&record).contains(&secret));
    }
    let told = [format!("{stack:?}"), format!("{messages:?}"), calls];
    assert!(told.iter().all(|text| !text.contains(&secret)));
}

/// Where viewers reach the load balancer themselves, there is no secret.
#[tokio::test(start_paused = true)]
async fn balancer_without_cdn_needs_no_secret() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(2)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let rules = rules(&scenario.aws).await;
    balanced.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert_eq!(rules.len(), 2);
    assert!(rules.iter().all(|rule| admitted(rule).is_empty()));
}

/// A rule has room for five values, and two of them are kept for secrets.
#[tokio::test(start_paused = true)]
async fn many_paths_are_spread_over_rules() {
    let more = "[[service]]\nname = 'n8n'\nport = 5678\nimage = 'n8nio/n8n:1'\n\
                paths = ['/a', '/b', '/c', '/d', '/e']";
    for (tier, sizes) in [(3, vec![3, 2, 1]), (2, vec![5, 1])] {
        let scenario = Scenario::new();
        let planned = scenario.session.plan(spec_with(tier, more)).await.unwrap();
        let balanced = planned.launch().await.unwrap().balance().await.unwrap();
        let rules = rules(&scenario.aws).await;
        balanced.rollback().await.into_result().unwrap();
        scenario.assert_nothing_left();
        let paths = rules.iter().filter_map(|rule| {
            let mut conditions = rule.conditions().iter();
            let paths = conditions.find_map(|condition| condition.path_pattern_config())?;
            Some(paths.values().len())
        });
        assert_eq!(paths.collect::<Vec<_>>(), sizes);
    }
}

/// A late request of a killed run can make a rule with another secret. Before there is a CDN, all get the same.
#[tokio::test(start_paused = true)]
async fn different_secrets_become_one() {
    let scenario = Scenario::new();
    let planned = scenario.session.plan(spec(3)).await.unwrap();
    let balanced = planned.launch().await.unwrap().balance().await.unwrap();
    let before = rules(&scenario.aws).await;
    let client = aws_sdk_elasticloadbalancingv2::Client::new(&scenario.aws.sdk_config());
    let header = HttpHeaderConditionConfig::builder()
        .http_header_name("X-Origin-Secret")
        .values("0a1b2c");
    let condition = RuleCondition::builder()
        .field("http-header")
        .http_header_config(header.build());
    let late = client.modify_rule().rule_arn(before[1].rule_arn().unwrap());
    late.conditions(condition.build()).send().await.unwrap();

    let pending = balanced.create_cdn().await.unwrap();
    let deployed = go_on(AnyDeployment::CdnPending(pending)).await.unwrap();
    let (distribution, rules) = (
        distribution(&scenario.aws).await,
        rules(&scenario.aws).await,
    );
    deployed.rollback().await.into_result().unwrap();
    scenario.assert_nothing_left();
    assert_closed(&distribution, &rules);
    assert_eq!(sent(&distribution), admitted(&before[0]).pop_first());
}
