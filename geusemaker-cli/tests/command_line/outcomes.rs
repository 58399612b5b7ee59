//! The exit codes of commands on stacks in each state.

use std::fs;

use crate::gm::Gm;
use crate::spec_text::spec;

/// A stack in a state, on a machine of its own.
fn machine(state: &str) -> Gm {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let sandbox = gm.state().join("sandbox");
    match state {
        "unknown" => {}
        "running" => drop(gm.sandbox(&["deploy"]).with(0)),
        "destroyed" => {
            gm.sandbox(&["deploy"]).with(0);
            gm.sandbox(&["destroy", "llm"]).with(0);
        }
        "destroyed but for its data" => {
            gm.sandbox(&["deploy"]).with(0);
            gm.sandbox(&["destroy", "llm", "--keep-file-system"])
                .with(0);
        }
        "emptied by others" => {
            gm.sandbox(&["deploy"]).with(0);
            fs::remove_file(sandbox.join("account.json")).unwrap();
        }
        "unreadable" => {
            gm.sandbox(&["deploy"]).with(0);
            fs::write(sandbox.join("journals/llm/00000003.json"), "{").unwrap();
        }
        other => panic!("{other}"),
    }
    gm
}

#[test]
fn exit_code_follows_from_state() {
    let outcomes = [
        ("unknown", "list", 0),
        ("unknown", "status llm", 2),
        ("unknown", "outputs llm", 2),
        ("unknown", "resume llm", 2),
        ("unknown", "wait llm", 2),
        ("unknown", "destroy llm", 2),
        ("unknown", "rollback llm", 2),
        ("unknown", "destroy llm --file-system", 2),
        ("running", "list --check", 0),
        ("running", "status llm", 0),
        ("running", "plan", 0),
        ("running", "deploy", 0),
        ("running", "resume llm", 0),
        ("running", "wait llm", 0),
        ("running", "rollback llm", 2),
        ("running", "destroy llm --file-system", 0),
        ("running", "destroy llm", 0),
        ("destroyed", "list", 0),
        ("destroyed", "status llm", 2),
        ("destroyed", "resume llm", 2),
        ("destroyed", "destroy llm", 0),
        ("destroyed", "rollback llm", 0),
        ("destroyed", "destroy llm --file-system", 0),
        ("destroyed", "deploy", 0),
        ("destroyed but for its data", "destroy llm", 0),
        ("destroyed but for its data", "destroy llm --file-system", 0),
        ("emptied by others", "list", 0),
        ("emptied by others", "list --check", 0),
        ("emptied by others", "status llm", 8),
        ("emptied by others", "plan", 1),
        ("emptied by others", "deploy", 1),
        ("emptied by others", "resume llm", 1),
        ("emptied by others", "wait llm", 1),
        ("emptied by others", "destroy llm", 0),
        ("unreadable", "list", 3),
        ("unreadable", "status llm", 3),
        ("unreadable", "outputs llm", 3),
        ("unreadable", "plan", 3),
        ("unreadable", "deploy", 3),
        ("unreadable", "resume llm", 3),
        ("unreadable", "wait llm", 3),
        ("unreadable", "events llm", 3),
        ("unreadable", "destroy llm", 3),
        ("unreadable", "rollback llm", 3),
    ];
    let mut wrong = Vec::new();
    let mut last = ("", Gm::new());
    for (state, command, code) in outcomes {
        if last.0 != state {
            last = (state, machine(state));
        }
        let gm = last.1.copy();
        let words: Vec<_> = command.split(' ').collect();
        let ended = gm.sandbox(&[&words[..], &["-o", "json"]].concat());
        let document = ended.document();
        let said = document
            .get("exit_code")
            .and_then(serde_json::Value::as_i64);
        if ended.code != Some(code) || said.unwrap_or(0) != i64::from(code) {
            wrong.push(format!(
                "{state}: {command}: {:?}, not {code}: {document}",
                ended.code
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The help has a line for each code.
#[test]
fn help_has_degraded_code() {
    let help = Gm::new().run(&[], &["--help"]).with(0).stdout;
    assert!(help.contains("    8  the stack is deployed, but"), "{help}");
}
