//! `--on-failure ask` asks at a terminal what to do after a failure or a signal.

use geusemaker_testkit::{Aws, Fault};

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;
use crate::terminal::Terminal;

const QUESTION: &str = "Keep the parts of llm (account 123456789012, us-east-1) that work, for gm resume, or remove \
    everything? [k/R] ";

const DEPLOY: [&str; 4] = ["deploy", "--yes", "--on-failure", "ask"];

/// Runs a deployment whose load balancer fails once, up to the question at the terminal.
fn asked() -> (Gm, Account, Terminal) {
    let refused = Fault::on("CreateListener").answer("TooManyListeners");
    let (gm, account) = machine(refused);
    let mut terminal = Terminal::start(&mut account.command(&gm, &DEPLOY));
    terminal.is_asked(QUESTION);
    (gm, account, terminal)
}

fn machine(fault: impl Into<Fault>) -> (Gm, Account) {
    let gm = Gm::new();
    gm.write_spec(&spec(2, "compute.gpu_check = false"));
    (gm, Account::start(Aws::builder().fault(fault)))
}

/// Asserts that the stack is kept and can be resumed.
#[track_caller]
fn assert_resumable(gm: &Gm, account: &Account) {
    account.run(gm, &["resume", "llm", "--yes"]).with(0);
    account.run(gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

#[test]
fn keep_answer_keeps_working_parts() {
    let (gm, account, mut terminal) = asked();
    terminal.types("k");
    terminal.ended().with(3).says(&[
        "TooManyListeners",
        "now: llm is kept as it is (instances ready, ",
        "next: gm resume llm",
    ]);
    assert_resumable(&gm, &account);
}

#[test]
fn other_answers_remove_everything() {
    for answer in ["r", "", "no"] {
        let (gm, account, mut terminal) = asked();
        terminal.types(answer);
        terminal
            .ended()
            .with(1)
            .says(&["Rolling everything back...", "now: nothing is left; "]);
        assert_eq!(account.leftovers(), [""; 0]);
        let list = account.run(&gm, &["list"]).with(0);
        assert_eq!(list.stdout, "there are no stacks here\n");
    }
}

/// Ending the program instead of answering keeps everything.
#[test]
fn signal_at_question_keeps_everything() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (gm, account, terminal) = asked();
        terminal.signal(signal);
        let ended = terminal.ended().with(code);
        ended.says(&["now: llm is kept as it is", "next: gm resume llm"]);
        assert_resumable(&gm, &account);
    }
}

/// A signal during the wait for the targets leads to the question, and the answer decides.
#[test]
fn signal_during_wait_asks() {
    for keeps in [true, false] {
        let (gm, account) = machine(Fault::on("DescribeTargetHealth").stall());
        let mut terminal = Terminal::start(&mut account.command(&gm, &DEPLOY));
        account.hears("DescribeTargetHealth", 1);
        terminal.signal("INT");
        terminal.is_asked(QUESTION);
        terminal.types(if keeps { "keep" } else { "r" });
        let ended = terminal.ended().with(130);
        if keeps {
            ended.says(&["next: gm resume llm"]);
            assert_resumable(&gm, &account);
        } else {
            ended.says(&["Ctrl-C: rolling back. "]);
            assert_eq!(account.leftovers(), [""; 0]);
        }
    }
}

/// Without a terminal nobody can answer, so the option is refused before anything is created.
#[test]
fn ask_without_terminal_is_refused() {
    let (gm, account) = machine(
        Fault::on("CreateListener")
            .answer("TooManyListeners")
            .optional(),
    );
    let refused = account.run(&gm, &DEPLOY).with(2);
    refused.says(&["terminal"]);
    assert_eq!(account.leftovers(), [""; 0]);
}
