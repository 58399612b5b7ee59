//! Commands that change AWS ask for consent first; without a terminal they need `--yes`.

use geusemaker_testkit::Aws;
use geusemaker_testkit::serve::CassetteServer;

use crate::gm::Gm;
use crate::recorded_plan::recorded_plan;
use crate::spec_text::spec;

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
