//! `gm unlock` ends the lock of a process that works elsewhere.

use geusemaker_testkit::{Aws, Fault};

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;
use crate::terminal::Terminal;

/// The process that is unlocked can delete nothing more, and the stack can be removed whole.
#[test]
fn unlocked_process_stops() {
    let gm = Gm::new();
    gm.write_spec(&spec(2, ""));
    let unhealthy = Fault::on("RegisterTargets").stuck();
    let account = Account::start(Aws::builder().fault(unhealthy));
    let running = account.begin(&gm, &["deploy", "--yes"]);
    account.hears("DescribeTargetHealth", 1);
    let holder = format!("(pid {})", running.0.id());
    account
        .run(&gm, &["unlock", "llm"])
        .with(2)
        .says(&["this needs your consent", "--yes"]);
    let mut asked = Terminal::start(&mut account.command(&gm, &["unlock", "llm"]));
    asked.is_asked("Unlock llm? [y/N]");
    asked.types("y");
    let unlocked = asked.ended().with(0);
    assert!(
        unlocked.stderr.contains(&holder) && unlocked.stderr.contains("is locked by"),
        "{}",
        unlocked.stderr
    );
    assert!(
        unlocked.stdout.starts_with("llm is unlocked"),
        "{}",
        unlocked.stdout
    );
    account.run(&gm, &["rollback", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
    running
        .ended()
        .with(3)
        .says(&["another process has taken over the journal of llm"]);
}

#[test]
fn free_stack_is_not_unlocked() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    gm.sandbox(&["deploy"]).with(0);
    let unlocked = gm.sandbox(&["unlock", "llm", "-o", "json"]).with(0);
    let document = unlocked.document();
    assert_eq!(document["unlocked"], false);
    assert_eq!(
        gm.sandbox(&["unlock", "llm"]).with(0).stdout,
        "llm is not locked\n"
    );
    gm.sandbox(&["unlock", "lmm"])
        .with(2)
        .says(&["there is no stack lmm", "try: did you mean llm?"]);
}
