//! The end states of a stack, and the checks for them.

use std::collections::BTreeMap;

use geusemaker_testkit::Resource;

use crate::account::Account;
use crate::gm::{Ended, Gm};

/// The number of resources of each kind that an undisturbed deployment creates.
pub(super) type Census = BTreeMap<String, usize>;

pub(super) fn census(account: &Account) -> Census {
    let mut census = Census::new();
    for Resource { kind, .. } in account.aws.leftovers() {
        *census.entry(kind).or_default() += 1;
    }
    census
}

/// Brings the stack up from any state, and compares it with one that was never killed.
#[track_caller]
pub(super) fn resumes_to_running(gm: &Gm, account: &Account, whole: &Census) {
    let resumed = account.run(gm, &["resume", "llm", "--yes", "-o", "json"]);
    let running = if is_no_stack(&resumed) {
        // The deployment had not begun, so nothing exists.
        assert_eq!(account.leftovers(), [""; 0]);
        account.run(gm, &["deploy", "--yes", "-o", "json"])
    } else {
        resumed
    };
    assert_eq!(running.with(0).document()["state"], "running");
    assert_eq!(census(account), *whole);
}

/// Rolls an unfinished stack back, and asserts that nothing of it is left.
#[track_caller]
pub(super) fn rolls_back_to_gone(gm: &Gm, account: &Account) {
    let rolled_back = account.run(gm, &["rollback", "llm", "--yes"]);
    if says(&rolled_back, "llm is deployed") {
        return is_destroyed(gm, account);
    }
    is_gone(gm, account, rolled_back);
}

/// Destroys the stack in any state, and asserts that nothing of it is left.
#[track_caller]
pub(super) fn is_destroyed(gm: &Gm, account: &Account) {
    let destroyed = account.run(gm, &["destroy", "llm", "--yes"]);
    is_gone(gm, account, destroyed);
}

/// Asserts that a removal has succeeded, or has found the stack gone already.
#[track_caller]
fn is_gone(gm: &Gm, account: &Account, removal: Ended) {
    if !is_no_stack(&removal) {
        removal.with(0);
    }
    assert_eq!(account.leftovers(), [""; 0]);
    let again = account.run(gm, &["resume", "llm", "--yes"]);
    assert!(is_no_stack(&again), "{again:?}");
}

/// Returns true if a run has ended because there is no such stack.
pub(super) fn is_no_stack(ended: &Ended) -> bool {
    says(ended, "there is no stack llm")
}

/// Returns true if a run was refused for this reason, in text or in JSON.
fn says(ended: &Ended, reason: &str) -> bool {
    let is_said = [&ended.stdout, &ended.stderr].map(|said| said.contains(reason));
    ended.code == Some(2) && is_said.contains(&true)
}
