//! `--events`: each event as a line of JSON, beside any output, up to a last line with the outcome.

use std::fs;

use geusemaker_testkit::{Aws, Fault};
use serde_json::{Value, json};

use crate::account::Account;
use crate::gm::Gm;
use crate::json_schema;
use crate::spec_text::spec;

/// Returns an account that refuses load balancers.
fn refusing() -> Account {
    Account::start(Aws::builder().fault(Fault::on("CreateLoadBalancer").denied()))
}

fn machine(tier: u8) -> Gm {
    let gm = Gm::new();
    gm.write_spec(&spec(tier, ""));
    gm
}

/// Returns the lines, each of which is as the schema says, and the last one of which has the outcome.
#[track_caller]
fn events(text: &str, exit_code: i32) -> Vec<Value> {
    let lines = text.lines();
    let events: Vec<Value> = lines
        .map(|line| {
            let event = serde_json::from_str(line).unwrap();
            json_schema::assert_event(&event);
            event
        })
        .collect();
    let (last, before) = events.split_last().unwrap();
    assert_eq!(last["type"], "ended", "{last}");
    assert_eq!(last["exit_code"], exit_code, "{last}");
    assert_eq!(last["ok"], exit_code == 0, "{last}");
    assert_eq!(last["error"].is_null(), exit_code == 0, "{last}");
    assert!(before.iter().all(|event| event["type"] != "ended"));
    let times: Vec<_> = events.iter().map(|it| it["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    events
}

fn of_file(gm: &Gm, exit_code: i32) -> Vec<Value> {
    let text = fs::read_to_string(gm.home().join("events")).unwrap();
    events(&text, exit_code)
}

fn count(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|it| it["type"] == kind).count()
}

#[test]
fn file_has_events_of_whole_life() {
    let gm = machine(3);
    let deployed = gm.sandbox(&["deploy", "--events", "events", "-o", "json"]);
    let document = deployed.with(0).document();
    let events = of_file(&gm, 0);
    let created = document["resources"].as_array().unwrap().len();
    assert_eq!(count(&events, "created"), created);
    assert!(count(&events, "step") > 10 && count(&events, "wait-ended") > 3);
    let waiting = events.iter().find(|it| it["type"] == "waiting").unwrap();
    assert!(waiting["usual"]["to"].as_u64() > Some(0), "{waiting}");
    let last = events.last().unwrap();
    assert_eq!(last["command"], "deploy");
    assert_eq!(last["stack"], "llm");
    assert_eq!(last["deployment"], document["deployment"]);

    // Each command writes over what an earlier one has written.
    gm.sandbox(&["destroy", "llm", "--events", "events"])
        .with(0);
    let events = of_file(&gm, 0);
    assert_eq!(count(&events, "deleted"), created);
    assert_eq!(events.last().unwrap()["command"], "destroy");
}

#[test]
fn other_commands_have_events() {
    let gm = machine(3);
    gm.sandbox(&["deploy", "--no-wait"]).with(5);
    let run = |arguments: &[&str], code| {
        gm.sandbox(&[arguments, &["--events", "events"]].concat())
            .with(code);
        of_file(&gm, code)
    };
    let waited = run(&["wait", "llm"], 0);
    assert_eq!(count(&waited, "created"), 0);
    assert!(count(&waited, "waiting") > 0, "{waited:?}");
    // There is nothing to do any more: the outcome alone.
    assert_eq!(run(&["resume", "llm"], 0).len(), 1);
    assert!(run(&["invalidate", "llm"], 0).len() > 1);
    assert!(run(&["rotate-origin-secret", "llm"], 0).len() > 1);
    assert!(run(&["leftovers"], 0).len() > 1);
    let refused = run(&["rollback", "llm"], 2);
    let last = refused.last().unwrap();
    assert_eq!(last["next"], "gm destroy llm --sandbox");
}

/// A deployment that fails and is undone; the document on standard output is the last line.
#[test]
fn failed_deployment_has_events_of_undo() {
    let account = refusing();
    let gm = machine(2);
    let deploy = ["deploy", "--yes", "--events", "-", "-o", "json"];
    let ended = account.run(&gm, &deploy).with(1);
    let (lines, document) = ended.stdout.trim_end().rsplit_once('\n').unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    json_schema::assert_document(&document);
    let events = events(lines, 1);
    assert_eq!(count(&events, "failed"), 1);
    let deleted = document["deleted"].as_array().unwrap().len();
    assert_eq!(count(&events, "deleted"), deleted);
    assert!(deleted > 3);
    assert_eq!(events.last().unwrap()["error"], document["error"]);
}

#[cfg(unix)]
#[test]
fn interrupted_deployment_has_outcome() {
    let account = Account::start(Aws::builder());
    let gm = machine(1);
    let running = account.begin(&gm, &["deploy", "--yes", "--events", "events"]);
    account.hears("RunInstances", 1);
    running.signal("TERM");
    running.ended().with(143);
    let events = of_file(&gm, 143);
    let last = events.last().unwrap();
    assert_eq!(last["error"]["class"], "interrupted");
    assert_eq!(last["next"], "gm resume llm");
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// Text that is the result would be no line of JSON.
#[test]
fn text_gives_way_to_events() {
    let gm = machine(1);
    let ended = gm.sandbox(&["deploy", "--events", "-", "-q"]).with(0);
    events(&ended.stdout, 0);
    assert!(ended.stderr.starts_with("llm: running\n"), "{ended:?}");
    assert!(ended.stderr.contains("deployed in simulated "), "{ended:?}");
    let refused = gm.sandbox(&["rollback", "llm", "--events", "-"]).with(2);
    events(&refused.stdout, 2);
    assert!(refused.stderr.contains("error: "), "{refused:?}");
}

#[test]
fn wrong_spec_has_outcome() {
    let gm = machine(1);
    gm.write_spec("name = 1");
    gm.sandbox(&["deploy", "--events", "events"]).with(2);
    let events = of_file(&gm, 2);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["stack"], json!(null));
    assert_eq!(events[0]["error"]["class"], "input");
}

/// Nothing is created for events that nobody could read.
#[test]
fn unopened_file_is_refused_first() {
    let gm = machine(1);
    gm.sandbox(&["deploy", "--events", "no/such/events"])
        .with(2)
        .says(&[
            "the file for events, no/such/events, cannot be written: ",
            "name a file in a folder that exists, or - for standard output",
        ]);
    gm.sandbox(&["deploy", "--events", "."])
        .with(2)
        .says(&["the file for events, ., cannot be written: "]);
    assert!(gm.journals().is_empty());
    gm.sandbox(&["status", "llm", "--events", "events"])
        .with(2)
        .says(&["unexpected argument '--events'"]);
}

/// The stack is deployed nevertheless, and so is a failed one undone.
#[cfg(target_os = "linux")]
#[test]
fn unwritten_events_do_not_stop_the_work() {
    let gm = machine(1);
    let deploy = ["deploy", "--events", "/dev/full", "-o", "json"];
    let deployed = gm.sandbox(&deploy).with(74);
    let document = deployed.document();
    assert_eq!(document["state"], "running");
    assert_eq!(document["error"]["class"], "output");
    let message = "the events cannot be written to /dev/full: No space left on device";
    let warnings = deployed.stderr.matches(message).count();
    assert_eq!(warnings, 1, "{}", deployed.stderr);
    let destroyed = gm.sandbox(&["destroy", "llm", "--events", "/dev/full"]);
    let destroyed = destroyed.with(74);
    assert!(
        destroyed.stdout.starts_with("llm is gone: "),
        "{destroyed:?}"
    );
    let says = format!("error: {message}");
    assert!(destroyed.stderr.contains(&says), "{destroyed:?}");
    assert_eq!(gm.leftovers(), [""; 0]);

    let account = refusing();
    let gm = machine(2);
    let deploy = ["deploy", "--yes", "--events", "/dev/full", "-o", "json"];
    let failed = account.run(&gm, &deploy).with(1).document();
    assert!(failed["deleted"].as_array().unwrap().len() > 3);
    assert_eq!(account.leftovers(), [""; 0]);

    // Events on a full standard output.
    let gm = machine(1);
    let mut command = gm.command(&[], &["--sandbox", "deploy", "--events", "-"]);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(74), "{output:?}");
    gm.sandbox(&["status", "llm"]).with(0);
}

/// As with `gm deploy --events - | head -n 1`.
#[test]
fn closed_pipe_ends_the_events_alone() {
    let gm = machine(1);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = gm.command(&[], &["--sandbox", "deploy", "-q", "--events", "-"]);
    let output = command.stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    gm.sandbox(&["status", "llm"]).with(0);
}
