//! The secret header by which the load balancer knows requests that come through this stack's CDN. CloudFront's addresses
//! are those of all its customers.
//!
//! Only AWS keeps the secret, in the rules of the listener and in the distribution: it is in no journal, and its type is
//! neither shown nor serialized. A later run reads it from the rules.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_elasticloadbalancingv2::types::{Rule, RuleCondition};
use uuid::Uuid;

use super::rule_header;
use super::setting::Setting;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{ListenerArn, ListenerRuleArn};
use crate::kind::ResourceKind;

/// The name of the header. CloudFront adds it, and replaces one that a viewer sends.
pub(crate) const HEADER: &str = "X-Origin-Secret";

/// The value of the header: 64 hexadecimal digits in lower case. Conditions about headers ignore the case, and take `*`
/// and `?` for wildcards.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OriginSecret(String);

impl OriginSecret {
    /// Returns a new secret of 244 random bits.
    pub(crate) fn random() -> Self {
        let half = || Uuid::new_v4().simple();
        Self(format!("{}{}", half(), half()))
    }

    /// Takes over the secret that AWS shows.
    pub(super) fn from_aws(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OriginSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OriginSecret")
    }
}

/// Returns the condition that a request has one of these secrets.
pub(super) fn condition<'a>(secrets: impl IntoIterator<Item = &'a OriginSecret>) -> RuleCondition {
    rule_header::condition(HEADER, values(secrets))
}

fn values<'a>(secrets: impl IntoIterator<Item = &'a OriginSecret>) -> impl Iterator<Item = String> {
    secrets.into_iter().map(|secret| secret.0.clone())
}

/// A rule that admits requests with one of some secrets.
#[derive(Debug)]
pub(crate) struct ClosedRule {
    pub(crate) arn: ListenerRuleArn,
    pub(crate) admitted: BTreeSet<OriginSecret>,
}

/// Returns the rules of a listener that ask for a secret, in the order of their priorities.
pub(crate) async fn closed_rules(
    aws: &Reader,
    listener: &ListenerArn,
) -> Result<Vec<ClosedRule>, AwsError> {
    let rules = rule_header::rules(aws, listener).await?;
    let closed = rules.into_iter().filter_map(|rule| {
        let admitted = admitted(&rule);
        let arn = rule.rule_arn.filter(|_| !admitted.is_empty())?;
        Some(ClosedRule {
            arn: ListenerRuleArn::from_aws(arn),
            admitted,
        })
    });
    Ok(closed.collect())
}

fn admitted(rule: &Rule) -> BTreeSet<OriginSecret> {
    rule_header::admitted(rule, HEADER, |value| OriginSecret::from_aws(value))
}

/// The secrets that a rule admits, in place of those that it has admitted before. Its other conditions stay.
#[derive(Clone, Debug)]
pub(crate) struct AdmittedSecrets {
    pub(crate) rule: ListenerRuleArn,
    pub(crate) secrets: BTreeSet<OriginSecret>,
}

impl Setting for AdmittedSecrets {
    const KIND: ResourceKind = ResourceKind::ListenerRule;
    const DOING: &'static str = "changing the secret that the load balancer asks for";

    async fn apply(&self, aws: &Writer, reader: &Reader) -> Result<(), AwsError> {
        let values = values(&self.secrets);
        rule_header::admit(aws, reader, &self.rule, HEADER, values).await
    }

    async fn is_applied(&self, aws: &Reader) -> Result<bool, AwsError> {
        let found = rule_header::described(aws, &self.rule).await?;
        Ok(found.is_some_and(|rule| admitted(&rule) == self.secrets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_random_and_never_shown() {
        let secret = OriginSecret::random();
        assert_ne!(secret, OriginSecret::random());
        assert_eq!(secret.as_str().len(), 64);
        let digits = secret.as_str().bytes();
        assert!(
            digits
                .into_iter()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        );
        assert!(!format!("{secret:?}").contains(secret.as_str()));
    }
}
