//! The secret between a CDN and its load balancer, as AWS describes it.

use std::collections::BTreeSet;

use aws_sdk_cloudfront::types::DistributionConfig;
use aws_sdk_elasticloadbalancingv2::types::{ActionTypeEnum, Rule};
use geusemaker_testkit::Aws;

const HEADER: &str = "X-Origin-Secret";

/// Returns the configuration of the only distribution.
pub(crate) async fn distribution(aws: &Aws) -> DistributionConfig {
    let client = aws_sdk_cloudfront::Client::new(&aws.sdk_config());
    let all = client.list_distributions().send().await.unwrap();
    let all = all.distribution_list.unwrap();
    let [only] = all.items() else {
        panic!("{all:?}")
    };
    let found = client.get_distribution_config().id(only.id()).send().await;
    found.unwrap().distribution_config.unwrap()
}

/// Returns the rules of the only listener, with the default one at the end.
pub(crate) async fn rules(aws: &Aws) -> Vec<Rule> {
    let client = aws_sdk_elasticloadbalancingv2::Client::new(&aws.sdk_config());
    let balancers = client.describe_load_balancers().send().await.unwrap();
    let [balancer] = balancers.load_balancers() else {
        panic!("{balancers:?}")
    };
    let arn = balancer.load_balancer_arn().unwrap();
    let listeners = client.describe_listeners().load_balancer_arn(arn).send();
    let listeners = listeners.await.unwrap();
    let [listener] = listeners.listeners() else {
        panic!("{listeners:?}")
    };
    let rules = client
        .describe_rules()
        .listener_arn(listener.listener_arn().unwrap());
    rules.send().await.unwrap().rules.unwrap()
}

/// Returns the secrets that a rule admits.
pub(crate) fn admitted(rule: &Rule) -> BTreeSet<String> {
    let conditions = rule.conditions().iter();
    let headers = conditions.filter_map(|condition| condition.http_header_config());
    let ours = headers.filter(|it| it.http_header_name() == Some(HEADER));
    ours.flat_map(|it| it.values().to_vec()).collect()
}

/// Returns the secret that the distribution sends.
pub(crate) fn sent(distribution: &DistributionConfig) -> Option<String> {
    let origins = distribution.origins().unwrap().items();
    let headers = origins[0].custom_headers().unwrap().items();
    let mut ours = headers.iter().filter(|it| it.header_name() == HEADER);
    ours.next().map(|header| header.header_value().to_owned())
}

/// Asserts that only what comes through the CDN reaches a service, and returns the secret.
#[track_caller]
pub(crate) fn assert_closed(distribution: &DistributionConfig, rules: &[Rule]) -> String {
    let secret = sent(distribution).unwrap();
    for rule in rules {
        if rule.is_default() == Some(true) {
            let action = &rule.actions()[0];
            assert_eq!(action.r#type(), Some(&ActionTypeEnum::FixedResponse));
            let response = action.fixed_response_config().unwrap();
            assert_eq!(response.status_code(), Some("403"));
        } else {
            assert_eq!(admitted(rule), [secret.clone()].into(), "{rule:?}");
        }
    }
    secret
}
