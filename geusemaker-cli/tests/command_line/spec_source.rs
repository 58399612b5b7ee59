//! Where a spec comes from: a file of a usual size, or standard input.

use std::io::Write as _;
use std::process::Stdio;

use crate::gm::{Ended, Gm};
use crate::spec_text::spec;

/// Runs `gm` in the sandbox with this text as its standard input.
fn fed(gm: &Gm, text: &str, arguments: &[&str]) -> Ended {
    let mut command = gm.command(&[], &[&["--sandbox"], arguments].concat());
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn dash_is_standard_input() {
    let gm = Gm::new();
    let planned = fed(&gm, &spec(1, ""), &["plan", "-"]).with(0);
    assert!(planned.stdout.starts_with("llm in account "), "{planned:?}");
    fed(&gm, &spec(1, ""), &["deploy", "-"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    let wrong = fed(&gm, "name = \"llm\"\ntier = 4\n", &["plan", "-"]).with(2);
    wrong.says(&["error: standard input:2: tier: "]);
}

/// A device that never ends is refused at once.
#[cfg(unix)]
#[test]
fn endless_spec_is_refused() {
    let gm = Gm::new();
    for arguments in [["plan", "/dev/zero"], ["deploy", "/dev/zero"]] {
        gm.sandbox(&arguments)
            .with(2)
            .says(&["/dev/zero: cannot be read: it has more than 1 MiB"]);
    }
    gm.write_spec(&format!(
        "{}\ncompose = \"/dev/zero\"",
        "name = \"llm\"\ntier = 1\ncompute.instance_type = \"g5.xlarge\""
    ));
    gm.sandbox(&["plan"])
        .with(2)
        .says(&["/dev/zero: cannot be read: it has more than 1 MiB"]);
}
