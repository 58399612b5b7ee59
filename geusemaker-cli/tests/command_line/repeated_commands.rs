//! Commands on stacks that exist already or that do not exist.

use std::fs;

use crate::gm::Gm;
use crate::spec_text::spec;

#[test]
fn repeated_deploy_changes_nothing() {
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
    assert_eq!(again.document()["state"], "running");
    let resumed = gm.sandbox(&["resume", "llm"]).with(0);
    assert!(
        resumed.stderr.contains("llm is up already"),
        "{}",
        resumed.stderr
    );
    assert_eq!(gm.leftovers(), before);
}

/// Another spec under the name of an existing stack is refused, with the command to run next.
#[test]
fn changed_spec_is_refused() {
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
fn unknown_stack_names_existing_ones() {
    let gm = Gm::new();
    for command in ["destroy", "status", "resume", "rollback"] {
        gm.sandbox(&[command, "nope"]).with(2).says(&[
            "there is no stack nope; there are no stacks here (in ~/.local/state/gm/sandbox)\n",
        ]);
    }
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    for command in ["destroy", "status", "resume", "rollback"] {
        gm.sandbox(&[command, "nope"]).with(2).says(&[
            "there is no stack nope; the stacks here: llm",
            "try: check the name",
        ]);
    }
    // Whoever forgets the option learns where the stack is.
    let region = [("AWS_REGION", "us-east-1")];
    gm.run(&region, &["status", "llm"])
        .with(2)
        .says(&["there are no stacks here (in ~/.local/state/gm); with --sandbox: llm\n"]);
}

#[test]
fn destroyed_stack_frees_its_name() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    let again = gm.sandbox(&["destroy", "llm"]).with(0);
    assert_eq!(again.stdout, "llm is gone already\n");
    let list = gm.sandbox(&["list"]).with(0);
    assert_eq!(list.stdout, "there are no stacks here\n");
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}

/// A committed stack can only be destroyed.
#[test]
fn committed_stack_is_not_rolled_back() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let before = gm.leftovers();
    gm.sandbox(&["rollback", "llm"])
        .with(2)
        .says(&["stack llm is deployed", "next: gm destroy llm --sandbox"]);
    assert_eq!(gm.leftovers(), before);
    gm.sandbox(&["destroy", "llm"]).with(0);
}

#[test]
fn repeated_plan_reports_existing_stack() {
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
fn wholly_removed_stack_is_not_up() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    fs::remove_file(gm.state().join("sandbox/account.json")).unwrap();
    gm.sandbox(&["deploy"]).with(1).says(&[
        "llm was deployed, and everything of it was deleted outside gm since",
        "now: nothing of llm is left; its journal remains",
        "next: gm destroy llm --sandbox",
    ]);
}

#[test]
fn unreadable_journal_hides_no_others() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let broken = gm.state().join("sandbox/journals/broken");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("00000000.json"), "{").unwrap();
    let listed = gm.sandbox(&["list"]).with(3);
    assert!(
        listed.stdout.contains("broken  unreadable: "),
        "{}",
        listed.stdout
    );
    assert!(listed.stdout.contains("llm"), "{}", listed.stdout);
}

/// The second process waits until the first has ended.
#[test]
fn concurrent_processes_share_sandbox() {
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

/// Resources that another stack uses stay until that stack is gone.
#[test]
fn shared_file_system_outlives_its_users() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let deployed = gm.sandbox(&["deploy", "-o", "json"]).with(0).document();
    let file_system = deployed["outputs"]["file_system"]
        .as_str()
        .unwrap()
        .to_owned();
    let adopting = spec(1, &format!("storage.file_system = {file_system:?}"));
    gm.write_spec(&adopting.replace("\"llm\"", "\"other\""));
    let plan = gm.sandbox(&["plan"]).with(0);
    assert!(
        plan.stdout
            .contains("belongs to stack llm: as long as this stack uses it")
    );
    gm.sandbox(&["deploy"]).with(0);
    // The mount target and what it needs stay for the other stack.
    gm.sandbox(&["destroy", "llm"])
        .with(3)
        .says(&["stack other uses it: it stays until that is removed"]);
    gm.sandbox(&["destroy", "other"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    assert!(gm.leftovers().is_empty());
}
