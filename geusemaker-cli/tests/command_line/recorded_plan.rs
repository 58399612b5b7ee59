//! A recording of the requests of `gm plan` and of the answers of AWS.

use std::sync::Arc;

use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{DeploymentSpec, Session};
use geusemaker_testkit::Aws;
use geusemaker_testkit::cassette::{Cassette, Recorder};

/// Plans a spec in a simulated account, and records the traffic.
pub(crate) async fn recorded_plan(aws: &Aws, spec: &str) -> Cassette {
    let recorder = Recorder::new(aws.http_client());
    let config = aws
        .sdk_config()
        .into_builder()
        .http_client(recorder.http_client())
        .build();
    let session = Session::new(config, Arc::new(InMemory::new()));
    // A refused plan is recorded as well.
    drop(session.plan(DeploymentSpec::from_toml(spec).unwrap()).await);
    let _ = session.close().await;
    recorder.cassette()
}
