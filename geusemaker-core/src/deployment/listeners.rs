//! The listener of the load balancer, and its rules: which requests go to which service.

use std::sync::Arc;

use futures::future::try_join_all;

use crate::error::Error;
use crate::id::{CertificateArn, ListenerArn, ListenerRuleArn, LoadBalancerArn};
use crate::ledger::Ledger;
use crate::resource::listener::{HTTP, HTTPS, NewListener, OtherRequests};
use crate::resource::listener_rule::NewListenerRule;
use crate::resource::origin_secret::{self, AdmittedSecrets, ClosedRule, OriginSecret};
use crate::resource::target_group::TargetGroup;
use crate::resource_key::ResourceKey;
use crate::spec::{DeploymentSpec, Route, Service, Tier};

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
        owner: ledger.owner.clone(),
    };
    ledger.create(key(HTTP), listener).await.map(drop)
}

/// Creates the listener and its rules: a rule for each service that has paths. The default service gets what remains:
/// directly, or behind a CDN by a last rule, because there the load balancer refuses what has no secret.
pub(super) async fn listen(
    ledger: &Arc<Ledger>,
    load_balancer: &LoadBalancerArn,
    target_groups: &[TargetGroup],
    certificate: Option<&CertificateArn>,
) -> Result<(), Error> {
    let spec = &ledger.plan.spec;
    let is_closed = spec.tier() == Tier::Cdn;
    let group_of = |service: &Service| {
        let mut groups = target_groups.iter();
        let found = groups.find(|group| group.service == *service.name());
        found.map(|group| group.arn.clone())
    };
    let (port, protocol) = match certificate {
        Some(_) => (HTTPS, "https"),
        None => (HTTP, "http"),
    };
    let listener = NewListener {
        name: format!("{}-{protocol}", spec.name()),
        load_balancer: load_balancer.clone(),
        certificate: certificate.cloned(),
        port,
        others: match spec.default_service().and_then(group_of) {
            _ if is_closed => OtherRequests::Forbidden,
            Some(group) => OtherRequests::Forwarded(group),
            None => OtherRequests::NotFound,
        },
        owner: ledger.owner.clone(),
    };
    let listener = ledger.create(key(port), listener).await?;
    let routes = spec.routes();
    let secret = match is_closed {
        true => Some(secret(ledger, &listener, &routes).await?),
        false => None,
    };
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
            target_group: group_of(service)?,
            owner: ledger.owner.clone(),
        };
        Some(ledger.create(key_of(route, port), rule))
    });
    try_join_all(rules).await?;
    Ok(())
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

/// Returns the secret that the rules will ask for: the one of a rule that exists, or a new one.
async fn secret(
    ledger: &Ledger,
    listener: &ListenerArn,
    routes: &[Route<'_>],
) -> Result<OriginSecret, Error> {
    let port = serving_port(&ledger.plan.spec);
    if routes
        .iter()
        .all(|route| ledger.entry(&key_of(route, port)).is_none())
    {
        return Ok(OriginSecret::random());
    }
    let rules = closed_rules(ledger, listener).await?;
    let mut admitted = rules.into_iter().flat_map(|rule| rule.admitted);
    Ok(admitted.next().unwrap_or_else(OriginSecret::random))
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
    rules.map_err(Error::aws("reading the rules of the load balancer"))
}

/// Returns the name of a rule in the journal.
pub(super) fn rule_key(ledger: &Ledger, rule: &ListenerRuleArn) -> ResourceKey {
    ledger
        .resource(rule)
        .map_or_else(|| key(serving_port(&ledger.plan.spec)), |found| found.key)
}
