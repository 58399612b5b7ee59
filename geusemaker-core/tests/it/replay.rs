//! Replays the recorded tier-3 deployment within the process.

use std::sync::Arc;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{DeploymentSpec, FileSystems, Session};
use geusemaker_testkit::Aws;
use geusemaker_testkit::cassette::{Cassette, Player, Redactor};

const CASSETTES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../geusemaker-testkit/cassettes"
);

/// The recorded stack is deployed and destroyed.
#[tokio::test(start_paused = true)]
async fn recorded_deployment_is_replayed() {
    let cassette = Cassette::load(format!("{CASSETTES}/tier3.har")).unwrap();
    // The deployment's id, which appears in tags and tokens, is different in each run.
    let redactor = Redactor::new()
        .with_pattern(r"\b[0-9a-f]{12}\b", "0123456789ab")
        .unwrap();
    let player = Player::with_redactor(&cassette, redactor);
    // The simulator provides the credentials and the clock, and the recording the answers.
    let config = Aws::new()
        .sdk_config()
        .into_builder()
        .http_client(player.http_client())
        .build();
    let session = Session::new(config, Arc::new(InMemory::new()));

    let spec = DeploymentSpec::from_file(format!("{CASSETTES}/tier3.toml")).unwrap();
    let name = spec.name().clone();
    let balanced = session
        .plan(spec)
        .await
        .unwrap()
        .launch()
        .await
        .unwrap()
        .balance()
        .await;
    let deployed = balanced.unwrap().publish().await.unwrap();
    let domain = deployed.state().distribution.domain.clone();
    assert!(domain.ends_with(".cloudfront.net"), "{domain}");
    deployed.commit().await.unwrap();

    let undone = session.destroy(&name, FileSystems::Delete).await.unwrap();
    assert!(undone.left.is_empty(), "{:?}", undone.left);
    assert!(player.mismatches().is_empty(), "{:?}", player.mismatches());
    player.verify().unwrap();
}
