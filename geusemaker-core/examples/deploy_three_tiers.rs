//! Deploys all three tiers with a table of the progress, prints the outputs, and destroys the stack.
//!
//! `cargo run --example deploy_three_tiers` does so in a simulated account, where time is virtual: the ten minutes that
//! this takes at AWS pass at once. `main` says what to change for a real account.

use std::sync::OnceLock;

use geusemaker_core::spec::{Compute, Service, SpecError, Tier};
use geusemaker_core::{
    CommittedStack, DeploymentSpec, Error, FileSystems, Journals, Listener, ProgressEvent,
    ProgressUpdate, SdkConfig, Session, WaitOutcome,
};
use geusemaker_testkit::Aws;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    // For a real account: `Session::config_from_environment().await`, `Journals::in_folder(…)`, and a plain
    // `#[tokio::main]`.
    let aws = Aws::new();
    deploy_and_destroy(aws.sdk_config(), Journals::in_memory()).await
}

async fn deploy_and_destroy(config: SdkConfig, journals: Journals) -> Result<(), Error> {
    let session = Session::builder(config, journals)
        .listener(table())
        .build()?;
    let outcome = use_stack(&session).await;
    // Whatever has happened: this undoes what is not finished, and says what is left.
    session.close().await.into_result()?;
    outcome
}

/// Deploys the stack, uses it, and removes it.
async fn use_stack(session: &Session) -> Result<(), Error> {
    let stack = deploy(session, spec()?).await?;
    let outputs = &stack.outputs;
    println!();
    println!("url           {}", outputs.url.as_deref().unwrap_or("-"));
    for instance in &outputs.instances {
        println!("instance      {instance}");
    }
    println!();
    let undone = session.destroy(&stack.name, FileSystems::Delete).await?;
    undone.into_result()
}

/// The stack: one GPU instance with one service. `DeploymentSpec::from_file` reads the same from a TOML file.
fn spec() -> Result<DeploymentSpec, SpecError> {
    let ollama = Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?)
        .health_path("/api/version".parse()?);
    let compute = Compute::builder("g5.xlarge".parse()?);
    DeploymentSpec::builder("llm-prod".parse()?, Tier::Cdn, compute)
        .service(ollama)
        .build()
}

/// Each step consumes the deployment and returns it in its next state, so no other order compiles. A step that fails
/// undoes its own part; the `?` undoes the rest.
async fn deploy(session: &Session, spec: DeploymentSpec) -> Result<CommittedStack, Error> {
    let planned = session.plan(spec).await?;
    let ready = planned.launch().await?;
    let healthy = ready.balance().await?;
    let pending = healthy.create_cdn().await?;
    let deployed = pending.wait_until_deployed().await?;
    Ok(deployed.commit().await?)
}

/// Returns a listener that prints a row of the table for each event. It takes nothing from messages: everything that a
/// row needs is a field.
fn table() -> impl Listener {
    let start = OnceLock::new();
    move |event: &ProgressEvent| {
        let (resource, news) = match &event.update {
            ProgressUpdate::Step { step, .. } => (None, step.to_string()),
            ProgressUpdate::Created { resource, .. } => (Some(resource), "created".to_owned()),
            ProgressUpdate::Deleted { resource, .. } => (Some(resource), "deleted".to_owned()),
            ProgressUpdate::WaitEnded {
                resource,
                what,
                elapsed,
                outcome: WaitOutcome::Reached,
                ..
            } => (
                resource.as_ref(),
                format!("waited {}s for {what}", elapsed.as_secs()),
            ),
            // Every poll has one of these; `WaitEnded` is enough for a table that is not redrawn.
            ProgressUpdate::Waiting { .. } => return,
            // A call that is made again, a wait that was given up, and what else is rare: its sentence will do.
            rare => (None, rare.to_string()),
        };
        let seconds = event
            .at
            .duration_since(*start.get_or_init(|| event.at))
            .as_secs();
        let (kind, id) = match resource {
            Some(resource) => (resource.kind.to_string(), short(resource.id.as_str())),
            None => (String::new(), ""),
        };
        println!(
            "{:>3}:{:02}  {kind:<23}  {id:<36}  {news}",
            seconds / 60,
            seconds % 60
        );
    }
}

/// Returns the end of an ARN, and every other id as it is.
fn short(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn program_leaves_nothing() {
        let aws = Aws::new();
        let outcome = deploy_and_destroy(aws.sdk_config(), Journals::in_memory()).await;
        assert_eq!(aws.leftovers(), []);
        outcome.unwrap();
    }
}
