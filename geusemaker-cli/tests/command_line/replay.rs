//! Replays recorded traffic to the real program.

use geusemaker_testkit::cassette::{Cassette, Redactor};
use geusemaker_testkit::serve::CassetteServer;

use crate::gm::Gm;

const CASSETTES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../geusemaker-testkit/cassettes"
);

/// A tier-3 stack is deployed and destroyed on recorded traffic.
#[tokio::test]
async fn tier_3_replays_recorded_traffic() {
    let cassette = Cassette::load(format!("{CASSETTES}/tier3.har")).unwrap();
    // As in the recording: the deployment's id, which appears in tags and tokens, is different in each run.
    let redactor = Redactor::new()
        .with_pattern(r"\b[0-9a-f]{12}\b", "0123456789ab")
        .unwrap();
    let server = CassetteServer::with_redactor(&cassette, redactor).await;
    let gm = Gm::new();
    let spec = format!("{CASSETTES}/tier3.toml");

    // Nothing in a recording carries requests of viewers.
    let deployed = gm
        .at(
            &server.uri(),
            &["deploy", &spec, "--yes", "--no-verify", "-o", "json"],
        )
        .with(0);
    let document = deployed.document();
    assert_eq!(document["state"], "running");
    assert_eq!(document["sandbox"], false);
    let url = document["outputs"]["url"].as_str().unwrap();
    assert!(url.ends_with(".cloudfront.net"), "{url}");

    let destroyed = gm
        .at(
            &server.uri(),
            &["destroy", "cassette", "--yes", "-o", "json"],
        )
        .with(0);
    assert_eq!(destroyed.document()["leftovers"], serde_json::json!([]));
    let mismatches = server.player().mismatches();
    assert!(mismatches.is_empty(), "{mismatches:?}");
    server.verify().unwrap();
}
