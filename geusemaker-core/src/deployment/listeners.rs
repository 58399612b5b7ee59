//! The listener of the load balancer, and its rules: which requests go to which service.

use std::sync::Arc;

use futures::future::{OptionFuture, try_join_all};

use crate::error::Error;
use crate::id::{CertificateArn, ListenerArn, ListenerRuleArn, LoadBalancerArn};
use crate::ledger::Ledger;
use crate::resource::authentication::Authentication;
use crate::resource::bearer_token::{self, AdmittedTokens, BearerToken};
use crate::resource::client_secret;
use crate::resource::listener::{HTTP, HTTPS, NewListener, OtherRequests};
use crate::resource::listener_rule::{Answer, NewListenerRule};
use crate::resource::origin_secret::{self, AdmittedSecrets, ClosedRule, OriginSecret};
use crate::resource::target_group::TargetGroup;
use crate::resource_key::ResourceKey;
use crate::spec::{Auth, Conditions, DeploymentSpec, Route, Service, Tier};

/// The activity for people.
pub(super) const READING_RULES: &str = "reading the rules of the load balancer";

/// Returns the port of the listener that serves: that of HTTPS if the load balancer has a certificate.
pub(super) fn serving_port(spec: &DeploymentSpec) -> u16 {
    match spec.balancer_certificate() {
        Some(_) => HTTPS,
        None => HTTP,
    }
}

/// Returns true if a second listener redirects from HTTP to HTTPS. Behind a CDN, nobody asks the load balancer for
/// HTTP.
pub(super) fn redirects(spec: &DeploymentSpec) -> bool {
    serving_port(spec) == HTTPS && spec.tier() == Tier::LoadBalancer
}

/// Creates the listener that sends requests for HTTP to HTTPS.
pub(super) async fn redirect(
    ledger: &Arc<Ledger>,
    load_balancer: &LoadBalancerArn,
) -> Result<(), Error> {
    if !redirects(&ledger.plan.spec) {
        return Ok(());
    }
    let listener = NewListener {
        name: format!("{}-http", ledger.plan.spec.name()),
        load_balancer: load_balancer.clone(),
        certificate: None,
        port: HTTP,
        others: OtherRequests::Redirected,
        authentication: None,
        owner: ledger.owner.clone(),
    };
    ledger.create(key(HTTP), listener).await.map(drop)
}

/// Creates the listener and its rules: a rule for each service that has paths. The default service gets what remains:
/// directly, or by a last rule where the load balancer refuses what has no secret or no token.
pub(super) async fn listen(
    ledger: &Arc<Ledger>,
    load_balancer: &LoadBalancerArn,
    target_groups: &[TargetGroup],
    certificate: Option<&CertificateArn>,
) -> Result<(), Error> {
    let spec = &ledger.plan.spec;
    let group_of = |service: &Service| {
        let mut groups = target_groups.iter();
        let found = groups.find(|group| group.service == *service.name());
        found.map(|group| group.arn.clone())
    };
    let (port, protocol) = match certificate {
        Some(_) => (HTTPS, "https"),
        None => (HTTP, "http"),
    };
    let routes = spec.routes();
    let authentication = authentication(ledger, &routes).await?;
    let listener = NewListener {
        name: format!("{}-{protocol}", spec.name()),
        load_balancer: load_balancer.clone(),
        certificate: certificate.cloned(),
        port,
        others: match spec.default_service().and_then(group_of) {
            _ if spec.has_origin_secret() => OtherRequests::Forbidden,
            _ if spec.asks_for_token() => OtherRequests::Unauthorized,
            Some(group) => OtherRequests::Forwarded(group),
            None => OtherRequests::NotFound,
        },
        authentication: authentication.clone(),
        owner: ledger.owner.clone(),
    };
    let listener = ledger.create(key(port), listener).await?;
    let Demands { secret, token } = demands(ledger, &listener, &routes).await?;
    let rules = routes.iter().filter_map(|route| {
        let service = route.service;
        let rule = NewListenerRule {
            name: spec.name().target_group_name(service.name()),
            listener: listener.clone(),
            priority: route.priority,
            paths: route.paths.iter().map(ToString::to_string).collect(),
            conditions: service.conditions().clone(),
            rewrite: route.without_prefix(),
            secret: secret.clone(),
            token: token.clone(),
            answer: Answer::Forwarded(group_of(service)?, authentication.clone()),
            owner: ledger.owner.clone(),
        };
        Some(ledger.create(key_of(route, port), rule))
    });
    // Behind a CDN that sends a secret, what has it and no token gets an answer of its own.
    let refusal = secret.as_ref().filter(|_| token.is_some()).map(|secret| {
        let rule = NewListenerRule {
            name: format!("{}-unauthorized", spec.name()),
            listener: listener.clone(),
            priority: u16::try_from(routes.len() + 1).unwrap_or(u16::MAX),
            paths: Vec::new(),
            conditions: Conditions::default(),
            rewrite: None,
            secret: Some(secret.clone()),
            token: None,
            answer: Answer::Unauthorized,
            owner: ledger.owner.clone(),
        };
        ledger.create(refusal_key(port), rule)
    });
    let refusal = async { OptionFuture::from(refusal).await.transpose() };
    futures::try_join!(try_join_all(rules), refusal)?;
    if token.is_some() {
        agree_on_token(ledger, &listener).await?;
    }
    Ok(())
}

/// Returns the sign-in that the rules ask for, with its client secret, if some rule or the listener is not made yet.
async fn authentication(
    ledger: &Ledger,
    routes: &[Route<'_>],
) -> Result<Option<Authentication>, Error> {
    let spec = &ledger.plan.spec;
    let port = serving_port(spec);
    let is_made = |key: ResourceKey| ledger.entry(&key).is_some_and(|it| it.id().is_some());
    let mut rules = routes.iter().map(|route| key_of(route, port));
    if is_made(key(port)) && rules.all(is_made) {
        return Ok(None);
    }
    match spec.load_balancer().auth() {
        Some(Auth::Oidc(oidc)) => {
            let place = oidc.client_secret();
            let read = client_secret::read(&ledger.account.reader, place).await;
            let read = read.map_err(Error::aws("reading the client secret"))?;
            let secret = read.map_err(|flaw| Error::ClientSecret {
                place: place.clone(),
                reason: flaw.reason().to_owned(),
                remedy: flaw.remedy(place),
            })?;
            Ok(Some(Authentication::Oidc(Box::new(oidc.clone()), secret)))
        }
        Some(Auth::Cognito(cognito)) => {
            Ok(Some(Authentication::Cognito(Box::new(cognito.clone()))))
        }
        Some(Auth::Bearer) | None => Ok(None),
    }
}

/// The headers that every rule asks for.
struct Demands {
    secret: Option<OriginSecret>,
    token: Option<BearerToken>,
}

/// Returns the headers that the rules will ask for: those of a rule that exists, or new ones.
async fn demands(
    ledger: &Ledger,
    listener: &ListenerArn,
    routes: &[Route<'_>],
) -> Result<Demands, Error> {
    let spec = &ledger.plan.spec;
    let port = serving_port(spec);
    let keys = routes.iter().map(|route| key_of(route, port));
    let is_known = |key: ResourceKey| ledger.entry(&key).is_some();
    let may_exist = keys.chain([refusal_key(port)]).any(is_known);
    let secret = match spec.has_origin_secret() {
        false => None,
        true => {
            let rules = match may_exist {
                true => closed_rules(ledger, listener).await?,
                false => Vec::new(),
            };
            let mut admitted = rules.into_iter().flat_map(|rule| rule.admitted);
            Some(admitted.next().unwrap_or_else(OriginSecret::random))
        }
    };
    let token = match spec.asks_for_token() {
        false => None,
        true => {
            let rules = match may_exist {
                true => token_rules(ledger, listener).await?,
                false => Vec::new(),
            };
            let admitted = rules.iter().flat_map(|rule| &rule.admitted);
            let found = BearerToken::newest(admitted).cloned();
            Some(found.unwrap_or_else(BearerToken::first))
        }
    };
    Ok(Demands { secret, token })
}

/// Makes all rules admit the same token: a request of a killed run may have made a rule after this run had looked.
async fn agree_on_token(ledger: &Arc<Ledger>, listener: &ListenerArn) -> Result<(), Error> {
    let rules = token_rules(ledger, listener).await?;
    let newest = BearerToken::newest(rules.iter().flat_map(|rule| &rule.admitted)).cloned();
    let Some(token) = newest else {
        return Ok(());
    };
    for rule in rules {
        if !rule.admitted.contains(&token) {
            let admitted = AdmittedTokens {
                rule: rule.arn.clone(),
                tokens: [token.clone()].into(),
            };
            ledger.apply(rule_key(ledger, &rule.arn), admitted).await?;
        }
    }
    Ok(())
}

async fn token_rules(
    ledger: &Ledger,
    listener: &ListenerArn,
) -> Result<Vec<bearer_token::TokenRule>, Error> {
    let rules = bearer_token::token_rules(&ledger.account.reader, listener).await;
    rules.map_err(Error::aws(READING_RULES))
}

/// Returns a rule's name in the journal.
fn key_of(route: &Route<'_>, port: u16) -> ResourceKey {
    let rule = format!("{}/rule/{}", key(port), route.service.name());
    ResourceKey::new(match route.number {
        1 => rule,
        number => format!("{rule}/{number}"),
    })
}

/// Returns the listener's name in the journal.
fn key(port: u16) -> ResourceKey {
    ResourceKey::new(format!("alb/listener/{port}"))
}

/// Returns the name in the journal of the rule that refuses what has no token.
fn refusal_key(port: u16) -> ResourceKey {
    ResourceKey::new(format!("{}/unauthorized", key(port)))
}

/// Returns the secret that the rules ask for, after it is the same in all of them: a request of a killed run may have
/// made a rule after the next run had looked. Rules of earlier versions ask for none.
pub(super) async fn agreed_secret(ledger: &Arc<Ledger>) -> Result<Option<OriginSecret>, Error> {
    let entry = ledger.entry(&key(serving_port(&ledger.plan.spec)));
    let Some(listener) = entry.as_ref().and_then(|entry| entry.id()) else {
        return Ok(None);
    };
    let rules = closed_rules(ledger, &ListenerArn::from_aws(listener)).await?;
    let Some(secret) = rules
        .first()
        .and_then(|rule| rule.admitted.first())
        .cloned()
    else {
        return Ok(None);
    };
    for rule in rules {
        if !rule.admitted.contains(&secret) {
            let admitted = AdmittedSecrets {
                rule: rule.arn.clone(),
                secrets: [secret.clone()].into(),
            };
            ledger.apply(rule_key(ledger, &rule.arn), admitted).await?;
        }
    }
    Ok(Some(secret))
}

/// Returns the rules that ask for a secret.
async fn closed_rules(ledger: &Ledger, listener: &ListenerArn) -> Result<Vec<ClosedRule>, Error> {
    let rules = origin_secret::closed_rules(&ledger.account.reader, listener).await;
    rules.map_err(Error::aws(READING_RULES))
}

/// Returns the name of a rule in the journal.
pub(super) fn rule_key(ledger: &Ledger, rule: &ListenerRuleArn) -> ResourceKey {
    ledger
        .resource(rule)
        .map_or_else(|| key(serving_port(&ledger.plan.spec)), |found| found.key)
}
