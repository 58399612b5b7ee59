//! `gm open` starts a browser with the address of a stack.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use geusemaker_testkit::Aws;

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

/// Puts a browser into a directory for programs, which writes its address into a file.
fn browser(gm: &Gm, script: &str) -> String {
    let programs = gm.home().join("programs");
    fs::create_dir_all(&programs).unwrap();
    let path = programs.join("xdg-open");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/bin:/usr/bin", programs.display())
}

#[test]
fn browser_gets_address() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "access.allow = [\"203.0.113.0/24\"]"));
    let account = Account::start(Aws::builder());
    account.run(&gm, &["deploy", "--yes"]).with(0);
    let opened = gm.home().join("opened");
    let path = browser(&gm, &format!("echo \"$1\" > {}", opened.display()));
    let run = |arguments: &[&str], path: &str| {
        let mut command = account.command(&gm, arguments);
        let output = command.env("PATH", path).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, stdout, stderr) = run(&["open", "llm"], &path);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.starts_with("http://"), "{stdout}");
    assert_eq!(fs::read_to_string(&opened).unwrap(), stdout);
    let (code, _, stderr) = run(&["open", "llm", "nope"], &path);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("llm has no service nope with a port"),
        "{stderr}"
    );
    // The address is printed all the same.
    let (code, alone, stderr) = run(&["open", "llm"], "/nowhere");
    assert_eq!((code, &alone), (Some(1), &stdout));
    assert!(stderr.contains("no browser could be started"), "{stderr}");
    let failing = browser(&gm, "exit 3");
    let (code, _, stderr) = run(&["open", "llm"], &failing);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("has ended with exit status: "), "{stderr}");
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

#[test]
fn closed_service_needs_forwarded_port() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["open", "llm"]).with(2).says(&[
        "is closed: access.allow admits no address",
        "gm port-forward llm",
    ]);
}

#[test]
fn sandbox_starts_no_browser() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    let opened = gm.sandbox(&["open", "llm"]).with(0);
    assert!(opened.stdout.starts_with("http://"), "{}", opened.stdout);
    assert!(
        opened.stderr.contains("no browser was started"),
        "{}",
        opened.stderr
    );
}
