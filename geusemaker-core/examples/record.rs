//! Deploys a tier-3 stack, destroys it, and saves the traffic as a cassette: `record FILE`.
//!
//! The example uses the endpoint in `AWS_ENDPOINT_URL`, over plain HTTP; `cargo xtask record` runs it against moto.

use aws_smithy_http_client::Builder;
use geusemaker_core::{DeploymentSpec, FileSystems, Journals, ProgressEvent, Session};
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
    let session = Session::builder(config, Journals::in_memory())
        .listener(|event: &ProgressEvent| eprintln!("{event}"))
        .build()?;
    let lived = live(&session).await;
    // Closed in any case: a boxed error may hold a deployment.
    session.close().await.into_result()?;
    lived?;
    recorder.cassette().save(&file)?;
    Ok(())
}

/// Deploys the stack, looks at it, and destroys it.
async fn live(session: &Session) -> Result<(), Box<dyn std::error::Error>> {
    let spec = DeploymentSpec::from_toml(include_str!(
        "../../geusemaker-testkit/cassettes/tier3.toml"
    ))?;
    let name = spec.name().clone();
    let deployment = session.plan(spec).await?.launch().await?.balance().await?;
    deployment.publish().await?.commit().await?;
    session.status(&name).await?;
    session
        .destroy(&name, FileSystems::Delete)
        .await?
        .into_result()?;
    Ok(())
}
