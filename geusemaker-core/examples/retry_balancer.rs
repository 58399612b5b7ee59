//! Makes a step that has failed again, on the deployment that the error gives back.
//!
//! Here AWS denies the load balancer at first: the instances run, they take minutes and money, and nobody wants to
//! start over for a permission that is missing. `cargo run --example retry_balancer` shows it in a simulated account.

use geusemaker_core::{
    AlbHealthy, CommittedStack, Deployment, DeploymentSpec, Ec2Ready, Error, Failed, FileSystems,
    Journals, SdkConfig, Session,
};
use geusemaker_testkit::{Aws, Fault};

const MOST_ATTEMPTS: u32 = 3;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    // For a real account: `Session::config_from_environment().await`, `Journals::in_folder(…)`, and a plain
    // `#[tokio::main]`.
    let aws = Aws::builder()
        .fault(Fault::on("CreateLoadBalancer").denied())
        .build();
    deploy_and_destroy(aws.sdk_config()).await
}

async fn deploy_and_destroy(config: SdkConfig) -> Result<(), Error> {
    let session = Session::new(config, Journals::in_memory());
    let outcome = use_stack(&session).await;
    // Whatever has happened: this undoes what is not finished, and says what is left.
    session.close().await.into_result()?;
    outcome
}

/// Deploys the stack, and removes it.
async fn use_stack(session: &Session) -> Result<(), Error> {
    let stack = deploy(session).await?;
    println!("{} is deployed: {:?}", stack.name, stack.outputs.url);
    let undone = session.destroy(&stack.name, FileSystems::Delete).await?;
    undone.into_result()
}

async fn deploy(session: &Session) -> Result<CommittedStack, Error> {
    let spec = DeploymentSpec::from_toml(
        r#"
        name = "llm-prod"
        tier = 2
        [compute]
        instance_type = "g5.xlarge"
        [[service]]
        name = "ollama"
        port = 11434
        health_path = "/api/version"
        image = "ollama/ollama:latest"
        "#,
    )?;
    let ready = session.plan(spec).await?.launch().await?;
    println!("launched {}", ready.state().instances[0].id);
    let healthy = balance(ready).await?;
    // The same instance: it was never stopped.
    println!("balanced {}", healthy.state().ec2.instances[0].id);
    Ok(healthy.commit().await?)
}

/// Calls `balance()` until it succeeds, but only a few times.
async fn balance(mut ready: Deployment<Ec2Ready>) -> Result<Deployment<AlbHealthy>, Error> {
    let mut attempts = 1;
    loop {
        match ready.balance().await {
            Ok(healthy) => return Ok(healthy),
            Err(failed) if attempts < MOST_ATTEMPTS => {
                explain(&failed);
                // A person would now allow the action; the simulated AWS denies it only once.
                ready = failed.previous;
                attempts += 1;
            }
            // Gives up: the deployment in the error is dropped, and the session undoes it.
            Err(failed) => return Err(failed.into()),
        }
    }
}

/// Prints the reason of a failure, the remedy, and what has become of the step's own part.
fn explain(failed: &Failed<Ec2Ready>) {
    println!("balance() failed");
    println!("  reason   {}", failed.error.with_sources());
    println!("  remedy   {}", failed.error.remedy());
    for resource in &failed.undone.deleted {
        println!("  undone   {} {}", resource.kind, resource.key);
    }
    for leftover in &failed.undone.left {
        println!("  left     {leftover}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn second_attempt_succeeds() {
        let aws = Aws::builder()
            .fault(Fault::on("CreateLoadBalancer").denied())
            .build();
        let outcome = deploy_and_destroy(aws.sdk_config()).await;
        assert_eq!(aws.leftovers(), []);
        outcome.unwrap();
        let calls = aws.calls();
        // The instances of the first attempt were used, and terminated at the end.
        let ends = calls
            .iter()
            .filter(|call| call.operation == "TerminateInstances");
        assert_eq!(ends.count(), 1);
    }

    /// Also when every attempt fails.
    #[tokio::test(start_paused = true)]
    async fn failed_deployment_leaves_nothing() {
        let aws = Aws::builder()
            .fault(
                Fault::on("CreateLoadBalancer")
                    .denied()
                    .times(MOST_ATTEMPTS),
            )
            .build();
        let outcome = deploy_and_destroy(aws.sdk_config()).await;
        assert_eq!(aws.leftovers(), []);
        let error = outcome.unwrap_err();
        assert!(error.call().is_some(), "{error}");
    }
}
