//! `gm verify`, and the verification at the end of a deployment.

use geusemaker_testkit::Aws;

use crate::account::Account;
use crate::gm::Gm;
use crate::spec_text::spec;

/// A path at which the program of the sandbox answers 404.
const WRONG: &str = "verify = { stream = '/events?echo-status=404' }";

fn tier_2(verify: &str) -> String {
    format!(
        "name = 'llm'\ntier = 2\ncompute.instance_type = 'g5.xlarge'\n[[service]]\nname = 'api'\nport = 8000\n\
         image = 'example/api:1'\n{verify}\n"
    )
}

#[test]
fn deployment_ends_with_verification() {
    let gm = Gm::new();
    gm.write_spec(&tier_2(""));
    let deployed = gm.sandbox(&["deploy"]).with(0);
    assert!(
        deployed
            .stdout
            .ends_with("verified: 1 check passed, 2 skipped\n"),
        "{}",
        deployed.stdout
    );
    let verified = gm.sandbox(&["verify", "llm"]).with(0).stdout;
    for part in [
        "llm: 1 check passed, 2 skipped\n",
        "  SERVICE  THROUGH        CHECK    RESULT  STATUS  LATENCY\n",
        "  api      load balancer  answers  passed  200     ",
        "  skipped: api (streams): the spec names no streamed answer: set verify.stream\n",
    ] {
        assert!(verified.contains(part), "{part:?} in {verified}");
    }
    let document = gm
        .sandbox(&["verify", "llm", "-o", "json"])
        .with(0)
        .document();
    assert_eq!(document["checks"][0]["status"], 200);
    assert_eq!(document["checks"][0]["result"], "passed");
    gm.sandbox(&["destroy", "llm"]).with(0);
}

#[test]
fn failed_check_leaves_stack_running() {
    let gm = Gm::new();
    gm.write_spec(&tier_2(WRONG));
    let deployed = gm.sandbox(&["deploy"]).with(8);
    for part in [
        "llm: running",
        "verified: 1 check passed, 1 failed, 1 skipped\n",
        "api      load balancer  streams  failed",
        "/events?echo-status=404: answered 404",
        "when it is repaired: gm verify llm --sandbox",
    ] {
        assert!(
            deployed.stdout.contains(part),
            "{part:?} in {}",
            deployed.stdout
        );
    }
    let verified = gm
        .sandbox(&["verify", "llm", "-o", "json"])
        .with(8)
        .document();
    assert_eq!(verified["ok"], false);
    assert_eq!(verified["error"]["class"], "degraded");
    assert_eq!(verified["next"], "gm status llm --sandbox");
    // The check is no part of any resource, so that it can be taken out.
    gm.write_spec(&tier_2(""));
    gm.sandbox(&["deploy"]).with(0);
    gm.sandbox(&["verify", "llm"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
}

#[test]
fn verification_can_be_left_out() {
    let gm = Gm::new();
    gm.write_spec(&tier_2(WRONG));
    let deployed = gm.sandbox(&["deploy", "--no-verify", "-o", "json"]).with(0);
    assert_eq!(deployed.document().get("verification"), None);
    gm.sandbox(&["destroy", "llm"]).with(0);
    let variable = [("GM_NO_VERIFY", "1")];
    gm.run(&variable, &["deploy", "--sandbox"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    gm.run(&[("GM_NO_VERIFY", "maybe")], &["deploy", "--sandbox"])
        .with(2)
        .says(&["GM_NO_VERIFY=maybe: expected true or false"]);
}

/// An emulator answers the calls to AWS, and no viewers.
#[test]
fn account_without_traffic_is_not_verified() {
    let gm = Gm::new();
    let account = Account::start(Aws::builder());
    gm.write_spec(&tier_2(""));
    let deployed = account.run(&gm, &["deploy", "--yes"]).with(0);
    let note = "llm is not verified: http://127.0.0.1:";
    assert!(deployed.stderr.contains(note), "{}", deployed.stderr);
    let refused = account.run(&gm, &["verify", "llm"]).with(2);
    refused.says(&["answers calls to AWS alone", "try: "]);
    account.run(&gm, &["destroy", "llm", "--yes"]).with(0);
}

#[test]
fn unknown_stack_is_not_verified() {
    let gm = Gm::new();
    gm.sandbox(&["verify", "llm"]).with(2).says(&["llm"]);
    gm.write_spec(&spec(2, ""));
    gm.sandbox(&["deploy", "--no-verify"]).with(0);
    gm.sandbox(&["destroy", "llm"]).with(0);
    gm.sandbox(&["verify", "llm"])
        .with(2)
        .says(&["llm is gone since"]);
}

#[test]
fn wrong_request_of_spec_is_refused() {
    let gm = Gm::new();
    for (verify, message) in [
        (
            "verify.stream = 'events'",
            "\"events\" is not the path of a request",
        ),
        (
            "verify.stream_body = '{}'",
            "stream_body: has no path to go to",
        ),
        (
            "verify.streams = '/events'",
            "unknown key \"streams\" in verify of [[service]]; allowed are stream,",
        ),
    ] {
        gm.write_spec(&tier_2(verify));
        gm.sandbox(&["validate"]).with(2).says(&[message]);
    }
}
