//! Whether `gm` knows everything that the account holds, and keeps its word.

use super::gm::{Document, End, Listed, Run};
use crate::inventory::{Inventory, Kind, Resource};

/// What `gm` knows of a stack; nothing is known of one that it says does not exist.
pub(super) type Known<'a> = Option<&'a Document>;

/// What is wrong after a command: what is alive and unknown, and what the exit code promised and does not hold.
/// `before` is what was alive before, unless something was still to arrive late.
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
        End::Hung => problems.push("it hung".to_owned()),
        // Nothing is left.
        End::Code(1) => problems.extend(left(alive)),
        // Nothing was changed.
        End::Code(2 | 6) => {
            problems.extend(before.iter().flat_map(|before| changed(alive, before)))
        }
        End::Code(3) => problems.extend(unlisted(run, alive)),
        End::Code(0 | 5 | 130 | 143) | End::Killed => {}
        End::Code(code) => problems.push(format!("no command ends with {code}")),
    }
    problems
}

/// What is alive though everything should have gone.
pub(super) fn left(alive: &Inventory) -> Vec<String> {
    let left = alive.0.iter();
    left.map(|it| format!("still there: {it:?}")).collect()
}

/// What is wrong with a stack that is up, other than what a tier promises: what is listed has to be there.
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

/// What was left behind, or kept, has to be listed. A stack that nothing was done to is not listed again.
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

/// What is alive and not listed. One that is listed without an id may be any of its kind, but only one.
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
        .map(|it| format!("nothing was to change: new is {it:?}"));
    let less = less
        .0
        .iter()
        .map(|it| format!("nothing was to change: gone is {it:?}"));
    more.chain(less).collect()
}

/// The word of `gm` for the kind; nothing for what is a part of something else. A group's first egress rule is AWS's.
fn kind(resource: &Resource) -> Option<&'static str> {
    match &resource.kind {
        Kind::Distribution { .. } => Some("distribution"),
        Kind::FileSystem { .. } => Some("file-system"),
        Kind::Instance { .. } => Some("instance"),
        Kind::Listener => Some("listener"),
        Kind::ListenerRule => Some("listener-rule"),
        Kind::LoadBalancer { .. } => Some("load-balancer"),
        Kind::MountTarget { .. } => Some("mount-target"),
        Kind::SecurityGroup => Some("security-group"),
        Kind::SecurityGroupRule if resource.belongs_to.is_some() => None,
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

    #[test]
    fn what_is_alive_has_to_be_known_by_its_id_or_as_an_intent_of_its_kind() {
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
        // The group, and the rule that is a part of it.
        assert_eq!(problems(&killed, &alive(GROUP), None, None).len(), 2);
        let twice = GROUP.replace("sgr-1", "sgr-2").replace("sg-1", "sg-2");
        let both = Inventory([alive(GROUP).0, alive(&twice).0].concat());
        assert_eq!(
            problems(&killed, &both, None, Some(&known(INTENDED))).len(),
            2
        );
    }

    #[test]
    fn every_exit_code_is_held_to_its_word() {
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
