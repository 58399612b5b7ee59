//! Signals that tell `gm` to end in the middle of its work.

use geusemaker_testkit::{Aws, AwsBuilder, Fault};

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;
#[cfg(unix)]
use crate::terminal::Terminal;

/// Creates a machine with a spec of this tier, without the GPU check.
fn machine(tier: u8) -> Gm {
    let gm = Gm::new();
    gm.write_spec(&spec(tier, "compute.gpu_check = false"));
    gm
}

/// Returns an account in which a deployment is still waiting for its targets when the signal arrives, however slow the
/// machine is.
fn unhealthy_for_now() -> AwsBuilder {
    Aws::builder().fault(Fault::on("DescribeTargetHealth").stall())
}

fn phase(account: &Account, gm: &Gm) -> serde_json::Value {
    let status = account.run(gm, &["status", "llm", "-o", "json"]).with(0);
    status.document()["phase"].clone()
}

/// Without a terminal everything stays, and `gm resume` continues from there.
#[test]
fn signal_without_terminal_keeps_stack() {
    let (gm, account) = (machine(2), Account::start(unhealthy_for_now()));
    let running = account.begin(&gm, &["deploy", "--yes", "-o", "json"]);
    account.hears("DescribeTargetHealth", 1);
    running.signal("TERM");
    let ended = running.ended().with(143).document();
    assert_eq!(ended["next"], "gm resume llm");
    assert_eq!(ended["deleted"].as_array().unwrap().len(), 0);
    assert_eq!(phase(&account, &gm), "ec2-ready");

    account.run(&gm, &["resume", "llm", "--yes"]).with(0);
    assert_eq!(phase(&account, &gm), "deployed");
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// A signal that ends `gm wait` undoes nothing.
#[test]
fn signal_during_wait_keeps_stack() {
    let stuck = Fault::on("CreateDistributionWithTags").stuck();
    let (gm, account) = (machine(3), Account::start(Aws::builder().fault(stuck)));
    account.run(&gm, &["deploy", "--yes", "--no-wait"]).with(5);
    let before = account.leftovers();
    // The calls of the deployment have not been heard yet.
    let earlier = account.count("GetDistribution");
    let running = account.begin(&gm, &["wait", "llm", "-o", "json"]);
    account.hears("GetDistribution", earlier + 2);
    running.signal("INT");
    let ended = running.ended().with(130).document();
    assert_eq!(ended["next"], "gm wait llm");
    assert_eq!(ended["deleted"].as_array().unwrap().len(), 0);
    assert_eq!(account.leftovers(), before);
    assert_eq!(phase(&account, &gm), "cdn-pending");
}

#[test]
fn signal_with_rollback_leaves_nothing() {
    let (gm, account) = (machine(2), Account::start(unhealthy_for_now()));
    let arguments = ["deploy", "--yes", "--on-failure", "rollback"];
    let running = account.begin(&gm, &arguments);
    account.hears("DescribeTargetHealth", 1);
    running.signal("INT");
    running.ended().with(130).says(&[
        "SIGINT: rolling back. A second signal stops now; \"gm rollback llm\" continues later.",
    ]);
    assert_eq!(account.leftovers(), [""; 0]);
    account.run(&gm, &["list"]).with(0);
}

/// The current call is never answered, so only a second signal ends the program, at once; the journal has the call.
#[test]
fn second_signal_ends_deploy_at_once() {
    let stalled = Fault::on("RunInstances").stall().after_effect();
    let (gm, account) = (machine(1), Account::start(Aws::builder().fault(stalled)));
    let running = account.begin(&gm, &["deploy", "--yes"]);
    account.hears("RunInstances", 1);
    running.signal("INT");
    running.signal("INT");
    running.signal("TERM");
    let ended = running.ended();
    assert!(matches!(ended.code, Some(130 | 143)), "{ended:?}");

    let resumed = account.run(&gm, &["resume", "llm", "--yes"]).with(0);
    assert!(!resumed.stdout.is_empty());
    // The call may have been repeated under its token, but it launched nothing more.
    let all = account.aws.inventory();
    let instances = all
        .iter()
        .filter(|resource| resource.kind == "EC2::Instance");
    assert_eq!(instances.count(), 1, "{all:?}");
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

#[test]
fn early_signal_changes_nothing() {
    let stalled = Fault::on("GetCallerIdentity").stall();
    let (gm, account) = (machine(1), Account::start(Aws::builder().fault(stalled)));
    let running = account.begin(&gm, &["deploy", "--yes"]);
    account.hears("GetCallerIdentity", 1);
    running.signal("INT");
    running.ended().with(130).says(&["nothing was changed"]);
    assert_eq!(account.leftovers(), [""; 0]);
    assert!(gm.journals().is_empty());
}

#[test]
fn second_process_is_refused_with_holder() {
    let stalled = Fault::on("CreateFileSystem").stall();
    let (gm, account) = (machine(1), Account::start(Aws::builder().fault(stalled)));
    let mut running = account.begin(&gm, &["deploy", "--yes"]);
    account.hears("CreateFileSystem", 1);
    let refused = account.run(&gm, &["resume", "llm", "--yes"]).with(4);
    refused.says(&["llm is locked by ", "(pid ", " since "]);

    // A dead process holds no claim, even before its parent has collected its exit code.
    running.kill_uncollected();
    account.run(&gm, &["rollback", "llm", "--yes"]).with(0);
    running.kill();
    assert_eq!(account.leftovers(), [""; 0]);
}

/// Begins a deployment of tier 2, and returns the account once half of the load balancer's step is done and kept.
fn kept_half_way() -> (Gm, Account) {
    let (gm, account) = (machine(2), Account::start(unhealthy_for_now()));
    let running = account.begin(&gm, &["deploy", "--yes"]);
    account.hears("DescribeTargetHealth", 1);
    running.signal("TERM");
    running.ended().with(143);
    (gm, account)
}

/// Interrupts `gm resume` at a terminal while it waits for the targets, and returns what `gm` says.
#[cfg(unix)]
fn interrupted_resume(gm: &Gm, account: &Account, (nth, more): (u32, &[&str])) -> crate::gm::Ended {
    account
        .aws
        .inject(Fault::on("DescribeTargetHealth").nth(nth).stall());
    account.forget();
    let arguments = [&["resume", "llm", "--yes"], more].concat();
    let terminal = Terminal::start(&mut account.command(gm, &arguments));
    account.hears("DescribeTargetHealth", nth as usize);
    terminal.signal("INT");
    terminal.ended().with(130)
}

/// All that existed when `resume` began stays, also the parts of a step that was never finished.
#[cfg(unix)]
#[test]
fn interrupted_resume_undoes_its_own_part() {
    let (gm, account) = kept_half_way();
    let before = account.leftovers();
    let ended = interrupted_resume(&gm, &account, (1, &[]));
    ended.says(&[
        "Ctrl-C: undoing what this command has created. Press again to stop now; \"gm resume llm\" continues later.",
        "now: llm is kept as it is (instances ready, ",
        "next: gm resume llm",
    ]);
    assert_eq!(account.leftovers(), before);
    account.run(&gm, &["resume", "llm", "--yes"]).with(0);
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// The load balancer that `resume` has created goes, and the instances that were there stay.
#[cfg(unix)]
#[test]
fn interrupted_resume_keeps_earlier_steps() {
    let gm = machine(2);
    let refused = Fault::on("CreateTargetGroup").denied();
    let account = Account::start(Aws::builder().fault(refused));
    let keep = ["deploy", "--yes", "--on-failure", "keep"];
    account.run(&gm, &keep).with(3);
    let before = account.leftovers();
    let ended = interrupted_resume(&gm, &account, (1, &[]));
    assert!(ended.stderr.contains(" deleted"), "{}", ended.stderr);
    assert_eq!(account.leftovers(), before);
    assert_eq!(phase(&account, &gm), "ec2-ready");
    account.run(&gm, &["rollback", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn interrupted_resume_rolls_back_if_told() {
    let (gm, account) = kept_half_way();
    let ended = interrupted_resume(&gm, &account, (1, &["--on-failure", "rollback"]));
    ended.says(&["Ctrl-C: rolling back. "]);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// A failure is no more reason than a signal to remove what was kept, unless the user says so.
#[test]
fn failed_resume_keeps_earlier_steps() {
    let (gm, account) = kept_half_way();
    account
        .aws
        .inject(Fault::on("DescribeTargetHealth").nth(1).denied());
    let resumed = account.run(&gm, &["resume", "llm", "--yes"]).with(3);
    resumed.says(&[
        "now: llm is kept as it is (instances ready, ",
        "next: gm resume llm",
    ]);
    account
        .aws
        .inject(Fault::on("CreateListener").answer("TooManyListeners"));
    let arguments = ["resume", "llm", "--yes", "--on-failure", "rollback"];
    let rolled_back = account.run(&gm, &arguments).with(1);
    rolled_back.says(&[
        "Failed: rolling everything back...",
        "now: nothing is left; ",
    ]);
    assert_eq!(account.leftovers(), [""; 0]);
}
