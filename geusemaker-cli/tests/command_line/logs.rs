//! `gm logs`: lines of containers in text and JSON, from a time on, and as they come.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use crate::gm::Ended;
use crate::guest::Machine;
use crate::json_schema;

const DATABASE: &str = "[[service]]\nname = \"db\"\ninternal = true\nimage = \"postgres:17\"";

fn json_lines(ended: &Ended) -> Vec<Value> {
    let lines = ended.stdout.lines();
    lines
        .map(|line| {
            let line = serde_json::from_str(line).unwrap();
            json_schema::assert_log_line(&line);
            line
        })
        .collect()
}

#[test]
fn single_log_is_printed_as_it_is() {
    let machine = Machine::with_lines(3);
    let (gm, account) = machine.deployed("");
    let ended = account.run(&gm, &["logs", "llm", "-q"]).with(0);
    assert_eq!(ended.stdout, "ollama 0\nollama 1\nollama 2\n");
    assert_eq!(ended.stderr, "");
    let scripts = machine.scripts();
    assert!(
        scripts[0].contains("docker logs --timestamps --tail 200 'ollama'"),
        "{scripts:?}"
    );

    let timed = account
        .run(&gm, &["logs", "llm", "ollama", "-t", "--tail", "1"])
        .with(0);
    assert_eq!(timed.stdout, "2026-11-26T00:00:03.000Z ollama 3\n");
}

/// The lines of all logs are in the order of their times.
#[test]
fn several_logs_are_told_apart() {
    let (gm, account) = Machine::with_lines(2).deployed(DATABASE);
    let one = account
        .run(&gm, &["logs", "llm", "--instance", "0"])
        .with(0);
    assert_eq!(
        one.stdout,
        "db     | db 0\nollama | ollama 0\ndb     | db 1\nollama | ollama 1\n"
    );

    let (gm, account) = Machine::with_lines(1).deployed("compute.count = 2");
    let two = account.run(&gm, &["logs", "llm", "--tail", "1"]).with(0);
    let mut lines: Vec<_> = two.stdout.lines().collect();
    lines.sort_unstable();
    assert!(lines[0].starts_with("0/ollama | ollama "), "{lines:?}");
    assert!(lines[1].starts_with("1/ollama | ollama "), "{lines:?}");
}

#[test]
fn json_log_is_stream_of_objects() {
    let (gm, account) = Machine::with_lines(2).deployed("");
    let ended = account.run(&gm, &["logs", "llm", "-o", "json"]).with(0);
    let lines = json_lines(&ended);
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[1],
        serde_json::json!({
            "instance": 0,
            "service": "ollama",
            "at": "2026-11-26T00:00:01.000Z",
            "text": "ollama 1",
        })
    );
    let boot = account
        .run(&gm, &["logs", "llm", "--boot", "-o", "json"])
        .with(0);
    let boot = json_lines(&boot);
    assert_eq!(boot[0]["instance"], 0);
    assert!(
        boot[1]["text"].as_str().unwrap().ends_with(" is up"),
        "{boot:?}"
    );
}

/// A time gives all lines since then, however many pages they fill.
#[test]
fn since_gives_all_later_lines() {
    let machine = Machine::with_lines(3000);
    let (gm, account) = machine.deployed("");
    let since = ["logs", "llm", "--since", "2026-11-26T00:10:00Z"];
    let ended = account.run(&gm, &since).with(0);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines[0], "ollama 600");
    let numbers = lines
        .iter()
        .map(|line| line.strip_prefix("ollama ").unwrap());
    assert!(
        numbers
            .map(|n| n.parse::<usize>().unwrap())
            .eq(600..600 + lines.len())
    );
    assert!(lines.len() >= 2400, "{}", lines.len());
    assert!(machine.scripts().len() > 3);
    assert!(
        machine
            .scripts()
            .iter()
            .all(|script| !script.contains("--tail"))
    );
    account
        .run(&gm, &["logs", "llm", "--since", "soon"])
        .with(2)
        .says(&["expected an age such as 10m"]);
}

#[test]
fn followed_log_ends_with_signal() {
    let (gm, account) = Machine::with_lines(1).deployed("");
    let mut running = account.begin(&gm, &["logs", "llm", "--follow", "-q"]);
    let mut stdout = BufReader::new(running.0.stdout.take().unwrap());
    for number in 0..4 {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, format!("ollama {number}\n"));
    }
    running.signal("INT");
    let ended = running.ended().with(130);
    assert_eq!(ended.stderr, "");
}

/// As with `gm logs llm --follow | head -n 1`.
#[test]
fn closed_output_ends_followed_log() {
    let (gm, account) = Machine::with_lines(1).deployed("");
    let mut running = account.begin(&gm, &["logs", "llm", "--follow", "-q"]);
    drop(running.0.stdout.take());
    let ended = running.ended().with(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn message_of_docker_is_on_stderr() {
    let missing = DATABASE.replace("db", "missing");
    let (gm, account) = Machine::with_lines(1).deployed(&missing);
    let ended = account.run(&gm, &["logs", "llm", "missing"]).with(0);
    assert_eq!(ended.stdout, "");
    assert!(
        ended
            .stderr
            .contains("missing: Error response from daemon: No such container")
    );
}

#[test]
fn sandbox_refuses_to_follow() {
    let gm = crate::gm::Gm::new();
    gm.sandbox(&["logs", "llm", "-f"])
        .with(2)
        .says(&["no time passes between two commands", "gm sandbox serve"]);
    gm.run(&[], &["logs", "llm", "--boot", "-f"])
        .with(2)
        .says(&["'--boot' cannot be used with '--follow'"]);
}
