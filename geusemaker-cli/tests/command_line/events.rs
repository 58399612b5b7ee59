//! `gm events` shows the journal as a history.

use crate::gm::Gm;
use crate::spec_text::spec;

#[test]
fn destroyed_stack_keeps_its_history() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());

    let text = gm.sandbox(&["events", "llm"]).with(0).stdout;
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    let order = [
        "planned: tier 1 in account 123456789012, us-east-1",
        "instance is about to be created",
        "tier 1 is deployed, and in use",
        "the whole stack is about to be removed",
        "is gone",
    ];
    assert!(order.map(place).is_sorted(), "{text}");

    let document = gm
        .sandbox(&["events", "llm", "-o", "json"])
        .with(0)
        .document();
    let events = document["events"].as_array().unwrap();
    for (sequence, event) in events.iter().enumerate() {
        assert_eq!(event["sequence"], sequence);
    }
    let of_instance: Vec<_> = events
        .iter()
        .filter(|event| event["kind"] == "instance")
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(of_instance, ["intent", "created", "deleting", "deleted"]);
    assert_eq!(events.last().unwrap()["event"], "released");
}

#[test]
fn unknown_stack_names_existing_ones() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["events", "lmm"])
        .with(2)
        .says(&["there is no stack lmm; the stacks here: llm"]);
}
