//! Commands that change AWS ask for consent first; without a terminal they need `--yes`.

use geusemaker_testkit::serve::CassetteServer;
use geusemaker_testkit::{Aws, Fault};

use crate::account::Account;
use crate::gm::Gm;
use crate::recorded_plan::recorded_plan;
use crate::spec_text::spec;
#[cfg(unix)]
use crate::terminal::Terminal;

const REFUSAL: &str = "this needs your consent, and there is no terminal to ask on: give --yes";

/// Without `--yes` the plan is shown and nothing is created.
#[tokio::test(start_paused = true)]
async fn deploy_without_terminal_needs_yes() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, ""));
    let server = CassetteServer::start(&recorded_plan(&Aws::new(), &spec(1, "")).await).await;
    let refused = gm.at(&server.uri(), &["deploy"]).with(2);
    refused.says(&["llm in account ", "  instances    1 x g5.xlarge", REFUSAL]);
    assert!(gm.journals().is_empty());
    server.verify().unwrap();
}

/// Without `--yes`, commands that remove or resume a stack change nothing.
#[test]
fn changes_without_terminal_need_yes() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, "cdn.wait_timeout = \"1m\""));
    gm.sandbox(&["deploy"]).with(5);
    let before = gm.leftovers();
    // The sandbox's journals, used as if they belonged to a real account.
    let state = gm.state().join("sandbox");
    let state = [
        ("GM_STATE", state.to_str().unwrap()),
        ("AWS_REGION", "us-east-1"),
    ];
    for arguments in [
        &["destroy", "llm"][..],
        &["rollback", "llm"],
        &["resume", "llm"],
        &["deploy"],
    ] {
        gm.run(&state, arguments).with(2).says(&[REFUSAL]);
    }
    let document = gm
        .run(&state, &["destroy", "llm", "-o", "json"])
        .with(2)
        .document();
    assert_eq!(document["error"]["class"], "usage");
    assert_eq!(document["error"]["message"], REFUSAL);
    assert_eq!(gm.leftovers(), before);
}

/// Answers are understood however they are written, and the question is complete without the plan above it.
#[cfg(unix)]
#[test]
fn quiet_question_is_complete() {
    let gm = Gm::new();
    gm.write_spec(&spec(1, "compute.gpu_check = false"));
    let account = Account::start(Aws::builder());
    for answer in ["Yes", "YES", "y", "Y"] {
        let mut command = account.command(&gm, &["-q", "deploy"]);
        let mut terminal = Terminal::start(&mut command);
        terminal.is_asked("Deploy llm (tier 1) to account 123456789012, us-east-1? [y/N] ");
        terminal.types(answer);
        terminal.ended().with(0);
        account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
    }
    let mut terminal = Terminal::start(&mut account.command(&gm, &["-q", "deploy"]));
    terminal.is_asked("[y/N] ");
    terminal.types("yeah");
    terminal.ended().with(10);
    assert_eq!(account.leftovers(), [""; 0]);
}

/// The question before a deployment is continued says what is up, and what is still to do.
#[cfg(unix)]
#[test]
fn question_to_continue_names_rest() {
    let gm = Gm::new();
    gm.write_spec(&spec(3, "compute.gpu_check = false"));
    let refused = Fault::on("CreateTargetGroup").denied();
    let account = Account::start(Aws::builder().fault(refused));
    let keep = ["deploy", "--yes", "--on-failure", "keep"];
    account.run(&gm, &keep).with(3);
    for arguments in [&["-q", "resume", "llm"][..], &["-q", "deploy"]] {
        let mut terminal = Terminal::start(&mut account.command(&gm, arguments));
        terminal.is_asked(
            "Continue deploying llm in account 123456789012, us-east-1 (instances are up; load balancer and CDN still to \
             do)? [y/N] ",
        );
        terminal.types("no");
        terminal.ended().with(10);
    }
    account.run(&gm, &["rollback", "llm", "--yes"]).with(0);
    assert_eq!(account.leftovers(), [""; 0]);
}
