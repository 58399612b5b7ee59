//! Journals and a sandbox account as an earlier `gm` left them: journal format 2, snapshot format 1.
//!
//! The file has four stacks: a committed tier 3; one whose load balancer was refused and whose rest was kept; one that
//! is gone but for its file system; and a tier 1 that has adopted this file system. Every kind of journal record occurs.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::gm::Gm;

/// Written by `gm` before the names in the code changed. Never to be written anew.
const LEFT: &str = include_str!("../formats/journal-2-snapshot-1.json");

const FILE_SYSTEM: &str = "fs-b0decc4e112662e33";

fn left() -> Value {
    serde_json::from_str(LEFT).unwrap()
}

/// Returns a machine on which the earlier `gm` has left its files.
fn machine() -> Gm {
    let gm = Gm::new();
    let sandbox = gm.state().join("sandbox");
    let left = left();
    for (stack, records) in left["journals"].as_object().unwrap() {
        let folder = sandbox.join("journals").join(stack);
        fs::create_dir_all(&folder).unwrap();
        for (sequence, record) in records.as_array().unwrap().iter().enumerate() {
            let file = folder.join(format!("{sequence:08}.json"));
            fs::write(file, record.to_string()).unwrap();
        }
    }
    let account = left["account"].to_string();
    fs::write(sandbox.join("account.json"), account).unwrap();
    gm
}

#[test]
fn kept_file_has_every_record_type() {
    let left = left();
    assert_eq!(left["account"]["version"], 1);
    let stacks = left["journals"].as_object().unwrap();
    let records: Vec<_> = stacks
        .values()
        .flat_map(|stack| stack.as_array().unwrap())
        .collect();
    assert!(records.iter().all(|record| record["version"] == 2));
    let types: BTreeSet<_> = records
        .iter()
        .map(|record| record["event"]["type"].as_str().unwrap())
        .collect();
    let all = [
        "adopted",
        "claimed",
        "committed",
        "created",
        "deleted",
        "deleting",
        "ending",
        "gone",
        "intent",
        "kept",
        "planned",
        "reached",
        "refused",
        "released",
        "undoing",
        "undone",
    ];
    assert_eq!(types, all.into());
}

#[test]
fn kept_stacks_are_listed() {
    let gm = machine();
    let list = gm.sandbox(&["list", "-o", "json"]).with(0).document();
    let stacks: Vec<_> = list["stacks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stack| {
            let member = |name: &str| stack[name].as_str().unwrap().to_owned();
            (member("name"), member("state"))
        })
        .collect();
    let expected = [
        ("adopter", "deployed"),
        ("broken", "interrupted"),
        ("llm-tier3", "deployed"),
    ];
    assert_eq!(
        stacks,
        expected.map(|(name, state)| (name.to_owned(), state.to_owned()))
    );
    for stack in ["adopter", "broken", "llm-tier3", "old"] {
        let history = gm.sandbox(&["events", stack, "-o", "json"]).with(0);
        assert!(!history.stdout.is_empty(), "{stack}");
    }
}

#[test]
fn kept_stacks_are_resumed_and_destroyed() {
    let gm = machine();
    let resumed = gm.sandbox(&["resume", "broken", "-o", "json"]).with(0);
    assert_eq!(resumed.document()["state"], "running");
    for stack in ["adopter", "broken", "llm-tier3"] {
        gm.sandbox(&["destroy", stack]).with(0);
    }
    // The file system that the fourth stack kept, and nothing else.
    let left = gm.leftovers();
    assert!(
        matches!(left.as_slice(), [one] if one.contains(FILE_SYSTEM)),
        "{left:?}"
    );
}
