//! `gm graph` draws a stack, and what a spec would create.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::gm::Gm;
use crate::spec_text::{example, spec};

/// Returns the texts of one member of all these objects.
fn texts<'a>(objects: &'a Value, member: &str) -> Vec<&'a str> {
    let objects = objects.as_array().unwrap().iter();
    objects.map(|it| it[member].as_str().unwrap()).collect()
}

/// Neither credentials nor a state directory are needed.
#[test]
fn spec_is_drawn_without_account() {
    let gm = Gm::new();
    let drawn = gm.run(&[], &["graph", &example("tier3-gpu.toml")]).with(0);
    let place = |line: &str| {
        let found = drawn.stdout.lines().position(|it| it == line);
        found.unwrap_or_else(|| panic!("no {line:?} in:\n{}", drawn.stdout))
    };
    let lines = [
        "CDN",
        "└─ CloudFront distribution",
        "      → load balancer",
        "load balancer",
        "├─ load balancer  llm-tier3-alb",
        "listeners and rules",
        "target groups",
        "instances",
        "storage",
        "only AWS can say:",
        "  The VPC and its subnets, which exist and stay.",
    ];
    assert!(lines.map(place).is_sorted(), "{}", drawn.stdout);
    assert_eq!(drawn.stderr, "");
    assert!(!gm.home().join(".local").exists());
}

#[test]
fn resources_of_stack_are_nodes() {
    for tier in 1..=3 {
        let gm = Gm::new();
        gm.write_spec(&spec(tier, ""));
        let deployed = gm.sandbox(&["deploy", "-o", "json"]).with(0).document();
        let graph = gm
            .sandbox(&["graph", "llm", "-o", "json"])
            .with(0)
            .document();
        let mut keys = texts(&graph["nodes"], "key");
        let mut resources = texts(&deployed["resources"], "key");
        keys.sort_unstable();
        resources.sort_unstable();
        assert_eq!(keys, resources, "tier {tier}");
        let keys: BTreeSet<_> = keys.into_iter().collect();
        for end in ["from", "to"] {
            let ends = texts(&graph["edges"], end).into_iter();
            assert!(
                ends.collect::<BTreeSet<_>>().is_subset(&keys),
                "tier {tier}"
            );
        }
        let text = gm.sandbox(&["graph", "llm"]).with(0).stdout;
        let head = format!("llm: tier {tier}, {} resources, as the journal", keys.len());
        assert!(text.starts_with(&head), "{text}");
        assert!(text.contains("instance 0  i-"), "{text}");
        // The account was not asked.
        let account = gm.state().join("sandbox/account.json");
        std::fs::remove_file(account).unwrap();
        gm.sandbox(&["graph", "llm"]).with(0);
    }
}

#[test]
fn pictures_are_whole_documents() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    let mermaid = gm
        .sandbox(&["graph", "llm", "--format", "mermaid"])
        .with(0)
        .stdout;
    assert!(
        mermaid.starts_with("%% llm, tier 2\nflowchart TD\n"),
        "{mermaid}"
    );
    assert!(
        mermaid.contains("    r_alb_listener_80 --> r_alb\n"),
        "{mermaid}"
    );
    let svg = gm
        .sandbox(&["graph", "llm", "--format", "svg"])
        .with(0)
        .stdout;
    assert!(
        svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    assert!(svg.contains("prefers-color-scheme: dark"));
    let arguments = ["graph", "llm", "--format", "svg", "-o", "json"];
    let document = gm.sandbox(&arguments).with(0).document();
    assert_eq!(document["picture"], svg.trim_end());
}

/// The default is `gm.toml`, as for the other commands that read a spec.
#[test]
fn file_is_spec_and_anything_else_is_stack() {
    let gm = Gm::new();
    gm.run(&[], &["graph"])
        .with(2)
        .says(&["no spec given, and no gm.toml in this directory"]);
    gm.run(&[], &["graph", "other.toml"])
        .with(2)
        .says(&["other.toml"]);
    gm.write_spec(&spec(1, ""));
    assert!(
        gm.run(&[], &["graph"])
            .with(0)
            .stdout
            .contains("would be created")
    );
    gm.sandbox(&["graph", "llm"])
        .with(2)
        .says(&["there is no stack llm"]);
    gm.sandbox(&["graph", "no/such"]).with(2).says(&[
        "\"no/such\" is neither a file nor the name of a stack",
        "a stack that gm list shows",
    ]);
    // A file whose name a stack has as well.
    std::fs::write(gm.home().join("llm"), spec(1, "")).unwrap();
    let taken = gm.sandbox(&["graph", "llm"]).with(0);
    assert!(taken.stdout.contains("would be created"));
    assert!(
        taken
            .stderr
            .contains("llm is a file, so it is read as a spec"),
        "{taken:?}"
    );
}

#[test]
fn stack_that_is_gone_has_no_graph() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    gm.sandbox(&["graph", "llm"])
        .with(2)
        .says(&["llm is gone since"]);
}
