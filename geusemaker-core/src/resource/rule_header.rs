//! The header that the rules of a load balancer ask for: the secret of a CDN, or a bearer token.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::{HttpHeaderConditionConfig, Rule, RuleCondition};

use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{ListenerArn, ListenerRuleArn};

/// Returns the condition that a header has one of these values.
pub(super) fn condition(header: &str, values: impl IntoIterator<Item = String>) -> RuleCondition {
    let config = HttpHeaderConditionConfig::builder()
        .http_header_name(header)
        .set_values(Some(values.into_iter().collect()))
        .build();
    RuleCondition::builder()
        .field("http-header")
        .http_header_config(config)
        .build()
}

/// Returns the values of a header that a rule admits; none if it does not ask for the header.
pub(super) fn admitted<T: Ord>(rule: &Rule, header: &str, read: impl Fn(&str) -> T) -> BTreeSet<T> {
    let conditions = rule.conditions().iter();
    let headers = conditions.filter_map(RuleCondition::http_header_config);
    let ours = headers.filter(|it| {
        let name = it.http_header_name().unwrap_or_default();
        name.eq_ignore_ascii_case(header)
    });
    ours.flat_map(|it| it.values())
        .map(|value| read(value))
        .collect()
}

/// Returns the rules of a listener, in the order of their priorities.
pub(super) async fn rules(aws: &Reader, listener: &ListenerArn) -> Result<Vec<Rule>, AwsError> {
    aws.elastic_load_balancing
        .describe_rules()
        .listener_arn(listener.as_str())
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeRules"))
}

/// Returns a rule, if it exists.
pub(super) async fn described(
    aws: &Reader,
    rule: &ListenerRuleArn,
) -> Result<Option<Rule>, AwsError> {
    let reply = aws
        .elastic_load_balancing
        .describe_rules()
        .rule_arns(rule.as_str())
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeRules"))?;
    Ok(reply.rules.and_then(|all| all.into_iter().next()))
}

/// Makes a rule admit these values of a header, in place of those that it has admitted before. Its other conditions stay,
/// and so do its actions, which are not sent: one that signs people in would need its client secret again.
pub(super) async fn admit(
    aws: &Writer,
    reader: &Reader,
    rule: &ListenerRuleArn,
    header: &str,
    values: impl IntoIterator<Item = String>,
) -> Result<(), AwsError> {
    let found = described(reader, rule).await?;
    let conditions = found
        .into_iter()
        .flat_map(|rule| rule.conditions.unwrap_or_default());
    let others = conditions.filter(|condition| {
        let config = condition.http_header_config();
        let name = config.and_then(|config| config.http_header_name());
        !name.is_some_and(|name| name.eq_ignore_ascii_case(header))
    });
    let others = others.map(|mut condition| {
        // AWS describes the patterns of paths and hosts twice, and takes them once.
        if condition.path_pattern_config.is_some() || condition.host_header_config.is_some() {
            condition.values = None;
        }
        condition
    });
    let values: Vec<_> = values.into_iter().collect();
    let wanted = condition(header, values.iter().cloned());
    aws.elastic_load_balancing
        .modify_rule()
        .rule_arn(rule.as_str())
        .set_conditions(Some(others.chain([wanted]).collect()))
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:ModifyRule"))
        .map_err(|error| error.without(values.iter().map(String::as_str)))?;
    Ok(())
}
