//! `gm status` and `gm list`: what AWS says now, what the journal knows, and who works on a stack.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::time::Duration;

use geusemaker_testkit::{Aws, Fault};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::Value;

use crate::account::{Account, Running};
use crate::gm::{CREDENTIALS, Ended, Gm};
use crate::spec_text::spec;
use crate::terminal::open_pair;

/// Longer than an instance takes to stop or to start.
const LATER: Duration = Duration::from_secs(900);

/// Creates a machine and an account with a deployed stack.
fn deployed(tier: u8) -> (Gm, Account) {
    let gm = Gm::new();
    gm.write_spec(&spec(tier, ""));
    let account = Account::start(Aws::builder());
    account.run(&gm, &["deploy", "--yes"]).with(0);
    (gm, account)
}

fn json(gm: &Gm, account: &Account, arguments: &[&str], code: i32) -> Value {
    let arguments = [arguments, &["-o", "json"]].concat();
    account.run(gm, &arguments).with(code).document()
}

fn instance(gm: &Gm, account: &Account) -> String {
    let outputs = json(gm, account, &["outputs", "llm"], 0);
    outputs["outputs"]["instances"][0]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Asserts that the text has these fragments.
#[track_caller]
fn has(text: &str, fragments: &[&str]) {
    for fragment in fragments {
        assert!(text.contains(fragment), "no {fragment:?} in:\n{text}");
    }
}

#[test]
fn terminated_instance_degrades_stack() {
    let (gm, account) = deployed(2);
    let id = instance(&gm, &account);
    account.ask_ec2(&format!("Action=TerminateInstances&InstanceId.1={id}"));
    account.pass(LATER);

    let status = account.run(&gm, &["status", "llm"]).with(8);
    let sentence = format!("  Instance {id} no longer exists (terminated: by a user, ");
    has(
        &status.stdout,
        &[
            "llm: degraded\n",
            &sentence,
            "  Everything else is intact.\n",
            "  next: gm destroy llm --keep-file-system\n",
            " (the stack is degraded)\n",
        ],
    );
    assert_eq!(status.stderr, "");
    let status = json(&gm, &account, &["status", "llm"], 8);
    assert_eq!(status["state"], "degraded");
    assert_eq!(status["degraded"].as_array().unwrap().len(), 1);
    assert_eq!(status["degraded"][0]["key"], "instance/0");
    assert_eq!(status["error"]["class"], "degraded");
    assert!(
        status["degraded"][0]["reason"]["since"].is_string(),
        "{status}"
    );

    for again in ["deploy", "resume llm", "plan"] {
        let words: Vec<_> = again.split(' ').collect();
        let refused = account.run(&gm, &words).with(8);
        refused.says(&["llm is deployed, but degraded: Instance i-"]);
    }
    // The journals alone claim nothing about AWS.
    let list = account.run(&gm, &["list"]).with(0).stdout;
    has(
        &list,
        &[
            "  llm   deployed",
            "as the journals have it; gm list --check asks AWS\n",
        ],
    );
    assert!(!list.contains("running"), "{list}");
    let checked = account.run(&gm, &["list", "--check"]).with(0).stdout;
    has(
        &checked,
        &[
            "  llm   degraded",
            "next: gm destroy llm --keep-file-system\n",
        ],
    );
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
}

#[test]
fn stopped_instance_can_be_started() {
    let (gm, account) = deployed(1);
    let id = instance(&gm, &account);
    account.ask_ec2(&format!("Action=StopInstances&InstanceId.1={id}"));
    account.pass(LATER);
    let stopped = account.run(&gm, &["status", "llm"]).with(8).stdout;
    let sentence = format!("  Instance {id} is stopped (by a user, ");
    let next = format!("next: aws ec2 start-instances --instance-ids {id} --region us-east-1\n");
    has(&stopped, &[&sentence, &next]);

    account.ask_ec2(&format!("Action=StartInstances&InstanceId.1={id}"));
    account.pass(LATER);
    let running = account.run(&gm, &["status", "llm"]).with(0).stdout;
    has(&running, &["llm: running\n"]);
}

/// Returns the number of errors that are reported.
fn errors(stderr: &str) -> usize {
    stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .count()
}

/// One message with a remedy, whatever the reason; the resources are those of the journal, and say so.
#[track_caller]
fn assert_journal_is_shown(ended: &Ended, document: &Value, class: &str) {
    has(
        &ended.stdout,
        &[
            "llm: deployed\n",
            "  as of the journal, ",
            "AWS was not asked\n",
            "instance 0",
        ],
    );
    for line in ended.stdout.lines().filter(|line| line.contains("://")) {
        assert!(line.ends_with(" (as of the journal)"), "{line}");
    }
    assert_eq!(errors(&ended.stderr), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("try: ").count(), 1, "{}", ended.stderr);
    assert_eq!(document["ok"], false);
    assert_eq!(document["exit_code"], 6);
    assert_eq!(document["error"]["class"], class);
    assert!(document["remedy"].is_string());
    assert_eq!(document["state"], "deployed");
    assert_eq!(document["source"], "journal");
    assert!(document["as_of"].is_string());
    for resource in document["resources"].as_array().unwrap() {
        assert_eq!(resource["state"], "created");
    }
}

#[test]
fn status_without_access_shows_journal() {
    let (gm, account) = deployed(2);
    let region = [("AWS_REGION", "us-east-1")];
    let run = |more: &[&str]| {
        gm.run(&region, &[&["status", "llm"], more].concat())
            .with(6)
    };
    assert_journal_is_shown(&run(&[]), &run(&["-o", "json"]).document(), "credentials");

    // Nothing listens there.
    let run = |more: &[&str]| {
        let arguments = [&["status", "llm"], more].concat();
        gm.at("http://127.0.0.1:1", &arguments).with(6)
    };
    assert_journal_is_shown(&run(&[]), &run(&["-o", "json"]).document(), "unreachable");

    account
        .aws
        .inject(Fault::on("GetCallerIdentity").denied().forever());
    let run = |more: &[&str]| {
        account
            .run(&gm, &[&["status", "llm"], more].concat())
            .with(6)
    };
    assert_journal_is_shown(&run(&[]), &run(&["-o", "json"]).document(), "permission");
}

/// All that could be asked is shown, and no resource has the error as its state.
#[test]
fn refused_question_is_one_message() {
    let (gm, account) = deployed(2);
    account
        .aws
        .inject(Fault::on("DescribeInstances").denied().forever());
    let ended = account.run(&gm, &["status", "llm"]).with(6);
    has(
        &ended.stdout,
        &["llm: unknown\n", " (not checked)\n", "  load balancer"],
    );
    assert_eq!(errors(&ended.stderr), 1, "{}", ended.stderr);
    has(
        &ended.stderr,
        &["try: allow the action ec2:DescribeInstances"],
    );
    let document = json(&gm, &account, &["status", "llm"], 6);
    assert_eq!(document["state"], "unknown");
    assert_eq!(document["error"]["class"], "permission");
    assert_eq!(document["error"]["operation"], "ec2:DescribeInstances");
}

/// Each command that asks AWS has one message, exit code 6 and a remedy.
#[test]
fn commands_without_access_say_so_once() {
    let (gm, account) = deployed(2);
    let commands = [
        "status llm",
        "plan",
        "deploy --yes",
        "resume llm --yes",
        "wait llm",
        "list --check",
        "leftovers",
        "logs llm",
        "exec llm -- true",
        "rollback llm --yes",
        "destroy llm --yes",
    ];
    account.aws.inject(Fault::on_any().denied().forever());
    let region = [("AWS_REGION", "us-east-1")];
    for command in commands {
        let words: Vec<_> = command.split(' ').collect();
        for ended in [gm.run(&region, &words), account.run(&gm, &words)] {
            let ended = ended.with(6);
            assert_eq!(errors(&ended.stderr), 1, "{command}: {}", ended.stderr);
            assert_eq!(
                ended.stderr.matches("try: ").count(),
                1,
                "{command}: {}",
                ended.stderr
            );
        }
        let json: Vec<_> = ["-o", "json"].into_iter().chain(words).collect();
        let document = gm.run(&region, &json).with(6).document();
        assert_eq!(document["error"]["class"], "credentials", "{command}");
        assert!(document["remedy"].is_string(), "{command}");
    }
}

/// The holder is named while it works, and the next command afterwards.
#[test]
fn holder_and_next_command_are_shown() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    let unhealthy = Fault::on("RegisterTargets").stuck();
    let account = Account::start(Aws::builder().fault(unhealthy));
    let running = account.begin(&gm, &["deploy", "--yes"]);
    account.hears("DescribeTargetHealth", 1);
    let holder = format!("(pid {})\n", running.0.id());
    for command in [&["list"][..], &["status", "llm"]] {
        let shown = account.run(&gm, command).with(0).stdout;
        has(
            &shown,
            &["deploying (instances ready)", "locked by ", &holder],
        );
    }
    running.signal("TERM");
    running.ended().with(143);
    for command in [&["list"][..], &["status", "llm"]] {
        let shown = account.run(&gm, command).with(0).stdout;
        has(
            &shown,
            &["interrupted (instances ready)", "next: gm resume llm\n"],
        );
        assert!(!shown.contains("locked by"), "{shown}");
    }
    let list = json(&gm, &account, &["list"], 0);
    assert_eq!(list["stacks"][0]["state"], "interrupted");
    assert_eq!(list["stacks"][0]["next"], "gm resume llm");
    account.run(&gm, &["rollback", "llm", "--yes"]).with(0);
}

/// Runs `gm` in the sandbox with standard output on a terminal of this width.
fn on_terminal(gm: &Gm, width: u16, arguments: &[&str]) -> String {
    let (screen, stdout) = open_pair();
    let size = Winsize {
        ws_row: 50,
        ws_col: width,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&stdout, size).unwrap();
    let arguments = [&["--sandbox"], arguments].concat();
    let mut command = gm.command(&[("TERM", "xterm")], &arguments);
    let mut running = command.stdout(stdout).spawn().unwrap();
    // The command holds the terminal open too, and the reader below would never reach its end.
    drop(command);
    let mut shown = Vec::new();
    // Linux ends the reading with an error when the last writer is gone.
    let _ = File::from(screen).read_to_end(&mut shown);
    assert!(running.wait().unwrap().success());
    String::from_utf8(shown).unwrap().replace('\r', "")
}

/// The columns that matter most remain; a pipe has all of them, and `--wide` has whole ids.
#[test]
fn table_fits_terminal() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, ""));
    gm.sandbox(&["deploy"]).with(0);
    for (width, columns) in [
        (40, "  NAME                      STATE"),
        (
            80,
            "  NAME                      STATE      ID                      TYPE       AGE",
        ),
        (
            120,
            "  NAME                      STATE      ID                      TYPE       ZONE        ADDRESS",
        ),
    ] {
        let status = on_terminal(&gm, width, &["status", "llm"]);
        has(
            &status,
            &[
                columns,
                "  storage security group ",
                "  ollama on instance 0 ",
                "tier 2: load balancer\n",
            ],
        );
        let list = on_terminal(&gm, width, &["list"]);
        // Addresses are never broken.
        let breakable = |line: &&str| !line.contains(".com") && !line.contains(".net");
        for line in status.lines().chain(list.lines()).filter(breakable) {
            assert!(
                line.chars().count() <= usize::from(width),
                "{width}: {line}"
            );
        }
    }
    let piped = gm.sandbox(&["status", "llm"]).with(0).stdout;
    has(&piped, &["ADDRESS", "AGE", "  llm-alb "]);
    assert!(!piped.contains("arn:"), "{piped}");
    let wide = gm.sandbox(&["status", "llm", "--wide"]).with(0).stdout;
    has(&wide, &[" arn:aws:elasticloadbalancing:us-east-1:"]);
}

#[test]
fn watch_prints_changes_in_pipe() {
    let (gm, account) = deployed(1);
    let id = instance(&gm, &account);
    let mut watching = account
        .command(&gm, &["status", "llm", "--watch"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut until = |fragment: &str| {
        let mut lines = lines.by_ref().map(Result::unwrap);
        assert!(lines.any(|line| line.contains(fragment)), "no {fragment:?}");
    };
    until("Z  llm: running");
    account.ask_ec2(&format!("Action=StopInstances&InstanceId.1={id}"));
    until("Z  llm: degraded");
    let watching = Running(watching);
    watching.signal("INT");
    watching.ended().with(130);
}

#[test]
fn watch_needs_passing_time() {
    let gm = Gm::new();
    let refused = gm.sandbox(&["status", "llm", "--watch"]).with(2);
    refused.says(&[
        "--watch has nothing to wait for in the sandbox",
        "gm sandbox serve",
    ]);
}

#[test]
fn outputs_have_stable_keys() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy"]).with(0);
    let url = gm.sandbox(&["outputs", "llm", "-r", "url"]).with(0).stdout;
    assert!(
        url.starts_with("http://llm-alb-") && url.lines().count() == 1,
        "{url}"
    );
    let all = gm.sandbox(&["outputs", "llm"]).with(0).stdout;
    has(
        &all,
        &["  instances ", "  file_system ", "  load_balancer_dns "],
    );
    let document = gm
        .sandbox(&["outputs", "llm", "-o", "json"])
        .with(0)
        .document();
    assert_eq!(document["outputs"]["url"], url.trim());
    gm.sandbox(&["outputs", "llm", "-r", "distribution_domain"])
        .with(2)
        .says(&["llm has no distribution_domain", "name one of these: "]);
    gm.sandbox(&["outputs", "llm", "-r", "uri"])
        .with(2)
        .says(&["there is no output \"uri\"", "url"]);
    gm.sandbox(&["outputs", "nope"]).with(2);
}

/// No account is needed, and no home directory.
#[test]
fn version_is_a_document() {
    let gm = Gm::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        gm.run(&[], &["version"]).with(0).stdout,
        format!("gm {version}\n")
    );
    let document = gm
        .run(&[], &["version", "--output", "json"])
        .with(0)
        .document();
    assert_eq!(document["version"], version);
}

/// Times have milliseconds in all documents.
#[test]
fn times_have_one_form() {
    let (gm, account) = deployed(1);
    let at = [CREDENTIALS.as_slice(), &[]].concat();
    let history = gm
        .run(&at, &["events", "llm", "-o", "json"])
        .with(0)
        .document();
    let times = [
        json(&gm, &account, &["status", "llm"], 0)["since"].clone(),
        json(&gm, &account, &["list"], 0)["stacks"][0]["since"].clone(),
        history["events"][0]["at"].clone(),
        json(&gm, &account, &["leftovers"], 0)["at"].clone(),
    ];
    for time in times {
        let time = time.as_str().unwrap();
        assert_eq!(time.len(), "2026-11-27T08:00:00.000Z".len(), "{time}");
    }
}
