//! Results that cannot be written: a full disk is an error, and a reader that has gone is none.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::gm::{Ended, Gm};
use crate::spec_text::spec;

/// Creates a machine with a stack in the sandbox.
fn machine() -> Gm {
    let gm = Gm::new();
    gm.write_spec(&spec(2, "[load_balancer.auth]\ntype = \"bearer\""));
    gm.sandbox(&["deploy"]).with(0);
    gm
}

/// The commands that print a result, in an order in which each has something to print.
const PRINTING: [&[&str]; 13] = [
    &["--help"],
    &["--version"],
    &["deploy", "--help"],
    &["plan"],
    &["deploy"],
    &["resume", "llm"],
    &["list"],
    &["status", "llm"],
    &["events", "llm"],
    &["leftovers"],
    &["token", "llm"],
    &["rotate-token", "llm"],
    &["destroy", "llm"],
];

fn run(mut command: Command, stdout: impl Into<Stdio>) -> Ended {
    let output = command.stdout(stdout).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::new(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn full_disk_is_error_of_every_command() {
    let gm = machine();
    for output in ["text", "json"] {
        for words in PRINTING {
            let arguments = [&["--sandbox", "--output", output], words].concat();
            let full = File::options().write(true).open("/dev/full").unwrap();
            let ended = run(gm.command(&[], &arguments), full);
            let says = "error: the result cannot be written to standard output: ";
            assert!(ended.stderr.contains(says), "{words:?}: {ended:?}");
            assert_eq!(ended.code, Some(74), "{words:?}: {ended:?}");
        }
        gm.sandbox(&["deploy"]).with(0);
    }
    // The logs of a service and the output of a command are printed as they come.
    for words in [
        &["logs", "llm"][..],
        &["logs", "llm", "--boot"],
        &["exec", "llm", "--", "nvidia-smi"],
    ] {
        let arguments = [&["--sandbox"], words].concat();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = run(gm.command(&[], &arguments), full);
        assert_eq!(ended.code, Some(74), "{words:?}: {ended:?}");
    }
    // A failure whose document is lost is told on standard error, with its own code.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let arguments = ["--sandbox", "-o", "json", "status", "nope"];
    let ended = run(gm.command(&[], &arguments), full);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("nope"), "{ended:?}");
}

/// The reader has what it wanted, so the command ends quietly.
#[test]
fn closed_pipe_is_no_error() {
    let gm = machine();
    for words in PRINTING {
        let arguments = [&["--sandbox", "--quiet"], words].concat();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = run(gm.command(&[], &arguments), writer);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{words:?}"
        );
    }
}
