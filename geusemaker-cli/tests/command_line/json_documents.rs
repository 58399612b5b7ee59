//! Standard output in JSON mode: one document per command, in success and in failure.

use serde_json::Value;

use crate::gm::Gm;
use crate::spec_text::spec;

/// Asserts that the document has these members.
#[track_caller]
fn assert_members(document: &Value, members: &[&str]) {
    for member in members {
        assert!(document.get(member).is_some(), "no {member} in {document}");
    }
}

#[test]
fn successful_commands_print_one_document() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, ""));
    let json = |arguments: &[&str]| {
        gm.sandbox(&[arguments, &["--output", "json"]].concat())
            .with(0)
            .document()
    };
    assert_members(&json(&["plan"]), &["name", "plan"]);
    let stack = [
        "name",
        "deployment",
        "account",
        "region",
        "tier",
        "state",
        "since",
        "held_by",
        "outputs",
        "resources",
        "sandbox",
    ];
    let deployed = json(&["deploy"]);
    assert_members(&deployed, &stack);
    assert!(
        deployed["elapsed_seconds"].as_u64().unwrap() > 60,
        "{deployed}"
    );
    let outputs = [
        "url",
        "instances",
        "file_system",
        "load_balancer_dns",
        "distribution_domain",
    ];
    assert_members(&deployed["outputs"], &outputs);
    let domain = deployed["outputs"]["distribution_domain"].as_str().unwrap();
    assert_eq!(deployed["outputs"]["url"], format!("https://{domain}"));

    assert_members(&json(&["status", "llm"]), &stack);
    assert_members(&json(&["resume", "llm"]), &stack);
    let list = json(&["list"]);
    assert_members(
        &list["stacks"][0],
        &[
            "name", "tier", "state", "account", "region", "since", "url", "held_by", "next",
        ],
    );
    let destroyed = json(&["destroy", "llm"]);
    assert_members(
        &destroyed,
        &["name", "deleted", "kept", "leftovers", "elapsed_seconds"],
    );
    assert_eq!(
        destroyed["deleted"].as_array().unwrap().len(),
        deployed["resources"].as_array().unwrap().len()
    );
}

#[test]
fn failed_commands_print_one_document() {
    let gm = Gm::new();
    for arguments in [
        &["plan"][..],
        &["deploy"],
        &["resume", "llm"],
        &["status", "llm"],
        &["destroy", "llm"],
        &["rollback", "llm"],
    ] {
        let ended = gm.sandbox(&[arguments, &["-o", "json"]].concat()).with(2);
        let document = ended.document();
        assert_members(
            &document,
            &[
                "error",
                "exit_code",
                "remedy",
                "deleted",
                "leftovers",
                "now",
                "next",
            ],
        );
        assert_eq!(document["exit_code"], 2);
        assert_eq!(document["error"]["class"], "input");
        assert!(!document["error"]["message"].as_str().unwrap().is_empty());
    }
}
