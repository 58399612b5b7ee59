//! `gm exec`: the command's streams and exit code, and what can go wrong before it runs.

use std::time::Duration;

use geusemaker_testkit::{Aws, CommandOutput, Fault};

use crate::account::Account;
use crate::gm::Gm;
use crate::guest::Machine;
use crate::spec_text::spec;

fn failing() -> CommandOutput {
    let mut answer = CommandOutput::failure(42, "no such model\n");
    answer.stdout = "half\nan answer".to_owned();
    answer
}

/// The streams come through unchanged, and nothing else is on them.
#[test]
fn exec_passes_streams_and_exit_code() {
    let machine = Machine::answering(failing());
    let (gm, account) = machine.deployed("");
    let arguments = [
        "exec",
        "llm",
        "ollama",
        "-q",
        "--",
        "sh",
        "-c",
        "echo 'x'; exit 42",
    ];
    let ended = account.run(&gm, &arguments).with(42);
    assert_eq!(ended.stdout, "half\nan answer");
    assert_eq!(ended.stderr, "no such model\n");
    account
        .run(&gm, &["exec", "llm", "--", "ls", "-o", "json"])
        .with(42);
    assert_eq!(
        machine.scripts(),
        [
            r"docker exec 'ollama' 'sh' '-c' 'echo '\''x'\''; exit 42'",
            "'ls' '-o' 'json'"
        ]
    );
}

#[test]
fn exec_prints_document_if_asked() {
    let (gm, account) = Machine::answering(failing()).deployed("");
    let arguments = [
        "exec", "llm", "ollama", "-o", "json", "--", "ollama", "list",
    ];
    let document = account.run(&gm, &arguments).with(42).document();
    assert_eq!(document["exit_code"], 42);
    assert_eq!(document["stdout"], "half\nan answer");
    assert_eq!(document["stderr"], "no such model\n");
    assert_eq!(document["is_cut"], false);
    assert_eq!(document["service"], "ollama");
    assert!(document.get("error").is_none(), "{document}");
}

#[test]
fn exec_says_that_output_is_cut() {
    let long = CommandOutput::success("x".repeat(30_000));
    let (gm, account) = Machine::answering(long).deployed("");
    let ended = account
        .run(&gm, &["exec", "llm", "--", "cat", "log"])
        .with(0);
    assert_eq!(ended.stdout.len(), 24_000);
    assert!(
        ended
            .stderr
            .contains("is longer than what Systems Manager keeps")
    );
}

/// The agent may connect only minutes after the deployment.
#[test]
fn exec_works_right_after_deployment() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "compute.gpu_check = false"));
    gm.sandbox(&["deploy"]).with(0);
    let ended = gm.sandbox(&["exec", "llm", "--", "uptime"]).with(0);
    assert!(
        ended.stdout.starts_with("simulated instance: "),
        "{}",
        ended.stdout
    );
}

#[test]
fn signal_cancels_command() {
    let endless = CommandOutput::default().taking(Duration::from_secs(100_000));
    let (gm, account) = Machine::answering(endless).deployed("");
    account.forget();
    let running = account.begin(&gm, &["exec", "llm", "--", "sleep", "100000"]);
    account.hears("GetCommandInvocation", 1);
    running.signal("INT");
    running
        .ended()
        .with(130)
        .says(&["the command was canceled"]);
    assert_eq!(account.count("CancelCommand"), 1);
}

#[test]
fn wrong_names_list_what_exists() {
    let (gm, account) = Machine::with_lines(1).deployed("");
    let exec = |words: &[&str]| {
        account
            .run(&gm, &[&["exec"], words, &["--", "ls"]].concat())
            .with(2)
    };
    exec(&["llm", "vllm"]).says(&["stack llm has no service vllm", "its services are ollama"]);
    exec(&["llm", "--instance", "1"]).says(&["stack llm has no instance 1", "with the number 0"]);
    exec(&["lllm"]).says(&["there is no stack lllm; the stacks here: llm"]);
    let document = exec(&["llm", "vllm", "-o", "json"]).document();
    assert_eq!(document["error"]["class"], "input");
    assert_eq!(account.count("SendCommand"), 0);
}

/// Only the console can be read.
#[test]
fn closed_stack_says_how_to_open_it() {
    let (gm, account) = Machine::with_lines(1).deployed("access.ssm = false");
    for arguments in [&["exec", "llm", "--", "ls"][..], &["logs", "llm"]] {
        account.run(&gm, arguments).with(2).says(&[
            "closed to Systems Manager: its spec has access.ssm = false",
            "try: deploy the stack with access.ssm = true",
        ]);
    }
    let console = account.run(&gm, &["logs", "llm", "--boot"]).with(0);
    assert!(console.stdout.contains("is up"), "{}", console.stdout);
}

#[test]
fn stack_without_instances_says_so() {
    let stalled = Fault::on("CreateFileSystem").stall();
    let (gm, account) = (Gm::new(), Account::start(Aws::builder().fault(stalled)));
    gm.write_spec(&spec(1, "compute.gpu_check = false"));
    let running = account.begin(&gm, &["deploy", "--yes"]);
    account.hears("CreateFileSystem", 1);
    running.kill();
    account
        .run(&gm, &["exec", "llm", "--", "ls"])
        .with(2)
        .says(&[
            "the instances of stack llm were never all running",
            "gm events",
        ]);
}

#[test]
fn stopped_instance_is_named() {
    let (gm, account) = Machine::with_lines(1).deployed("");
    // The agent has connected at least once.
    account.run(&gm, &["exec", "llm", "--", "ls"]).with(0);
    let status = account
        .run(&gm, &["status", "llm", "-o", "json"])
        .document();
    let id = status["outputs"]["instances"][0]
        .as_str()
        .unwrap()
        .to_owned();
    account.ask_ec2(&format!("Action=StopInstances&InstanceId.1={id}"));
    account.run(&gm, &["logs", "llm"]).with(1).says(&[
        &format!("instance {id} is not connected to Systems Manager: it is stop"),
        "try: start it again",
    ]);
}
