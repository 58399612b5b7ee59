//! The part of a plan that people's requests meet: the load balancer, its rules, the names and the CDN.

use geusemaker_core::Plan;
use geusemaker_core::spec::{Conditions, Route, Scheme, Tier};
use serde_json::{Value, json};

use super::ranges;

/// Returns the lines of the load balancer and of what is in front of it.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let spec = &plan.spec;
    let mut lines = Vec::new();
    if spec.tier() < Tier::LoadBalancer {
        return lines;
    }
    lines.push(format!(
        "  balancer     {}, {}, open to {}",
        spec.name().load_balancer_name(),
        protocol(plan),
        admitted(plan)
    ));
    lines.extend(route_lines(plan));
    lines.extend(name_lines(plan));
    lines
}

/// Returns true if the load balancer answers with HTTPS.
fn is_secure(plan: &Plan) -> bool {
    let spec = &plan.spec;
    let is_requested = spec.domain().is_some_and(|it| it.hosted_zone().is_some());
    is_requested || spec.load_balancer().certificate_arn().is_some()
}

fn protocol(plan: &Plan) -> &'static str {
    match (is_secure(plan), plan.spec.tier()) {
        (false, _) => "HTTP",
        (true, Tier::Cdn) => "HTTPS",
        (true, _) => "HTTPS, to which HTTP is redirected",
    }
}

fn admitted(plan: &Plan) -> String {
    let spec = &plan.spec;
    match spec.access().allow() {
        _ if plan.cloudfront_prefix_list.is_some() => "CloudFront".to_owned(),
        [] if spec.load_balancer().scheme() == Scheme::Internal => "the VPC".to_owned(),
        [] => ranges::INTERNET.to_owned(),
        allowed => ranges::words(allowed),
    }
}

/// Returns a line for each rule, in the order in which they are asked, and for the requests that remain.
fn route_lines(plan: &Plan) -> Vec<String> {
    let routes = plan.spec.routes();
    let mut texts: Vec<_> = routes
        .iter()
        .filter(|route| !route.service.is_default())
        .map(|route| {
            let prefix = match route.service.strips_prefix() {
                true => " (without the prefix)",
                false => "",
            };
            format!(
                "{} {} to {}{prefix}",
                route.priority,
                requests(route),
                route.service.name()
            )
        })
        .collect();
    if texts.is_empty() {
        return Vec::new();
    }
    texts.push(match plan.spec.default_service() {
        Some(service) => format!("all other requests to {}", service.name()),
        None => "all other requests are answered with 404".to_owned(),
    });
    let rows = texts.into_iter().enumerate();
    rows.map(|(row, text)| {
        let label = if row == 0 { "rules" } else { "" };
        format!("  {label:<13}{text}")
    })
    .collect()
}

/// Returns the requests of a rule: `/v1/* with POST for api.example.com`.
fn requests(route: &Route<'_>) -> String {
    let paths: Vec<_> = route.paths.iter().map(|path| path.as_str()).collect();
    let mut parts = vec![match paths.as_slice() {
        [] => "every path".to_owned(),
        paths => paths.join(", "),
    }];
    let conditions = route.service.conditions();
    let words = |all: Vec<&str>| all.join(" or ");
    let methods = conditions.http_methods().iter().map(|it| it.as_str());
    let methods: Vec<_> = methods.collect();
    if !methods.is_empty() {
        parts.push(format!("with {}", words(methods)));
    }
    let hosts = conditions.host_patterns().iter().map(|it| it.as_str());
    let hosts: Vec<_> = hosts.collect();
    if !hosts.is_empty() {
        parts.push(format!("for {}", words(hosts)));
    }
    for (name, values) in conditions.header_patterns() {
        let values = values.iter().map(|it| it.as_str()).collect();
        parts.push(format!("with {name}: {}", words(values)));
    }
    let ranges = conditions.source_ranges().iter().map(|it| it.as_str());
    let ranges: Vec<_> = ranges.collect();
    if !ranges.is_empty() {
        parts.push(format!("from {}", words(ranges)));
    }
    parts.join(" ")
}

/// Returns the lines about the names of the stack.
fn name_lines(plan: &Plan) -> Vec<String> {
    let spec = &plan.spec;
    let names = spec.names();
    let [first, further @ ..] = names.as_slice() else {
        return Vec::new();
    };
    let mut lines = vec![format!("  name         https://{first}")];
    lines.extend(
        further
            .iter()
            .map(|name| format!("               https://{name}")),
    );
    match &plan.hosted_zone {
        Some(zone) => lines.push(format!(
            "               records in the hosted zone {} ({})",
            zone.name, zone.id
        )),
        None => lines.push("               you make the records that lead there".to_owned()),
    }
    let given = [
        spec.load_balancer().certificate_arn(),
        spec.cdn()
            .certificate_arn()
            .filter(|_| spec.tier() == Tier::Cdn),
    ];
    lines.extend(
        given
            .into_iter()
            .flatten()
            .map(|arn| format!("               your certificate {arn}")),
    );
    if plan.hosted_zone.is_some() && given.iter().flatten().count() < certificates(spec.tier()) {
        lines.push("               a new certificate, which AWS renews".to_owned());
    }
    lines
}

/// Returns the number of certificates that a stack with a name has.
fn certificates(tier: Tier) -> usize {
    match tier {
        Tier::Cdn => 2,
        _ => 1,
    }
}

/// Returns the rules for programs.
pub(super) fn routes(plan: &Plan) -> Vec<Value> {
    if plan.spec.tier() < Tier::LoadBalancer {
        return Vec::new();
    }
    let routes = plan.spec.routes().into_iter().map(|route| {
        let conditions = route.service.conditions();
        let mut value = json!({
            "priority": route.priority,
            "service": route.service.name(),
            "paths": route.paths,
        });
        if *conditions != Conditions::default() {
            value["conditions"] = json!(conditions);
        }
        value
    });
    routes.collect()
}
