//! The rules of the load balancer: which requests go to which service, in the order in which they are asked.

use super::auth::Auth;
use super::service::{PathPattern, Service, wildcards};
use super::unchecked::UncheckedSpec;

/// The most values of all conditions of a rule.
///
/// Source: Application Load Balancer quotas, condition values per rule.
pub(super) const VALUES_PER_RULE: usize = 5;

/// The most wildcards in the values of a rule.
///
/// Source: Application Load Balancers guide, "Condition types for listener rules".
pub(super) const WILDCARDS_PER_RULE: usize = 5;

/// The values that the secret of a CDN takes in a rule: while it is changed, a rule admits two of them.
const SECRETS: usize = 2;

/// The values that the bearer token takes in a rule, for the same reason.
const TOKENS: usize = 2;

/// A rule of the load balancer: the requests that go to a service. The first rule that matches a request decides.
///
/// ```
/// use geusemaker_core::spec::DeploymentSpec;
///
/// let spec = DeploymentSpec::from_toml(
///     r#"
///     name = "llm-prod"
///     tier = 2
///     compute.instance_type = "g5.xlarge"
///     [[service]]
///     name = "ui"
///     port = 8080
///     image = "ghcr.io/open-webui/open-webui:main"
///     paths = ["/*"]
///     [[service]]
///     name = "vllm"
///     port = 8000
///     image = "vllm/vllm-openai:v0.11.0"
///     paths = ["/v1/*"]
///     "#,
/// )?;
/// let [first, second] = &spec.routes()[..] else { unreachable!() };
/// // The narrower path is asked for first, wherever it stands in the file.
/// assert_eq!((first.priority, first.service.name().as_str()), (1, "vllm"));
/// assert_eq!(second.service.name().as_str(), "ui");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route<'a> {
    /// The place of the rule in the order: the lowest number is asked first.
    pub priority: u16,
    /// The service that gets the requests. Its [`Conditions`](super::Conditions) are those of the rule.
    pub service: &'a Service,
    /// The paths of the rule; all paths if there are none.
    pub paths: Vec<&'a PathPattern>,
    /// The number of the rule among those of its service, from 1 on.
    pub(crate) number: usize,
}

/// Returns the number of paths that a rule of this service has room for.
fn paths_per_rule(spec: &UncheckedSpec, service: &Service) -> usize {
    VALUES_PER_RULE.saturating_sub(of_all_rules(spec) + service.conditions().count())
}

/// Returns the number of values that each rule has, whatever its service.
pub(super) fn of_all_rules(spec: &UncheckedSpec) -> usize {
    let secrets = match spec.has_origin_secret() {
        false => 0,
        true => SECRETS,
    };
    match spec.load_balancer.auth() {
        Some(Auth::Bearer) => secrets + TOKENS,
        Some(Auth::Oidc(_) | Auth::Cognito(_)) | None => secrets,
    }
}

/// Returns the rules of a spec, in the order in which they are asked.
pub(super) fn of_spec(spec: &UncheckedSpec) -> Vec<Route<'_>> {
    let served = spec.services.iter().enumerate();
    let served = served.filter(|(_, service)| !service.is_internal() && !service.is_default());
    let mut places: Vec<_> = served
        .flat_map(|(index, service)| {
            let paths: Vec<_> = match service.paths() {
                [] => vec![None],
                paths => paths.iter().map(Some).collect(),
            };
            paths.into_iter().map(move |path| (index, service, path))
        })
        .collect();
    places.sort_by_key(|(index, service, path)| {
        let path = path.map_or("", PathPattern::as_str);
        let wildcards = wildcards(path);
        let literal = path.len() - wildcards;
        let kinds = service.conditions().kinds();
        // The widest last.
        (
            std::cmp::Reverse(kinds),
            path.is_empty(),
            wildcards > 0,
            std::cmp::Reverse(literal),
            wildcards,
            *index,
        )
    });
    let mut routes: Vec<Route<'_>> = Vec::new();
    for (_, service, path) in places {
        let room = paths_per_rule(spec, service).max(1);
        match (routes.last_mut(), path) {
            (Some(last), Some(path)) if has_room(last, service, path, room) => {
                last.paths.push(path);
            }
            (_, path) => push(&mut routes, service, path.into_iter().collect()),
        }
    }
    let default = spec.services.iter().find(|service| service.is_default());
    if let Some(default) = default.filter(|_| of_all_rules(spec) > 0) {
        push(&mut routes, default, Vec::new());
    }
    routes
}

/// Returns true if a rule of the same service can take one more path.
fn has_room(last: &Route<'_>, service: &Service, path: &PathPattern, room: usize) -> bool {
    let of_paths: usize = last.paths.iter().map(|path| wildcards(path.as_str())).sum();
    let in_all = of_paths + wildcards(path.as_str()) + service.conditions().wildcards();
    last.service.name() == service.name() && last.paths.len() < room && in_all <= WILDCARDS_PER_RULE
}

fn push<'a>(routes: &mut Vec<Route<'a>>, service: &'a Service, paths: Vec<&'a PathPattern>) {
    let before = routes
        .iter()
        .filter(|route| route.service.name() == service.name());
    let number = before.count() + 1;
    routes.push(Route {
        // A listener has room for a hundred rules.
        priority: u16::try_from(routes.len() + 1).unwrap_or(u16::MAX),
        service,
        paths,
        number,
    });
}

impl Route<'_> {
    /// Returns the expression and the replacement that take the prefix off a path, if the service does not know it.
    ///
    /// The rule matches the prefix alone, or with a slash behind it; the query may follow.
    pub(crate) fn without_prefix(&self) -> Option<(String, &'static str)> {
        if !self.service.strips_prefix() {
            return None;
        }
        let mut prefixes: Vec<_> = self.paths.iter().map(|path| path.prefix()).collect();
        prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        prefixes.dedup();
        let literal = prefixes.iter().map(|prefix| escaped(prefix));
        let literal: Vec<_> = literal.collect();
        Some((format!("^(?:{})/?(.*)$", literal.join("|")), "/$1"))
    }
}

/// Returns a text as a part of a regular expression that stands for itself.
fn escaped(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| {
        let is_special = "\\.+*?()|[]{}^$".contains(c);
        is_special.then_some('\\').into_iter().chain([c])
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use crate::spec::DeploymentSpec;

    fn spec(tier: u8, services: &[(&str, &str)]) -> DeploymentSpec {
        let services = services.iter().zip(1000..).map(|((name, keys), port)| {
            format!("[[service]]\nname = '{name}'\nport = {port}\nimage = 'a'\n{keys}\n")
        });
        let services: String = services.collect();
        DeploymentSpec::from_toml(&format!(
            "name = 'llm'\ntier = {tier}\ncompute.instance_type = 'g5.xlarge'\n{services}"
        ))
        .unwrap()
    }

    fn shown(spec: &DeploymentSpec) -> Vec<String> {
        let routes = spec.routes().into_iter();
        let shown = routes.map(|route| {
            let paths: Vec<_> = route.paths.iter().map(|path| path.as_str()).collect();
            format!(
                "{} {} {}",
                route.priority,
                route.service.name(),
                paths.join(" ")
            )
        });
        shown.collect()
    }

    #[test]
    fn narrower_rules_are_asked_first() {
        let spec = spec(
            2,
            &[
                ("wide", "paths = ['/*', '/api/v1/models']"),
                ("api", "paths = ['/api/*']"),
                (
                    "post",
                    "paths = ['/*/x']\nconditions = { methods = ['POST'] }",
                ),
                ("host", "conditions = { hosts = ['a.b'] }"),
                ("rest", ""),
            ],
        );
        assert_eq!(
            shown(&spec),
            [
                "1 post /*/x",
                "2 host ",
                "3 wide /api/v1/models",
                "4 api /api/*",
                "5 wide /*",
            ]
        );
    }

    #[test]
    fn rules_keep_limits_of_values() {
        let paths = "paths = ['/a', '/b', '/c', '/d', '/e']";
        assert_eq!(shown(&spec(2, &[("a", paths)])), ["1 a /a /b /c /d /e"]);
        let conditions = "\nconditions = { methods = ['GET', 'HEAD'], hosts = ['a.b'] }";
        let with = format!("{paths}{conditions}");
        assert_eq!(
            shown(&spec(2, &[("a", &with)])),
            ["1 a /a /b", "2 a /c /d", "3 a /e"]
        );
        assert_eq!(
            shown(&spec(3, &[("a", paths)])),
            ["1 a /a /b /c", "2 a /d /e"]
        );
        let wild = "paths = ['/a*', '/b*', '/c*', '/*d*']";
        assert_eq!(shown(&spec(2, &[("a", wild)])), ["1 a /a* /b* /c* /*d*"]);
        let wilder = "paths = ['/a*?', '/b*?', '/c*?']";
        assert_eq!(
            shown(&spec(2, &[("a", wilder)])),
            ["1 a /a*? /b*?", "2 a /c*?"]
        );
    }

    #[test]
    fn token_takes_two_values_of_rules() {
        let bearer = "[load_balancer.auth]\ntype = 'bearer'";
        let paths = "paths = ['/a', '/b', '/c', '/d']";
        let services = |last: &'static str| [("a", paths), ("ui", last)];
        let of = |tier| shown(&spec(tier, &services(bearer)));
        assert_eq!(of(2), ["1 a /a /b /c", "2 a /d", "3 ui "]);
        assert_eq!(of(3), ["1 a /a", "2 a /b", "3 a /c", "4 a /d", "5 ui "]);
    }

    #[test]
    fn default_service_has_last_rule_of_cdn() {
        let services = [("ui", ""), ("api", "paths = ['/v1/*']")];
        assert_eq!(shown(&spec(2, &services)), ["1 api /v1/*"]);
        assert_eq!(shown(&spec(3, &services)), ["1 api /v1/*", "2 ui "]);
    }

    /// Nothing is kept for a secret.
    #[test]
    fn private_origin_leaves_room_for_paths() {
        let services = [
            ("ui", ""),
            (
                "api",
                "paths = ['/a', '/b', '/c', '/d', '/e']\n[cdn]\norigin = 'vpc'",
            ),
        ];
        assert_eq!(shown(&spec(3, &services)), ["1 api /a /b /c /d /e"]);
    }

    #[test]
    fn prefix_is_taken_off_before_query() {
        let keys = "strip_prefix = true\npaths = ['/ollama', '/ollama/*', '/o.l/*']";
        let spec = spec(2, &[("a", keys)]);
        let (regex, with) = spec.routes()[0].without_prefix().unwrap();
        assert_eq!(
            (regex.as_str(), with),
            (r"^(?:/ollama|/o\.l)/?(.*)$", "/$1")
        );
    }
}
