//! The change of the bearer token, in two steps: the load balancer admits a new token beside the old one, and then, when
//! everybody has the new one, no longer the old one.
//!
//! Wherever a step ends half way, the token that everybody has is admitted by every rule, and the step can be repeated.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::listeners::{READING_RULES, rule_key};
use crate::account::Account;
use crate::error::Error;
use crate::id::ListenerArn;
use crate::journal::state::JournalState;
use crate::kind::ResourceKind;
use crate::ledger::Ledger;
use crate::progress::step::Step;
use crate::resource::bearer_token::{self, AdmittedTokens, BearerToken, TokenRule};

/// The result of a step of a rotation, from [`Session::rotate_bearer_token`](crate::Session::rotate_bearer_token) and
/// [`Session::finish_token_rotation`](crate::Session::finish_token_rotation).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BearerTokenRotation {
    /// The token to use from now on.
    pub token: BearerToken,
    /// The number of rules of the load balancer that admit it.
    pub rules: usize,
    /// False if there was nothing to do: an earlier call has done this step already.
    pub changed: bool,
}

/// Makes every rule admit a new token beside the present one. If that was done before, and not finished, the new token is
/// that of then.
pub(crate) async fn begin(ledger: &Arc<Ledger>) -> Result<BearerTokenRotation, Error> {
    ledger.account.progress.step(Step::RotatingBearerToken);
    let (rules, newest) = present(ledger).await?;
    let is_everywhere = rules.iter().all(|rule| rule.admitted.contains(&newest));
    let is_alone = |rule: &TokenRule| rule.admitted.len() == 1;
    if !is_everywhere {
        for rule in &rules {
            let mut tokens = rule.admitted.clone();
            tokens.insert(newest.clone());
            admit(ledger, rule, tokens).await?;
        }
        return Ok(rotation(newest, &rules, true));
    }
    if !rules.iter().any(is_alone) {
        return Ok(rotation(newest, &rules, false));
    }
    // Where some rules admit the newest token alone and others do not, the second step was interrupted.
    let new = newest.next();
    for rule in &rules {
        let tokens = [newest.clone(), new.clone()].into();
        admit(ledger, rule, tokens).await?;
    }
    Ok(rotation(new, &rules, true))
}

/// Makes every rule admit the newest token alone.
pub(crate) async fn finish(ledger: &Arc<Ledger>) -> Result<BearerTokenRotation, Error> {
    ledger.account.progress.step(Step::RotatingBearerToken);
    let (rules, newest) = present(ledger).await?;
    if rules.iter().any(|rule| !rule.admitted.contains(&newest)) {
        return Err(Error::TokenNotAdmitted {
            stack: ledger.owner.stack.clone(),
        });
    }
    let changed = rules.iter().any(|rule| rule.admitted.len() > 1);
    for rule in &rules {
        admit(ledger, rule, [newest.clone()].into()).await?;
    }
    Ok(rotation(newest, &rules, changed))
}

/// Returns the rules of all listeners that ask for a token.
pub(crate) async fn rules(
    account: &Account,
    state: &JournalState,
) -> Result<Vec<TokenRule>, Error> {
    let mut rules = Vec::new();
    for entry in &state.entries() {
        if entry.lookup.kind() == ResourceKind::Listener
            && let Some(id) = entry.id()
        {
            let listener = ListenerArn::from_aws(id);
            let found = bearer_token::token_rules(&account.reader, &listener).await;
            rules.extend(found.map_err(Error::aws(READING_RULES))?);
        }
    }
    Ok(rules)
}

async fn present(ledger: &Ledger) -> Result<(Vec<TokenRule>, BearerToken), Error> {
    let rules = rules(&ledger.account, &ledger.state()).await?;
    let newest = BearerToken::newest(rules.iter().flat_map(|rule| &rule.admitted)).cloned();
    match newest {
        Some(newest) => Ok((rules, newest)),
        None => Err(Error::NoBearerToken {
            stack: ledger.owner.stack.clone(),
        }),
    }
}

async fn admit(
    ledger: &Arc<Ledger>,
    rule: &TokenRule,
    tokens: BTreeSet<BearerToken>,
) -> Result<(), Error> {
    if rule.admitted == tokens {
        return Ok(());
    }
    let admitted = AdmittedTokens {
        rule: rule.arn.clone(),
        tokens,
    };
    ledger.apply(rule_key(ledger, &rule.arn), admitted).await
}

fn rotation(token: BearerToken, rules: &[TokenRule], changed: bool) -> BearerTokenRotation {
    BearerTokenRotation {
        token,
        rules: rules.len(),
        changed,
    }
}
