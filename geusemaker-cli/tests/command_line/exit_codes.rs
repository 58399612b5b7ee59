//! The exit code of a failure: 1 if nothing is left, 3 with a list if something is left.

use geusemaker_testkit::{Aws, Fault};
use serde_json::Value;

use crate::account::Account;
use crate::gm::{Ended, Gm};
use crate::spec_text::spec;

/// Creates a machine, and an account with these faults.
fn machine(more: impl IntoIterator<Item = Fault>) -> (Gm, Account) {
    let gm = Gm::new();
    gm.write_spec(&spec(2, "compute.gpu_check = false"));
    let mut aws = Aws::builder();
    for fault in more {
        aws = aws.fault(fault);
    }
    (gm, Account::start(aws))
}

fn failing() -> Fault {
    Fault::on("CreateListener")
        .answer("TooManyListeners")
        .into()
}

/// Asserts that the document lists what is left in the account, each resource with a reason, an age and a way out that
/// is not the refused call.
#[track_caller]
fn assert_lists_what_is_left(ended: &Ended, account: &Account) {
    let document = ended.document();
    assert_eq!(document["exit_code"], 3);
    let listed = document["leftovers"].as_array().unwrap();
    assert!(!listed.is_empty());
    for left in listed {
        assert!(
            left["why"].as_str().unwrap().contains("not authorized"),
            "{left}"
        );
        assert!(left["since"].is_string(), "{left}");
        let remedy = left["remedy"].as_str().unwrap();
        assert!(remedy.starts_with("allow the action "), "{left}");
        assert!(left["command"].is_null(), "{left}");
    }
    let listed: Vec<_> = listed
        .iter()
        .map(|left| left["id"].as_str().unwrap())
        .collect();
    for left in account.aws.leftovers() {
        assert!(
            left.kind == "EC2::NetworkInterface" || listed.contains(&&*left.id),
            "{left} is not listed"
        );
    }
}

/// Asserts that the next command empties the account once the faults are lifted.
#[track_caller]
fn assert_goes(gm: &Gm, account: &Account, next: &Value) {
    account.aws.lift_faults();
    let words: Vec<_> = next.as_str().unwrap().split(' ').skip(1).collect();
    account.run(gm, &[&words[..], &["--yes"]].concat()).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

#[test]
fn complete_rollback_exits_with_1() {
    let (gm, account) = machine([failing()]);
    let ended = account.run(&gm, &["deploy", "--yes", "-o", "json"]).with(1);
    let document = ended.document();
    assert_eq!(document["leftovers"].as_array().unwrap().len(), 0);
    assert!(!document["deleted"].as_array().unwrap().is_empty());
    assert_eq!(account.leftovers(), [""; 0]);
    assert_eq!(
        account.run(&gm, &["list"]).stdout,
        "there are no stacks here\n"
    );
}

/// The document lists the resources that could not be rolled back.
#[test]
fn incomplete_rollback_exits_with_3() {
    let refused = Fault::on("DeleteFileSystem").denied().forever();
    let (gm, account) = machine([failing(), refused.into()]);
    let ended = account.run(&gm, &["deploy", "--yes", "-o", "json"]).with(3);
    assert_lists_what_is_left(&ended, &account);
    let next = &ended.document()["next"];
    assert_eq!(next, "gm rollback llm");

    // The same list in text, from a second rollback that is refused as well.
    let again = account.run(&gm, &["rollback", "llm", "--yes"]).with(3);
    again.says(&[
        "not everything could be removed",
        "still there:",
        "file system fs-",
        " since ",
        "try: allow the action elasticfilesystem:DeleteFileSystem for these credentials",
        "next: gm rollback llm",
    ]);
    assert_goes(&gm, &account, next);
}

/// The document has the command that resumes the stack.
#[test]
fn kept_failure_exits_with_3() {
    let (gm, account) = machine([failing()]);
    let arguments = ["deploy", "--yes", "--on-failure", "keep", "-o", "json"];
    let ended = account.run(&gm, &arguments).with(3);
    let document = ended.document();
    assert_eq!(document["next"], "gm resume llm");
    let state = document["now"].as_str().unwrap();
    assert!(
        state.starts_with("llm is kept as it is (instances ready, "),
        "{state}"
    );
    account.run(&gm, &["resume", "llm", "--yes"]).with(0);
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// The document lists the resources that could not be removed.
#[test]
fn incomplete_removal_exits_with_3() {
    let (gm, account) = machine([]);
    account.run(&gm, &["deploy", "--yes"]).with(0);
    account
        .aws
        .inject(Fault::on("DeleteFileSystem").denied().forever());
    let ended = account
        .run(&gm, &["destroy", "llm", "--yes", "-o", "json"])
        .with(3);
    assert_lists_what_is_left(&ended, &account);
    let next = &ended.document()["next"];
    assert_eq!(next, "gm destroy llm");
    assert_goes(&gm, &account, next);
}

/// Each place is listed with AWS's answer.
#[test]
fn missing_capacity_lists_places() {
    let refused = Fault::on("RunInstances").answer("InsufficientInstanceCapacity");
    let (gm, account) = machine([refused.forever().into()]);
    let ended = account.run(&gm, &["deploy", "--yes"]).with(1);
    let error =
        "error: AWS has no capacity for instance 0: tried g5.xlarge in us-east-1a, b, c, d, f\n";
    ended.says(&[
        error,
        "  g5.xlarge on-demand in us-east-1a, b, c, d, f: InsufficientInstanceCapacity\n",
        "try: try again later",
        "g5.xlarge on-demand in us-east-1a was refused",
    ]);
    // Nothing is said twice.
    assert_eq!(
        ended.stderr.matches("no capacity").count(),
        1,
        "{}",
        ended.stderr
    );
    assert_eq!(
        ended.stderr.matches("was refused").count(),
        1,
        "{}",
        ended.stderr
    );
    let ended = account.run(&gm, &["deploy", "--yes", "-v"]).with(1);
    assert_eq!(
        ended.stderr.matches("was refused").count(),
        5,
        "{}",
        ended.stderr
    );
    ended.says(&[
        error,
        "  g5.xlarge on-demand in us-east-1f: ec2:RunInstances",
    ]);
    let ended = account.run(&gm, &["deploy", "--yes", "-o", "json"]).with(1);
    let attempts = &ended.document()["error"]["attempts"];
    assert_eq!(attempts.as_array().unwrap().len(), 5);
    assert_eq!(attempts[0]["zone"], "us-east-1a");
    assert_eq!(account.leftovers(), [""; 0]);
}
