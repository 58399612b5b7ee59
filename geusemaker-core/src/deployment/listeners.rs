//! The listener of the load balancer, and its rules: which requests go to which service.

use std::sync::Arc;

use futures::future::try_join_all;

use super::balance::HTTP;
use crate::error::Error;
use crate::id::{ListenerArn, ListenerRuleArn, LoadBalancerArn, TargetGroupArn};
use crate::ledger::Ledger;
use crate::resource::listener::{NewListener, OtherRequests};
use crate::resource::listener_rule::NewListenerRule;
use crate::resource::origin_secret::{self, AdmittedSecrets, ClosedRule, OriginSecret};
use crate::resource::target_group::TargetGroup;
use crate::resource_key::ResourceKey;
use crate::spec::{PathPattern, Service, Tier};

/// The most paths of a rule beside the secret of the CDN. While the secret is changed, a rule admits two of them.
///
/// Source: Application Load Balancer quotas, five condition values per rule.
const PATHS_BESIDE_SECRET: usize = 3;

/// A rule that is to be: its name in the journal, its paths, and where its requests go.
struct Route<'a> {
    service: &'a Service,
    /// The end of the rule's name in the journal, of a service that needs more than one rule.
    number: usize,
    paths: &'a [PathPattern],
    target_group: TargetGroupArn,
}

/// Creates the listener and its rules: a rule for each service that has paths. The default service gets what remains:
/// directly, or behind a CDN by a last rule, because there the load balancer refuses what has no secret.
pub(super) async fn listen(
    ledger: &Arc<Ledger>,
    load_balancer: &LoadBalancerArn,
    target_groups: &[TargetGroup],
) -> Result<(), Error> {
    let spec = &ledger.plan.spec;
    let is_closed = spec.tier() == Tier::Cdn;
    let group_of = |service: &Service| {
        let mut groups = target_groups.iter();
        let found = groups.find(|group| group.service == *service.name());
        found.map(|group| group.arn.clone())
    };
    let listener = NewListener {
        name: format!("{}-http", spec.name()),
        load_balancer: load_balancer.clone(),
        port: HTTP,
        others: match spec.default_service().and_then(group_of) {
            _ if is_closed => OtherRequests::Forbidden,
            Some(group) => OtherRequests::Forwarded(group),
            None => OtherRequests::NotFound,
        },
        owner: ledger.owner.clone(),
    };
    let listener = ledger.create(key(), listener).await?;
    let routes = routes(ledger, group_of);
    let secret = match is_closed {
        true => Some(secret(ledger, &listener, &routes).await?),
        false => None,
    };
    let rules = (1..).zip(&routes).map(|(priority, route)| {
        let rule = NewListenerRule {
            name: spec.name().target_group_name(route.service.name()),
            listener: listener.clone(),
            priority,
            paths: route.paths.iter().map(ToString::to_string).collect(),
            secret: secret.clone(),
            target_group: route.target_group.clone(),
            owner: ledger.owner.clone(),
        };
        ledger.create(route.key(), rule)
    });
    try_join_all(rules).await?;
    Ok(())
}

/// Returns the rules that the listener gets, in the order of their priorities.
fn routes<'a>(
    ledger: &'a Ledger,
    group_of: impl Fn(&Service) -> Option<TargetGroupArn>,
) -> Vec<Route<'a>> {
    let spec = &ledger.plan.spec;
    let (size, default) = match spec.tier() {
        Tier::Instances | Tier::LoadBalancer => (usize::MAX, None),
        Tier::Cdn => (PATHS_BESIDE_SECRET, spec.default_service()),
    };
    let with_paths = spec.served_services().filter(|it| !it.is_default());
    let with_paths = with_paths.flat_map(|service| {
        let parts = service.paths().chunks(size).enumerate();
        parts.map(move |(number, paths)| (service, number + 1, paths))
    });
    let all = with_paths.chain(default.map(|service| (service, 1, &[][..])));
    all.filter_map(|(service, number, paths)| {
        Some(Route {
            service,
            number,
            paths,
            target_group: group_of(service)?,
        })
    })
    .collect()
}

impl Route<'_> {
    fn key(&self) -> ResourceKey {
        let rule = format!("{}/rule/{}", key(), self.service.name());
        ResourceKey::new(match self.number {
            1 => rule,
            number => format!("{rule}/{number}"),
        })
    }
}

/// Returns the listener's name in the journal.
fn key() -> ResourceKey {
    ResourceKey::new(format!("alb/listener/{HTTP}"))
}

/// Returns the secret that the rules will ask for: the one of a rule that exists, or a new one.
async fn secret(
    ledger: &Ledger,
    listener: &ListenerArn,
    routes: &[Route<'_>],
) -> Result<OriginSecret, Error> {
    if routes
        .iter()
        .all(|route| ledger.entry(&route.key()).is_none())
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
    let entry = ledger.entry(&key());
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
    ledger.resource(rule).map_or_else(key, |found| found.key)
}
