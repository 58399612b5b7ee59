//! Checks that `gm` knows everything in the account, and keeps the promises of its exit codes.

use super::gm::{Document, End, Listed, Run};
use crate::inventory::{Inventory, Kind, Resource};

/// The status of a stack, or `None` if `gm` says that it does not exist.
pub(super) type Known<'a> = Option<&'a Document>;

/// Returns the problems after a command: resources that are unknown to `gm`, and promises of the exit code that do not
/// hold. `before` lists the earlier resources, unless a late request was still to arrive.
pub(super) fn problems(
    run: &Run,
    alive: &Inventory,
    before: Option<&Inventory>,
    known: Known<'_>,
) -> Vec<String> {
    let mut problems = unknown(alive, known);
    if run.log.contains("panicked at") {
        problems.push(format!("it panicked:\n{}", run.log));
    }
    match run.end {
        End::Hung => problems.push("it did not end in time".to_owned()),
        // The promise is that nothing is left.
        End::Code(1) => problems.extend(left(alive)),
        // The promise is that nothing was changed.
        End::Code(2 | 6) => {
            problems.extend(before.iter().flat_map(|before| changed(alive, before)))
        }
        End::Code(3) => problems.extend(unlisted(run, alive)),
        End::Code(0 | 5 | 130 | 143) | End::Killed => {}
        End::Code(code) => problems.push(format!("unexpected exit code {code}")),
    }
    problems
}

/// Returns a problem for each resource that should be gone.
pub(super) fn left(alive: &Inventory) -> Vec<String> {
    let left = alive.0.iter();
    left.map(|it| format!("still there: {it:?}")).collect()
}

/// Returns the problems of a stack that is up, apart from those of its tier: each listed resource must exist.
pub(super) fn missing(alive: &Inventory, known: &Document) -> Vec<String> {
    let mut problems = Vec::new();
    for listed in &known.resources {
        if listed.state == "gone" || listed.state.starts_with("unknown") {
            problems.push(format!("it is up, and {listed:?}"));
        }
        let is_there = alive.0.iter().any(|it| listed.id.as_ref() == Some(&it.id));
        let is_elsewhere = listed.adopted || listed.kind == "target-registration";
        if !is_there && !is_elsewhere {
            problems.push(format!("it is up without {listed:?}"));
        }
    }
    problems
}

fn unknown(alive: &Inventory, known: Known<'_>) -> Vec<String> {
    let listed = known.map_or(&[][..], |document| &document.resources);
    strangers(alive, listed)
        .into_iter()
        .map(|it| format!("gm does not know {it:?}"))
        .collect()
}

/// Checks that everything left or kept is listed. A stack that the command did not touch is not listed again.
fn unlisted(run: &Run, alive: &Inventory) -> Vec<String> {
    let Some(document) = &run.document else {
        return vec!["exit code 3 without a document".to_owned()];
    };
    let listed = [&document.leftovers[..], &document.resources].concat();
    if listed.is_empty() {
        return Vec::new();
    }
    strangers(alive, &listed)
        .into_iter()
        .map(|it| format!("exit code 3 does not list {it:?}"))
        .collect()
}

/// Returns the resources that are not listed. A listed resource without an id may be any one of its kind.
fn strangers<'a>(alive: &'a Inventory, listed: &[Listed]) -> Vec<&'a Resource> {
    let mut intents: Vec<_> = listed.iter().filter(|it| it.id.is_none()).collect();
    let mut strangers = Vec::new();
    let mut known: Vec<&str> = listed.iter().filter_map(|it| it.id.as_deref()).collect();
    for resource in &alive.0 {
        let Some(kind) = kind(resource) else {
            continue;
        };
        if known.contains(&resource.id.as_str()) {
            continue;
        }
        match intents.iter().position(|intent| intent.kind == kind) {
            Some(intent) => {
                intents.swap_remove(intent);
                known.push(&resource.id);
            }
            None => strangers.push(resource),
        }
    }
    let parts = alive.0.iter().filter(|it| kind(it).is_none());
    strangers.extend(parts.filter(|it| {
        let whole = it.belongs_to.as_deref();
        !whole.is_some_and(|whole| known.contains(&whole))
    }));
    strangers
}

fn changed(alive: &Inventory, before: &Inventory) -> Vec<String> {
    let more = alive.beyond(before);
    let less = before.beyond(alive);
    let more = more
        .0
        .iter()
        .map(|it| format!("no change was expected, but this is new: {it:?}"));
    let less = less
        .0
        .iter()
        .map(|it| format!("no change was expected, but this is gone: {it:?}"));
    more.chain(less).collect()
}

/// Returns `gm`'s name for the kind, or `None` for parts of another resource. AWS creates the first egress rule of a
/// security group, and the first group and route table of a VPC.
fn kind(resource: &Resource) -> Option<&'static str> {
    let is_part = resource.belongs_to.is_some();
    match &resource.kind {
        Kind::RouteTable | Kind::SecurityGroup | Kind::SecurityGroupRule if is_part => None,
        Kind::AccessPoint { .. } => Some("access-point"),
        Kind::ElasticIp => Some("elastic-ip"),
        Kind::InternetGateway => Some("internet-gateway"),
        Kind::InternetGatewayAttachment => Some("internet-gateway-attachment"),
        Kind::NatGateway { .. } => Some("nat-gateway"),
        Kind::Route => Some("route"),
        Kind::RouteTable => Some("route-table"),
        Kind::RouteTableAssociation => Some("route-table-association"),
        Kind::Subnet => Some("subnet"),
        Kind::Vpc => Some("vpc"),
        Kind::VpcEndpoint { .. } => Some("vpc-endpoint"),
        Kind::Certificate => Some("certificate"),
        Kind::DnsRecord => Some("dns-record"),
        Kind::Distribution { .. } => Some("distribution"),
        Kind::FileSystem { .. } => Some("file-system"),
        Kind::Instance { .. } => Some("instance"),
        Kind::InstanceProfile => Some("instance-profile"),
        Kind::InstanceProfileRole => Some("instance-profile-role"),
        Kind::Listener => Some("listener"),
        Kind::ListenerRule => Some("listener-rule"),
        Kind::LoadBalancer { .. } => Some("load-balancer"),
        Kind::MountTarget { .. } => Some("mount-target"),
        Kind::Role => Some("role"),
        Kind::RolePolicy => Some("role-policy"),
        Kind::SecurityGroup => Some("security-group"),
        Kind::SecurityGroupRule => Some("security-group-rule"),
        Kind::TargetGroup { .. } => Some("target-group"),
        Kind::NetworkInterface | Kind::Volume { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(resources: &str) -> Inventory {
        serde_json::from_str(resources).unwrap()
    }

    fn run(code: i32, document: &str) -> Run {
        Run {
            end: End::Code(code),
            document: Some(serde_json::from_str(document).unwrap()),
            log: String::new(),
        }
    }

    const GROUP: &str = r#"[
        {"kind": "security_group", "id": "sg-1", "tags": {}},
        {"kind": "security_group_rule", "id": "sgr-1", "belongs_to": "sg-1", "tags": null}
    ]"#;
    const KNOWN: &str = r#"{"resources": [{"kind": "security-group", "id": "sg-1"}]}"#;
    const INTENDED: &str = r#"{"resources": [{"kind": "security-group", "id": null}]}"#;

    fn known(document: &str) -> Document {
        serde_json::from_str(document).unwrap()
    }

    /// A resource is known by its id, or as an intent of its kind.
    #[test]
    fn unknown_resources_are_problems() {
        let killed = Run {
            end: End::Killed,
            document: None,
            log: String::new(),
        };
        for document in [KNOWN, INTENDED] {
            let known = known(document);
            assert_eq!(
                problems(&killed, &alive(GROUP), None, Some(&known)),
                [""; 0]
            );
        }
        // The group, and the rule that belongs to it.
        assert_eq!(problems(&killed, &alive(GROUP), None, None).len(), 2);
        let twice = GROUP.replace("sgr-1", "sgr-2").replace("sg-1", "sg-2");
        let both = Inventory([alive(GROUP).0, alive(&twice).0].concat());
        assert_eq!(
            problems(&killed, &both, None, Some(&known(INTENDED))).len(),
            2
        );
    }

    #[test]
    fn exit_codes_are_held_to_promise() {
        let alive = alive(GROUP);
        let nothing = Inventory(Vec::new());
        let known = known(KNOWN);
        let wrong = |run: &Run, before| problems(run, &alive, before, Some(&known)).len();
        assert_eq!(wrong(&run(0, "{}"), Some(&nothing)), 0);
        assert_eq!(wrong(&run(1, "{}"), Some(&nothing)), 2);
        assert_eq!(wrong(&run(2, "{}"), Some(&nothing)), 2);
        assert_eq!(wrong(&run(2, "{}"), Some(&alive)), 0);
        assert_eq!(wrong(&run(4, "{}"), Some(&alive)), 1);
        assert_eq!(wrong(&run(101, "{}"), Some(&alive)), 1);
        let left = |id| format!(r#"{{"leftovers": [{{"kind": "security-group", "id": "{id}"}}]}}"#);
        assert_eq!(wrong(&run(3, &left("sg-1")), None), 0);
        assert_eq!(wrong(&run(3, &left("sg-2")), None), 2);
    }
}
