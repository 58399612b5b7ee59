//! The bearer token that the load balancer asks for, if the spec says so.
//!
//! Only AWS keeps the token, in the rules of the listener: it is in no journal, and its type is neither shown nor
//! serialized. A later run reads it from the rules.

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

const HEADER: &str = "Authorization";

/// The token with which requests pass the load balancer: `Authorization: Bearer TOKEN`. It is shown only on demand: its
/// `Debug` does not have it.
///
/// It has 64 hexadecimal digits in lower case, because the rules of a load balancer ignore the case of a header, and take
/// `*` and `?` for wildcards. The first two count the changes, so that of two tokens one is known to be the newer; the
/// others are random.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BearerToken(String);

impl BearerToken {
    /// Returns the token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the first token of a deployment.
    pub(crate) fn first() -> Self {
        Self::numbered(0)
    }

    /// Returns a token that takes the place of this one.
    pub(crate) fn next(&self) -> Self {
        Self::numbered(self.number().wrapping_add(1))
    }

    /// Returns the newest of some tokens.
    pub(crate) fn newest<'a>(tokens: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        let all: BTreeSet<_> = tokens.into_iter().collect();
        let follows = |token: &Self| {
            let number = token.number();
            all.iter()
                .any(|other| other.number().wrapping_add(1) == number)
        };
        let is_followed = |token: &Self| {
            let next = token.number().wrapping_add(1);
            all.iter().any(|other| other.number() == next)
        };
        let newest = all.iter().find(|it| follows(it) && !is_followed(it));
        newest.or_else(|| all.first()).copied()
    }

    fn numbered(number: u8) -> Self {
        let half = || Uuid::new_v4().simple();
        let random = format!("{}{}", half(), half());
        Self(format!("{number:02x}{}", &random[2..]))
    }

    fn number(&self) -> u8 {
        let digits = self.0.get(..2).unwrap_or_default();
        u8::from_str_radix(digits, 16).unwrap_or_default()
    }

    /// Reads the value of a header that AWS shows.
    fn of_value(value: &str) -> Self {
        let token = match value.split_at_checked("Bearer ".len()) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer ") => token,
            _ => value,
        };
        Self(token.to_owned())
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken")
    }
}

/// Returns the condition that a request has one of these tokens.
pub(super) fn condition<'a>(tokens: impl IntoIterator<Item = &'a BearerToken>) -> RuleCondition {
    rule_header::condition(HEADER, values(tokens))
}

fn values<'a>(tokens: impl IntoIterator<Item = &'a BearerToken>) -> impl Iterator<Item = String> {
    tokens
        .into_iter()
        .map(|token| format!("Bearer {}", token.0))
}

/// A rule that admits requests with one of some tokens.
#[derive(Debug)]
pub(crate) struct TokenRule {
    pub(crate) arn: ListenerRuleArn,
    pub(crate) admitted: BTreeSet<BearerToken>,
}

/// Returns the rules of a listener that ask for a token, in the order of their priorities.
pub(crate) async fn token_rules(
    aws: &Reader,
    listener: &ListenerArn,
) -> Result<Vec<TokenRule>, AwsError> {
    let rules = rule_header::rules(aws, listener).await?;
    let asking = rules.into_iter().filter_map(|rule| {
        let admitted = admitted(&rule);
        let arn = rule.rule_arn.filter(|_| !admitted.is_empty())?;
        Some(TokenRule {
            arn: ListenerRuleArn::from_aws(arn),
            admitted,
        })
    });
    Ok(asking.collect())
}

fn admitted(rule: &Rule) -> BTreeSet<BearerToken> {
    rule_header::admitted(rule, HEADER, BearerToken::of_value)
}

/// The tokens that a rule admits, in place of those that it has admitted before. Its other conditions stay.
#[derive(Clone, Debug)]
pub(crate) struct AdmittedTokens {
    pub(crate) rule: ListenerRuleArn,
    pub(crate) tokens: BTreeSet<BearerToken>,
}

impl Setting for AdmittedTokens {
    const KIND: ResourceKind = ResourceKind::ListenerRule;
    const DOING: &'static str = "changing the token that the load balancer asks for";

    async fn apply(&self, aws: &Writer, reader: &Reader) -> Result<(), AwsError> {
        let values = values(&self.tokens);
        rule_header::admit(aws, reader, &self.rule, HEADER, values)
            .await
            .map_err(|error| error.without(self.tokens.iter().map(BearerToken::expose)))
    }

    async fn is_applied(&self, aws: &Reader) -> Result<bool, AwsError> {
        let found = rule_header::described(aws, &self.rule).await?;
        Ok(found.is_some_and(|rule| admitted(&rule) == self.tokens))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_random_and_never_shown() {
        let token = BearerToken::first();
        assert_ne!(token, BearerToken::first());
        assert_eq!(token.expose().len(), 64);
        let mut digits = token.expose().bytes();
        assert!(digits.all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn newest_token_is_known_in_any_order() {
        let mut token = BearerToken::first();
        assert_eq!(BearerToken::newest([&token]), Some(&token));
        for _ in 0..300 {
            let next = token.next();
            assert_eq!(BearerToken::newest([&token, &next]), Some(&next));
            assert_eq!(BearerToken::newest([&next, &token]), Some(&next));
            token = next;
        }
        assert_eq!(BearerToken::newest([]), None);
    }

    #[test]
    fn token_is_read_from_its_header() {
        for value in ["Bearer 00ab", "bearer 00ab", "00ab"] {
            assert_eq!(BearerToken::of_value(value).expose(), "00ab");
        }
    }
}
