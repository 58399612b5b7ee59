//! The request that reaches a service through the rules of the load balancer.

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};

use super::viewer::Asked;
use crate::spec::{Conditions, DeploymentSpec, PathPattern, Route, Service, TargetVersion};

/// A request that reaches a service.
#[derive(Clone, Debug)]
pub(super) struct Reaching {
    pub(super) asked: Asked,
    /// True if the service sees the wanted path; false if it is another one, of which only its rule is known.
    pub(super) is_wanted: bool,
}

/// Returns the request for a path of a service at a host, or the reason why none reaches it. If no rule leads there and
/// any path will do, the path is one of a rule's.
pub(super) fn reach(
    spec: &DeploymentSpec,
    service: &Service,
    at: &str,
    wanted: &str,
    or_any_path: bool,
) -> Result<Reaching, String> {
    if service.target().version() != TargetVersion::Http1 {
        return Err("it does not take HTTP/1.1, in which gm asks".to_owned());
    }
    let conditions = service.conditions();
    let asked = meeting(
        conditions,
        &spec
            .names()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
    )?;
    let routes = spec.routes();
    let stripped = |path: &PathPattern| format!("{}{wanted}", path.prefix());
    let paths = || service.paths().iter();
    let exact: Vec<String> = match service.strips_prefix() {
        true => paths().map(stripped).collect(),
        false => vec![wanted.to_owned()],
    };
    let others = paths()
        .filter(|_| or_any_path)
        .map(|path| example(path.as_str()));
    let exact = exact.into_iter().map(|path| (path, true));
    for (path, is_wanted) in exact.chain(others.map(|path| (path, false))) {
        let asked = Asked {
            path,
            ..asked.clone()
        };
        if receiver(spec, &routes, at, &asked).is_some_and(|it| it.name() == service.name()) {
            return Ok(Reaching { asked, is_wanted });
        }
    }
    Err(format!(
        "no path that gm knows leads to it: {wanted} goes elsewhere"
    ))
}

/// Returns a request that meets the conditions of a service, or the reason why gm cannot make one.
fn meeting(conditions: &Conditions, names: &[String]) -> Result<Asked, String> {
    let mut asked = Asked::get("/");
    if let [first, ..] = conditions.source_ranges() {
        return Err(format!(
            "only requests from its sources reach it, as in {first}"
        ));
    }
    let methods = conditions.http_methods();
    if !methods.is_empty() {
        let mut known = ["GET", "HEAD"].into_iter();
        let known = known.find(|known| methods.iter().any(|it| it.as_str() == *known));
        asked.method = match known {
            Some("HEAD") => Method::HEAD,
            Some(_) => Method::GET,
            None => return Err("neither GET nor HEAD reaches it".to_owned()),
        };
    }
    let hosts = conditions.host_patterns();
    if let Some(first) = hosts.first() {
        let is_met = |name: &&String| hosts.iter().any(|host| matches_text(host.as_str(), name));
        // The first name is that of the place.
        asked.host = match names.iter().find(is_met) {
            Some(name) => Some(name.clone()),
            None => Some(example(first.as_str())),
        };
    }
    for (name, values) in conditions.header_patterns() {
        let value = values
            .first()
            .map_or_else(String::new, |it| example(it.as_str()));
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) else {
            return Err("gm cannot send the header that it asks for".to_owned());
        };
        asked.headers.push((name, value));
    }
    Ok(asked)
}

/// Returns the service that gets a request.
fn receiver<'a>(
    spec: &'a DeploymentSpec,
    routes: &[Route<'a>],
    at: &str,
    asked: &Asked,
) -> Option<&'a Service> {
    let path = asked.path.split('?').next().unwrap_or_default();
    let first = routes.iter().find(|route| {
        let is_path = route.paths.is_empty()
            || route
                .paths
                .iter()
                .any(|pattern| matches(pattern.as_str(), path));
        is_path && meets(route.service.conditions(), at, asked)
    });
    first
        .map(|route| route.service)
        .or_else(|| spec.default_service())
}

/// Returns true if the request meets the conditions of a rule. Addresses are not known here, so none is met.
fn meets(conditions: &Conditions, at: &str, asked: &Asked) -> bool {
    let hosts = conditions.host_patterns();
    let host = asked.host.as_deref().unwrap_or(at);
    let methods = conditions.http_methods();
    let mut headers = conditions.header_patterns().iter();
    conditions.source_ranges().is_empty()
        && (hosts.is_empty() || hosts.iter().any(|it| matches_text(it.as_str(), host)))
        && (methods.is_empty()
            || methods
                .iter()
                .any(|it| it.as_str() == asked.method.as_str()))
        && headers.all(|(name, patterns)| {
            let sent = asked
                .headers
                .iter()
                .filter(|(sent, _)| sent.as_str().eq_ignore_ascii_case(name.as_str()));
            let mut sent = sent.filter_map(|(_, value)| value.to_str().ok());
            sent.any(|value| patterns.iter().any(|it| matches_text(it.as_str(), value)))
        })
}

/// Returns a text that a pattern matches.
fn example(pattern: &str) -> String {
    pattern
        .replace('*', if pattern.starts_with('*') { "x" } else { "" })
        .replace('?', "x")
}

/// Returns true if a pattern matches a text, whatever the case.
fn matches_text(pattern: &str, text: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// Returns true if a pattern matches a text: `*` stands for any text, `?` for one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    // The last asterisk, and the beginning of the text behind what it stands for.
    let mut asterisk = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                asterisk = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == text[read] => {
                at += 1;
                read += 1;
            }
            Some(_) | None => match asterisk {
                Some((star, from)) => {
                    asterisk = Some((star, from + 1));
                    at = star + 1;
                    read = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "llm.elb.amazonaws.com";

    fn spec(services: &[(&str, &str)]) -> DeploymentSpec {
        let services = services.iter().zip(1000..).map(|((name, keys), port)| {
            format!("[[service]]\nname = '{name}'\nport = {port}\nimage = 'a'\n{keys}\n")
        });
        let services: String = services.collect();
        DeploymentSpec::from_toml(&format!(
            "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n{services}"
        ))
        .unwrap()
    }

    /// Returns the path that reaches the first service, with an exclamation mark if it is not the wanted one.
    fn path(wanted: &str, services: &[(&str, &str)]) -> Result<String, String> {
        let spec = spec(services);
        let reaching = reach(&spec, &spec.services()[0], AT, wanted, true)?;
        let mark = if reaching.is_wanted { "" } else { "!" };
        Ok(format!("{}{mark}", reaching.asked.path))
    }

    #[test]
    fn wanted_path_is_behind_rules() {
        let ui = ("ui", "");
        for (keys, expected) in [
            ("paths = ['/health', '/v1/*']", "/health"),
            ("paths = ['/v1/*']", "/v1/!"),
            ("paths = ['/v?/models']", "/vx/models!"),
            (
                "paths = ['/ollama', '/ollama/*']\nstrip_prefix = true",
                "/ollama/health",
            ),
        ] {
            assert_eq!(
                path("/health", &[("api", keys), ui]).unwrap(),
                expected,
                "{keys}"
            );
        }
        assert_eq!(
            path("/health", &[ui, ("api", "paths = ['/v1/*']")]).unwrap(),
            "/health"
        );
        // The default service has no path of its own.
        let taken = path("/health", &[ui, ("api", "paths = ['/health']")]);
        assert!(taken.unwrap_err().contains("/health goes elsewhere"));
    }

    #[test]
    fn conditions_are_met() {
        let keys = "paths = ['/*']\nconditions = { hosts = ['*.example.com'], methods = ['HEAD'], headers = { X-Team = ['blue*'] } }";
        let spec = spec(&[("api", keys), ("ui", "")]);
        let asked = reach(&spec, &spec.services()[0], AT, "/", true)
            .unwrap()
            .asked;
        assert_eq!(asked.host.as_deref(), Some("x.example.com"));
        assert_eq!(asked.method, Method::HEAD);
        assert_eq!(asked.headers[0].1, "blue");
        // A request without them goes to the other.
        assert!(reach(&spec, &spec.services()[1], AT, "/", true).is_ok());
    }

    #[test]
    fn unreachable_service_has_reason() {
        for (keys, reason) in [
            ("conditions = { sources = ['10.0.0.0/8'] }", "10.0.0.0/8"),
            (
                "conditions = { methods = ['POST'] }",
                "neither GET nor HEAD",
            ),
        ] {
            let error = path("/", &[("api", keys), ("ui", "")]).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn wildcards_match_as_at_load_balancer() {
        for (pattern, text) in [
            ("/*", "/"),
            ("*", ""),
            ("/a*c/?", "/abcbc/x"),
            ("/v?/*", "/v1/a/b"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("/a", "/A"), ("/?", "/"), ("/a*c", "/abcd"), ("/a", "/a/")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
