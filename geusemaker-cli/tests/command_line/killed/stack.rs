//! The ends that a stack can come to, and how they are told.

use std::collections::BTreeMap;

use geusemaker_testkit::Resource;

use crate::account::Account;
use crate::gm::{Ended, Gm};

/// How many resources of each kind a deployment without any trouble makes.
pub(super) type Census = BTreeMap<String, usize>;

pub(super) fn census(account: &Account) -> Census {
    let mut census = Census::new();
    for Resource { kind, .. } in account.aws.leftovers() {
        *census.entry(kind).or_default() += 1;
    }
    census
}

/// Takes the stack to running from wherever it is, and holds it against one that was never killed.
#[track_caller]
pub(super) fn resumes_to_running(gm: &Gm, account: &Account, whole: &Census) {
    let resumed = account.run(gm, &["resume", "llm", "--yes", "-o", "json"]);
    let running = if is_no_stack(&resumed) {
        // It had not begun, so there is nothing either.
        assert_eq!(account.leftovers(), [""; 0]);
        account.run(gm, &["deploy", "--yes", "-o", "json"])
    } else {
        resumed
    };
    assert_eq!(running.with(0).document()["state"], "committed");
    assert_eq!(census(account), *whole);
}

/// Takes an unfinished stack away, and finds nothing of it.
#[track_caller]
pub(super) fn rolls_back_to_gone(gm: &Gm, account: &Account) {
    let rolled_back = account.run(gm, &["rollback", "llm", "--yes"]);
    if says(&rolled_back, "llm is committed") {
        return is_destroyed(gm, account);
    }
    is_gone(gm, account, rolled_back);
}

/// Takes the stack away from wherever it is, and finds nothing of it.
#[track_caller]
pub(super) fn is_destroyed(gm: &Gm, account: &Account) {
    let destroyed = account.run(gm, &["destroy", "llm", "--yes"]);
    is_gone(gm, account, destroyed);
}

/// That a removal has done its work, or has found it done.
#[track_caller]
fn is_gone(gm: &Gm, account: &Account, removal: Ended) {
    if !is_no_stack(&removal) {
        removal.with(0);
    }
    assert_eq!(account.leftovers(), [""; 0]);
    let again = account.run(gm, &["resume", "llm", "--yes"]);
    assert!(is_no_stack(&again), "{again:?}");
}

/// Whether a run has ended because there is no such stack.
pub(super) fn is_no_stack(ended: &Ended) -> bool {
    says(ended, "there is no stack llm")
}

/// Whether a run has been refused for that reason, in text or in JSON.
fn says(ended: &Ended, reason: &str) -> bool {
    let is_said = [&ended.stdout, &ended.stderr].map(|said| said.contains(reason));
    ended.code == Some(2) && is_said.contains(&true)
}
