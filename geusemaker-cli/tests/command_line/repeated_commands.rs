//! Commands on stacks that exist already, or do not.

use crate::gm::Gm;
use crate::spec_text::spec;

#[test]
fn deploying_what_is_up_already_changes_nothing() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    let again = gm.sandbox(&["deploy", "-o", "json"]).with(0);
    assert!(
        again.stderr.contains("llm is up already"),
        "{}",
        again.stderr
    );
    assert_eq!(again.document()["state"], "committed");
    let resumed = gm.sandbox(&["resume", "llm"]).with(0);
    assert!(
        resumed.stderr.contains("llm is up already"),
        "{}",
        resumed.stderr
    );
    assert_eq!(gm.leftovers(), before);
}

#[test]
fn another_spec_under_the_same_name_is_refused_with_what_to_do() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    gm.write_spec(&spec(1, "compute.count = 2"));
    gm.sandbox(&["deploy"]).with(2).says(&[
        "stack llm exists and was made from another spec",
        "destroy it first, or give the spec another name",
        "next: gm destroy llm --sandbox",
    ]);
    assert_eq!(gm.leftovers(), before);
}

#[test]
fn a_stack_that_does_not_exist_is_answered_with_those_that_do() {
    let gm = Gm::new();
    for command in ["destroy", "status", "resume", "rollback"] {
        gm.sandbox(&[command, "nope"])
            .with(2)
            .says(&["there is no stack nope; there are none here"]);
    }
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    for command in ["destroy", "status", "resume", "rollback"] {
        gm.sandbox(&[command, "nope"]).with(2).says(&[
            "there is no stack nope; there are: llm",
            "try: check the name",
        ]);
    }
}

#[test]
fn what_was_destroyed_is_gone_and_its_name_is_free_again() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    gm.sandbox(&["destroy", "llm"])
        .with(2)
        .says(&["there is no stack llm"]);
    let list = gm.sandbox(&["list"]).with(0);
    assert_eq!(list.stdout, "there are no stacks here\n");
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}

#[test]
fn a_stack_in_use_is_not_rolled_back_but_can_be_destroyed() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    gm.sandbox(&["rollback", "llm"])
        .with(2)
        .says(&["stack llm is committed", "next: gm destroy llm --sandbox"]);
    assert_eq!(gm.leftovers(), before);
    gm.sandbox(&["destroy", "llm"]).with(0);
}
