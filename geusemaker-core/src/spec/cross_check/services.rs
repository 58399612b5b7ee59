//! Checks between the services of a spec, and between them and the rest.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;

use super::first_repeated::first_repeated;
use crate::spec::cdn::CdnOrigin;
use crate::spec::cidr_block::CidrBlock;
use crate::spec::domain::Domain;
use crate::spec::error::SpecError;
use crate::spec::requested_type::RequestedType;
use crate::spec::route::{VALUES_PER_RULE, WILDCARDS_PER_RULE, of_all_rules};
use crate::spec::service::{Gpus, HealthMatcher, Service, ServiceName, TargetVersion, wildcards};
use crate::spec::stack_name::LOAD_BALANCING_NAME_MAX;
use crate::spec::tier::Tier;
use crate::spec::unchecked::UncheckedSpec;

/// The most paths of a service.
const PATHS_MAX: usize = 20;

/// The most inbound rules of the instances' security group, one for each port that the load balancer uses.
///
/// Source: Amazon VPC quotas, inbound rules per security group.
pub(super) const RULES_PER_GROUP: usize = 60;

/// Runs the checks. The first error carries the path of the field to change.
pub(super) fn check(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let services = &spec.services;
    load_balancer_has_service(spec)?;
    served_ports_fit_group(spec)?;
    names(services)?;
    ports(services)?;
    default_service(services)?;
    paths(spec)?;
    versions(spec)?;
    gpus(spec)?;
    dependencies(services)?;
    target_group_names(spec)
}

fn served_ports_fit_group(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let served = spec
        .services
        .iter()
        .filter(|service| !service.is_internal());
    let ports: std::collections::BTreeSet<_> = served
        .flat_map(|service| {
            let port = service.port().map(|port| port.host());
            port.into_iter().chain(service.health().port())
        })
        .collect();
    if spec.tier < Tier::LoadBalancer || ports.len() <= RULES_PER_GROUP {
        return Ok(());
    }
    Err(SpecError::new(format!(
        "the load balancer would reach {} ports of an instance, but a security group takes at most \
         {RULES_PER_GROUP} rules: use fewer services, or make some internal",
        ports.len()
    ))
    .at("service"))
}

fn load_balancer_has_service(spec: &UncheckedSpec) -> Result<(), SpecError> {
    if spec.tier < Tier::LoadBalancer || !spec.services.iter().all(Service::is_internal) {
        return Ok(());
    }
    let message = format!(
        "tier {} needs at least one service behind its load balancer: add a [[service]]{}",
        spec.tier,
        if spec.services.is_empty() {
            ""
        } else {
            " that is not internal"
        }
    );
    Err(SpecError::new(message).at("service"))
}

fn names(services: &[Service]) -> Result<(), SpecError> {
    match first_repeated(services.iter().map(Service::name)) {
        Some((index, name)) => Err(taken(index, "name", name)),
        None => Ok(()),
    }
}

fn ports(services: &[Service]) -> Result<(), SpecError> {
    let mut taken_ports = HashSet::new();
    for (index, service) in services.iter().enumerate() {
        let port = service.port().map(|port| ("port".to_owned(), port));
        let further = service.published_ports().iter().enumerate();
        let further = further.map(|(index, port)| (format!("ports[{index}]"), *port));
        for (field, port) in port.into_iter().chain(further) {
            if !taken_ports.insert(port.host()) {
                return Err(taken(index, &field, &port.host()));
            }
        }
    }
    Ok(())
}

fn taken(index: usize, field: &str, value: &dyn Display) -> SpecError {
    let message = format!("{value} is taken by an earlier service: choose another");
    SpecError::new(message).at(format!("service[{index}].{field}"))
}

fn default_service(services: &[Service]) -> Result<(), SpecError> {
    let mut defaults = services
        .iter()
        .enumerate()
        .filter(|(_, service)| service.is_default());
    if let (Some((_, first)), Some((index, second))) = (defaults.next(), defaults.next()) {
        let (first, second) = (first.name(), second.name());
        let message = format!(
            "services \"{first}\" and \"{second}\" both lack paths, and only one service can get all remaining \
             requests: add paths = [\"/{second}/*\"] to one, or internal = true if only other containers use it"
        );
        return Err(SpecError::new(message).at(format!("service[{index}]")));
    }
    Ok(())
}

/// Checks that each request can go to one service, and that the rules have room for what they ask.
fn paths(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let mut taken: HashMap<_, Vec<&Service>> = HashMap::new();
    for (index, service) in spec.services.iter().enumerate() {
        fits_rule(spec, index, service)?;
        let at = format!("service[{index}].paths");
        for (path_index, path) in service.paths().iter().enumerate() {
            let owners = taken.entry(path).or_default();
            let mut same = owners.iter();
            if let Some(owner) = same.find(|it| it.conditions() == service.conditions()) {
                let message = format!(
                    "{:?} goes to {} already: each path can go to one service",
                    path.as_str(),
                    owner.name()
                );
                return Err(SpecError::new(message).at(format!("{at}[{path_index}]")));
            }
            owners.push(service);
        }
    }
    Ok(())
}

/// Checks the limits of the rules of one service.
fn fits_rule(spec: &UncheckedSpec, index: usize, service: &Service) -> Result<(), SpecError> {
    let tier = spec.tier;
    let at = |field: &str| format!("service[{index}].{field}");
    if service.paths().len() > PATHS_MAX {
        let message = format!(
            "has {} paths, and a service can have {PATHS_MAX}: use wildcards, as in \"/v1/*\"",
            service.paths().len()
        );
        return Err(SpecError::new(message).at(at("paths")));
    }
    let conditions = service.conditions();
    let of_path = usize::from(!service.paths().is_empty());
    let room = VALUES_PER_RULE - of_all_rules(spec);
    if conditions.count() + of_path > room {
        let message = format!(
            "has {} values beside a path, and a listener rule has room for {} in tier {tier}: name fewer",
            conditions.count(),
            room - of_path
        );
        return Err(SpecError::new(message).at(at("conditions")));
    }
    let paths = service.paths().iter().map(|path| wildcards(path.as_str()));
    let wildcards = conditions.wildcards() + paths.max().unwrap_or_default();
    if wildcards > WILDCARDS_PER_RULE {
        let message = format!(
            "has {wildcards} wildcards (* and ?) in one path and its conditions, but a listener rule takes at most \
             {WILDCARDS_PER_RULE}: use fewer"
        );
        return Err(SpecError::new(message).at(at("paths")));
    }
    if tier == Tier::Cdn && !conditions.source_ranges().is_empty() {
        let message = "a load balancer behind a CDN sees the addresses of CloudFront alone: leave sources out";
        return Err(SpecError::new(message).at(at("conditions.sources")));
    }
    let nobody = |range: &&CidrBlock| range.as_str() == "255.255.255.255/32";
    if conditions
        .source_ranges()
        .iter()
        .any(|range| nobody(&range))
    {
        let message =
            "AWS does not take 255.255.255.255/32: name the range that requests come from";
        return Err(SpecError::new(message).at(at("conditions.sources")));
    }
    Ok(())
}

/// Checks the versions of HTTP in which services are spoken to, and the codes that say that they are healthy.
fn versions(spec: &UncheckedSpec) -> Result<(), SpecError> {
    for (index, service) in spec.services.iter().enumerate() {
        let version = service.target().version();
        let at = |field: &str| format!("service[{index}].{field}");
        let is_grpc = version == TargetVersion::Grpc;
        let matcher = service.health().matcher();
        if matcher.is_grpc() != is_grpc && *matcher != HealthMatcher::default() {
            let message = match is_grpc {
                true => {
                    "a service that speaks gRPC answers with codes of gRPC: write \"0\", or \"0-99\""
                }
                false => {
                    "are codes of gRPC: set target.version = \"grpc\", or write statuses such as \"200-299\""
                }
            };
            return Err(SpecError::new(message).at(at("health.matcher")));
        }
        if version == TargetVersion::Http1 || spec.tier == Tier::Instances {
            continue;
        }
        if spec.tier == Tier::Cdn {
            let message = match (is_grpc, spec.cdn.origin()) {
                (true, CdnOrigin::Vpc) => {
                    "CloudFront takes no gRPC to a VPC origin: leave the version out, or set tier = 2"
                }
                (_, CdnOrigin::Internet | CdnOrigin::Vpc) => {
                    "CloudFront speaks HTTP/1.1 to the load balancer: leave the version out, or set tier = 2"
                }
            };
            return Err(SpecError::new(message).at(at("target.version")));
        }
        let of_zone = spec.domain.as_ref().and_then(Domain::hosted_zone);
        if spec.load_balancer.certificate_arn().is_none() && of_zone.is_none() {
            let message = "needs HTTPS in front: add [domain], or load_balancer.certificate_arn";
            return Err(SpecError::new(message).at(at("target.version")));
        }
    }
    Ok(())
}

/// Checks that no service wants more GPUs than the smallest of the instance types of the catalog has.
fn gpus(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let smallest = spec
        .compute
        .instance_types()
        .filter_map(RequestedType::listed)
        .min_by_key(|instance_type| instance_type.gpu_count());
    for (index, service) in spec.services.iter().enumerate() {
        match (service.gpus(), smallest) {
            (Gpus::Count(wanted), Some(smallest)) if wanted > smallest.gpu_count() => {
                let message = format!(
                    "must be at most {}, the GPUs of {smallest}, not {wanted}: lower it, write \"all\", or choose a \
                     larger instance type",
                    smallest.gpu_count()
                );
                return Err(SpecError::new(message).at(format!("service[{index}].gpus")));
            }
            (Gpus::All | Gpus::Count(_) | Gpus::None, _) => {}
        }
    }
    Ok(())
}

/// Checks that each service that another one waits for exists, and that none waits for itself in the end.
fn dependencies(services: &[Service]) -> Result<(), SpecError> {
    let mut waiting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, service) in services.iter().enumerate() {
        let at = |place: usize| format!("service[{index}].depends_on[{place}]");
        if let Some((place, name)) = first_repeated(service.depends_on()) {
            let message = format!("{name} is listed more than once: name each service once");
            return Err(SpecError::new(message).at(at(place)));
        }
        for (place, name) in service.depends_on().iter().enumerate() {
            let found = services.iter().position(|other| other.name() == name);
            let needed = found.ok_or_else(|| no_service(name, service, services).at(at(place)))?;
            waiting.entry(index).or_default().push(needed);
        }
    }
    // What waits for nothing that is left can start, again and again, until nothing is left but rings.
    loop {
        let before = waiting.len();
        let left: HashSet<usize> = waiting.keys().copied().collect();
        waiting.retain(|_, needed| needed.iter().any(|service| left.contains(service)));
        if waiting.len() == before {
            break;
        }
    }
    match waiting.keys().next() {
        Some(first) => Err(ring(*first, &waiting, services)),
        None => Ok(()),
    }
}

fn no_service(name: &ServiceName, service: &Service, services: &[Service]) -> SpecError {
    let others: Vec<_> = services
        .iter()
        .filter(|other| other.name() != service.name())
        .map(|other| other.name().as_str())
        .collect();
    SpecError::new(if others.is_empty() {
        format!("there is no service {name}, nor any other service")
    } else {
        format!(
            "there is no service {name}; the others are {}",
            others.join(", ")
        )
    })
}

/// Returns the error for the ring that is met from this service on, where each service waits for a ring.
fn ring(start: usize, waiting: &BTreeMap<usize, Vec<usize>>, services: &[Service]) -> SpecError {
    let mut walked = vec![start];
    let from = loop {
        let here = walked.last().copied().unwrap_or(start);
        let next = waiting[&here]
            .iter()
            .find(|service| waiting.contains_key(service));
        let next = next.copied().unwrap_or(here);
        if let Some(place) = walked.iter().position(|service| *service == next) {
            break place;
        }
        walked.push(next);
    };
    let ring = &walked[from..];
    let names: Vec<_> = ring
        .iter()
        .chain(&ring[..1])
        .map(|index| services[*index].name().as_str())
        .collect();
    let message = format!(
        "no service of this ring can start first: {}; remove one of these dependencies",
        names.join(" waits for ")
    );
    SpecError::new(message).at(format!("service[{}].depends_on", ring[0]))
}

fn target_group_names(spec: &UncheckedSpec) -> Result<(), SpecError> {
    let services = spec.services.iter().enumerate();
    for (index, service) in services.filter(|(_, service)| !service.is_internal()) {
        let name = spec.name.target_group_name(service.name());
        if name.len() > LOAD_BALANCING_NAME_MAX {
            return Err(SpecError::new(format!(
                "its target group would be named {name:?} ({} characters; the limit is {LOAD_BALANCING_NAME_MAX}): \
                 shorten this name or the stack's by {}",
                name.len(),
                name.len() - LOAD_BALANCING_NAME_MAX,
            ))
            .at(format!("service[{index}].name")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{G5, error, read, service};
    use crate::spec::DeploymentSpec;

    #[test]
    fn tiers_2_and_3_need_service() {
        assert!(read(1, G5, "").unwrap().services().is_empty());
        for tier in [2, 3] {
            assert_eq!(
                error(tier, G5, ""),
                format!(
                    "service: tier {tier} needs at least one service behind its load balancer: add a [[service]]"
                )
            );
        }
    }

    #[test]
    fn names_ports_and_paths_are_unique() {
        let first = service("ollama", 11434, "paths = [\"/v1/*\", \"/b\"]");
        let with = |second: String| error(1, G5, &format!("{first}{second}"));
        assert_eq!(
            with(service("ollama", 80, "")),
            "line 11: service[1].name: ollama is taken by an earlier service: choose another"
        );
        assert_eq!(
            with(service("ui", 11434, "")),
            "line 12: service[1].port: 11434 is taken by an earlier service: choose another"
        );
        assert_eq!(
            with(service("ui", 80, "paths = [\"/b\"]")),
            "line 14: service[1].paths[0]: \"/b\" goes to ollama already: each path can go to one service"
        );
        assert_eq!(
            error(1, G5, &service("ui", 80, "paths = [\"/b\", \"/b\"]")),
            "line 9: service[0].paths[1]: \"/b\" goes to ui already: each path can go to one service"
        );
        assert!(
            read(
                1,
                G5,
                &format!("{first}{}", service("ui", 80, "paths = [\"/c\"]"))
            )
            .is_ok()
        );
    }

    #[test]
    fn default_service_is_unique() {
        let spec = read(
            2,
            G5,
            &format!(
                "{}{}",
                service("a", 1, "paths = [\"/\"]"),
                service("b", 2, "")
            ),
        )
        .unwrap();
        assert_eq!(spec.default_service().unwrap().name().as_str(), "b");
        let spec = read(2, G5, &service("a", 1, "paths = [\"/\"]")).unwrap();
        assert_eq!(spec.default_service(), None);
        assert_eq!(
            error(
                2,
                G5,
                &format!("{}{}", service("a", 1, ""), service("b", 2, ""))
            ),
            "line 10: service[1]: services \"a\" and \"b\" both lack paths, and only one service can get all remaining \
             requests: add paths = [\"/b/*\"] to one, or internal = true if only other containers use it"
        );
    }

    #[test]
    fn conditions_fit_listener_rule() {
        let many = |count: usize| {
            let paths: Vec<_> = (0..count).map(|n| format!("'/{n}'")).collect();
            service("a", 1, &format!("paths = [{}]", paths.join(",")))
        };
        assert!(read(3, G5, &many(20)).is_ok());
        let with = |keys: &str| service("a", 1, keys);
        for (tier, text, wanted) in [
            (
                2,
                many(21),
                "service[0].paths: has 21 paths, and a service can have 20",
            ),
            (
                2,
                with("paths = ['/*?*?*?']"),
                "service[0].paths: has 6 wildcards (* and ?) in one path",
            ),
            (
                2,
                with("paths = ['/a']\nconditions = { methods = ['A', 'B', 'C', 'D', 'E'] }"),
                "service[0].conditions: has 5 values beside a path, and a listener rule has room for 4 in tier 2",
            ),
            (
                3,
                with("paths = ['/a']\nconditions = { methods = ['A', 'B', 'C'] }"),
                "service[0].conditions: has 3 values beside a path, and a listener rule has room for 2 in tier 3",
            ),
            (
                3,
                with("conditions = { sources = ['10.0.0.0/8'] }"),
                "service[0].conditions.sources: a load balancer behind a CDN sees the addresses of CloudFront",
            ),
            (
                2,
                with("conditions = { headers = { X-A = [] } }"),
                "conditions.headers.X-A: has no values",
            ),
            (
                2,
                with("strip_prefix = true"),
                "strip_prefix: takes the prefix off paths, and there are none",
            ),
            (
                2,
                with("strip_prefix = true\npaths = ['/a', '/b*']"),
                "paths[1]: strip_prefix needs paths such as",
            ),
            (
                2,
                with("target = { algorithm = 'weighted-random', stickiness = '1h' }"),
                "target.stickiness: does not work with algorithm",
            ),
            (
                2,
                with("target = { algorithm = 'least-outstanding-requests', slow_start = '1m' }"),
                "target.slow_start: works with algorithm = \"round-robin\" alone",
            ),
            (
                2,
                with("target = { version = 'grpc' }"),
                "target.version: needs HTTPS in front",
            ),
            (
                3,
                with("target = { version = 'http2' }"),
                "target.version: CloudFront speaks HTTP/1.1",
            ),
            (
                3,
                with("target = { version = 'grpc' }\n[cdn]\norigin = 'vpc'"),
                "target.version: CloudFront takes no gRPC to a VPC origin",
            ),
            (
                2,
                with("health = { matcher = '0' }"),
                "health.matcher: are codes of gRPC",
            ),
        ] {
            let error = error(tier, G5, &text);
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn path_goes_to_one_service_per_condition() {
        let post = service(
            "post",
            1,
            "paths = ['/a']\nconditions = { methods = ['POST'] }",
        );
        let others = service("others", 2, "paths = ['/a']");
        assert!(read(2, G5, &format!("{post}{others}")).is_ok());
        let again = service(
            "again",
            3,
            "paths = ['/a']\nconditions = { methods = ['POST'] }",
        );
        let error = error(2, G5, &format!("{post}{again}"));
        assert!(error.contains("\"/a\" goes to post already"), "{error}");
    }

    #[test]
    fn long_target_group_name_says_excess() {
        let with = |stack: usize, service_name: usize| {
            let stack = "s".repeat(stack);
            let service = service(&"t".repeat(service_name), 1, "");
            DeploymentSpec::from_toml(&format!(
                "name = \"{stack}\"\ntier = 1\n[compute]\n{G5}\n{service}"
            ))
        };
        assert!(with(20, 11).is_ok());
        let error = with(20, 14).unwrap_err().to_string();
        let name = format!("{}-{}", "s".repeat(20), "t".repeat(14));
        assert_eq!(
            error,
            format!(
                "line 6: service[0].name: its target group would be named {name:?} (35 characters; \
                 the limit is 32): shorten this name or the stack's by 3"
            )
        );
    }

    /// A load balancer serves no internal service.
    #[test]
    fn internal_services_need_served_one() {
        let internal = "[[service]]\nname = \"db\"\ninternal = true\nimage = \"postgres\"\n";
        assert_eq!(
            error(2, G5, internal),
            "line 5: service: tier 2 needs at least one service behind its load balancer: \
             add a [[service]] that is not internal"
        );
        assert!(read(1, G5, internal).is_ok());
        let spec = read(2, G5, &format!("{internal}{}", service("ui", 80, ""))).unwrap();
        let served: Vec<_> = spec
            .served_services()
            .map(|service| service.name().as_str())
            .collect();
        assert_eq!(served, ["ui"]);
        assert_eq!(spec.default_service().unwrap().name().as_str(), "ui");
    }

    /// Each container has ports of its own, and the instance has one of each.
    #[test]
    fn ports_of_instance_are_unique() {
        let with = |port: &str, rest: &str| {
            let first = service("a", 80, "paths = [\"/a\"]\nports = [\"6334:6334\"]");
            format!(
                "{first}{}",
                service("b", 1, rest).replace("port = 1\n", &format!("port = {port}\n"))
            )
        };
        assert!(read(2, G5, &with("\"81:80\"", "ports = [\"6335:6334\"]")).is_ok());
        assert_eq!(
            error(2, G5, &with("\"80:81\"", "")),
            "line 13: service[1].port: 80 is taken by an earlier service: choose another"
        );
        assert_eq!(
            error(2, G5, &with("81", "ports = [82, 6334]")),
            "line 15: service[1].ports[1]: 6334 is taken by an earlier service: choose another"
        );
        assert_eq!(
            error(2, G5, &with("81", "ports = [81]")),
            "line 15: service[1].ports[0]: 81 is taken by an earlier service: choose another"
        );
    }

    #[test]
    fn gpus_fit_smallest_instance_type() {
        let wanting = |gpus: u32| service("a", 80, &format!("gpus = {gpus}"));
        let large = "instance_type = \"g5.12xlarge\"";
        assert!(read(2, large, &wanting(4)).is_ok());
        assert_eq!(
            error(2, large, &wanting(5)),
            "line 9: service[0].gpus: must be at most 4, the GPUs of g5.12xlarge, not 5: lower it, write \"all\", or \
             choose a larger instance type"
        );
        let with_fallback = format!("{large}\nfallback = [\"g5.xlarge\"]");
        assert!(
            error(2, &with_fallback, &wanting(2))
                .contains("at most 1, the GPUs of g5.xlarge, not 2")
        );
    }

    #[test]
    fn dependencies_exist_and_have_order() {
        let with = |of_a: &str, of_b: &str| {
            let of = |names: &str| format!("depends_on = [{names}]");
            let a = service("a", 1, &format!("{}\npaths = [\"/\"]", of(of_a)));
            format!(
                "{a}{}{}",
                service("b", 2, &of(of_b)),
                service("c", 3, "paths = [\"/c\"]")
            )
        };
        assert!(read(2, G5, &with("'b', 'c'", "'c'")).is_ok());
        assert_eq!(
            error(2, G5, &with("'c', 'd'", "")),
            "line 9: service[0].depends_on[1]: there is no service d; the others are b, c"
        );
        assert_eq!(
            error(2, G5, &with("'c', 'c'", "")),
            "line 9: service[0].depends_on[1]: c is listed more than once: name each service once"
        );
        assert_eq!(
            error(2, G5, &with("'b'", "'a'")),
            "line 9: service[0].depends_on: no service of this ring can start first: a waits for b waits for a; \
             remove one of these dependencies"
        );
        assert_eq!(
            error(2, G5, &with("'c', 'b'", "'b'")),
            "line 15: service[1].depends_on: no service of this ring can start first: b waits for b; \
             remove one of these dependencies"
        );
    }

    proptest! {
        /// The services of a valid spec can be started one after the other; those of another are in a ring.
        #[test]
        fn valid_dependencies_have_order(wanted in proptest::collection::vec(proptest::collection::btree_set(0..6usize, 0..3), 6)) {
            let text: String = wanted
                .iter()
                .enumerate()
                .map(|(index, needed)| {
                    let needed: Vec<_> = needed.iter().map(|index| format!("\"s{index}\"")).collect();
                    format!("[[service]]\nname = \"s{index}\"\ninternal = true\nimage = \"a\"\ndepends_on = [{}]\n", needed.join(","))
                })
                .collect();
            let mut started = std::collections::BTreeSet::new();
            for _ in 0..6 {
                let ready = wanted.iter().enumerate().filter(|(_, needed)| needed.is_subset(&started));
                started = ready.map(|(index, _)| index).collect();
            }
            let read = read(1, G5, &text);
            prop_assert_eq!(read.is_ok(), started.len() == 6, "{:?}", read);
            if let Err(error) = read {
                prop_assert!(error.to_string().contains("no service of this ring can start first"));
            }
        }
    }
}
