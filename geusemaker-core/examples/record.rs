//! Deploys a tier-3 stack, destroys it, and saves the traffic as a cassette: `record FILE`.
//!
//! The example uses the endpoint in `AWS_ENDPOINT_URL`, over plain HTTP; `cargo xtask record` runs it against moto.

use std::sync::Arc;

use aws_smithy_http_client::Builder;
use geusemaker_core::object_store::memory::InMemory;
use geusemaker_core::{DeploymentSpec, FileSystems, ProgressEvent, Session};
use geusemaker_testkit::cassette::{Recorder, Redactor};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: record FILE")?;
    // The deployment's id, which appears in tags and tokens, is different in each run.
    let redactor = Redactor::new().with_pattern(r"\b[0-9a-f]{12}\b", "0123456789ab")?;
    let recorder = Recorder::with_redactor(Builder::new().build_http(), redactor);
    let config = Session::config_from_environment().await;
    let config = config
        .into_builder()
        .http_client(recorder.http_client())
        .build();
    let listener = Arc::new(|event: &ProgressEvent| eprintln!("{event}"));
    let session = Session::with_listener(config, Arc::new(InMemory::new()), listener);

    let spec = DeploymentSpec::from_toml(include_str!(
        "../../geusemaker-testkit/cassettes/tier3.toml"
    ))?;
    let name = spec.name().clone();
    let deployment = session.plan(spec).await?.launch().await?.balance().await?;
    deployment.publish().await?.commit().await?;
    session.status(&name).await?;
    let undone = session.destroy(&name, FileSystems::Delete).await?;
    session.close().await;
    if !undone.is_complete() {
        return Err(format!("left over: {:?}", undone.left).into());
    }
    recorder.cassette().save(&file)?;
    Ok(())
}
