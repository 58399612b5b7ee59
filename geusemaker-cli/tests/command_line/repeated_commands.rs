//! Commands on stacks that exist already, or do not.

use std::fs;

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
        "remove it first, or give the spec another name",
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

#[test]
fn planning_what_is_up_already_says_so_and_makes_nothing() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    let planned = gm.sandbox(&["plan"]).with(0);
    assert!(
        planned.stderr.contains("llm is up already"),
        "{}",
        planned.stderr
    );
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}

#[test]
fn a_stack_whose_parts_somebody_has_removed_is_not_up() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    fs::remove_file(gm.state().join("sandbox/account.json")).unwrap();
    gm.sandbox(&["deploy"])
        .with(3)
        .says(&["somebody has removed parts of it", "instance/0"]);
}

#[test]
fn a_journal_that_cannot_be_read_does_not_hide_the_other_stacks() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let broken = gm.state().join("sandbox/journals/broken");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("00000000.json"), "{").unwrap();
    let listed = gm.sandbox(&["list"]).with(0);
    assert!(
        listed.stdout.contains("broken  unreadable: "),
        "{}",
        listed.stdout
    );
    assert!(listed.stdout.contains("llm"), "{}", listed.stdout);
}

#[test]
fn two_processes_share_the_sandbox_one_after_the_other() {
    let gm = Gm::new();
    for name in ["one", "two"] {
        let text = spec(1, "").replace("\"llm\"", &format!("{name:?}"));
        fs::write(gm.home().join(format!("{name}.toml")), text).unwrap();
    }
    std::thread::scope(|scope| {
        for name in ["one", "two"] {
            let gm = &gm;
            scope.spawn(move || gm.sandbox(&["deploy", &format!("{name}.toml")]).with(0));
        }
    });
    for name in ["one", "two"] {
        let status = gm.sandbox(&["status", name]).with(0);
        assert!(!status.stdout.contains("gone"), "{}", status.stdout);
        gm.sandbox(&["destroy", name]).with(0);
    }
    assert!(gm.leftovers().is_empty());
}

#[test]
fn the_file_system_of_a_stack_that_exists_cannot_be_adopted() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let deployed = gm.sandbox(&["deploy", "-o", "json"]).with(0).document();
    let file_system = deployed["outputs"]["file_system"]
        .as_str()
        .unwrap()
        .to_owned();
    let adopting = spec(1, &format!("storage.file_system = {file_system:?}"));
    gm.write_spec(&adopting.replace("\"llm\"", "\"other\""));
    gm.sandbox(&["deploy"])
        .with(2)
        .says(&["belongs to stack llm, which exists"]);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}
