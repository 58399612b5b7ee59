//! `--verbose` shows the calls, and nothing twice.

use geusemaker_testkit::{Aws, Fault};

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

/// Returns the operations that the log names: `ec2:RunInstances`.
fn logged(log: &str) -> Vec<&str> {
    let words = log
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1));
    let calls = words.filter_map(|word| word.strip_suffix(':'));
    let is_operation = |word: &&str| {
        word.split_once(':')
            .is_some_and(|(_, name)| name.starts_with(char::is_uppercase))
    };
    calls.filter(is_operation).collect()
}

#[test]
fn verbose_logs_calls_once() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "compute.gpu_check = false"));
    let denied = Fault::on("DescribeInstanceTypes").denied();
    let account = Account::start(Aws::builder().fault(denied.optional()));
    let ended = account.run(&gm, &["-v", "deploy", "--yes"]);
    let made: Vec<_> = account
        .aws
        .calls()
        .iter()
        .map(|call| call.operation.replace(" (dry run)", ""))
        .collect();
    let logged = logged(&ended.stderr);
    let names: Vec<_> = logged
        .iter()
        .map(|call| call.split_once(':').unwrap().1)
        .collect();
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let names = names.into_iter().map(str::to_owned).collect();
    assert_eq!(sorted(names), sorted(made), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("sts:GetCallerIdentity: ok ("),
        "{}",
        ended.stderr
    );
    // Each line of the progress stands there once.
    let launching = ended.stderr.matches("Launching instances...").count();
    assert!(launching <= 1, "{}", ended.stderr);
    account.run(&gm, &["destroy", "llm", "--yes"]);
}

/// A refused call is logged with AWS's code.
#[test]
fn verbose_logs_refusals() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "compute.gpu_check = false"));
    let refused = Fault::on("RunInstances")
        .answer("InsufficientInstanceCapacity")
        .forever();
    let account = Account::start(Aws::builder().fault(refused));
    let ended = account.run(&gm, &["-v", "deploy", "--yes"]).with(1);
    let line = "ec2:RunInstances: InsufficientInstanceCapacity (";
    assert_eq!(ended.stderr.matches(line).count(), 5, "{}", ended.stderr);
}

/// Attempts are shown too, and what AWS needs a moment for.
#[test]
fn very_verbose_logs_attempts() {
    let gm = Gm::new();
    let account = Account::start(Aws::builder());
    let ended = account.run(&gm, &["-vv", "leftovers"]).with(0);
    assert!(
        ended
            .stderr
            .contains("sts:GetCallerIdentity: attempt 1: ok ("),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains('\x1b'), "{}", ended.stderr);
}
