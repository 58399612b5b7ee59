//! Begins a deployment in one process, which ends in the middle, and finishes it in another process.
//!
//! `cargo run --example resume_elsewhere` starts both processes, one after the other, in one folder. There are the
//! journals, which is all that the second process needs, and the simulated account, which would be AWS otherwise.

use std::env;
use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::Duration;

use geusemaker_core::{
    CommittedStack, DeploymentSpec, FileSystems, Journals, ProgressEvent, ProgressUpdate, Session,
    StackName, Step,
};
use geusemaker_testkit::{Aws, AwsBuilder, Snapshot};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Says to a process which of the two it is.
const PROCESS: &str = "RESUME_ELSEWHERE";

const JOURNALS: &str = "journals";
const ACCOUNT: &str = "account.json";

fn main() -> Result<()> {
    match env::var(PROCESS).as_deref() {
        Ok("first") => begin(),
        Ok(_) => finish(),
        Err(_) => start_both(),
    }
}

fn start_both() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for process in ["first", "second"] {
        let mut command = Command::new(env::current_exe()?);
        let status = command
            .current_dir(&folder)
            .env(PROCESS, process)
            .status()?;
        println!("the {process} process has ended: {status}");
        if status.success() != (process == "second") {
            return Err(format!("the {process} process has ended with {status}").into());
        }
    }
    Ok(())
}

/// The first process. It ends while AWS provisions the load balancer, as if somebody had killed it: nothing is
/// undone.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn begin() -> Result<()> {
    let aws = account().build();
    let session = Session::builder(aws.sdk_config(), Journals::in_folder(JOURNALS)?)
        .listener(|event: &ProgressEvent| {
            if let ProgressUpdate::Step {
                step: Step::WaitingForLoadBalancer,
                ..
            } = &event.update
            {
                std::process::exit(1);
            }
        })
        .build()?;
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
    let healthy = ready.balance().await?;
    Err(format!("{healthy:?} was not interrupted").into())
}

/// The second process. It finds in the journals what exists, and creates nothing twice.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn finish() -> Result<()> {
    let saved: Snapshot = serde_json::from_slice(&fs::read(ACCOUNT)?)?;
    let aws = account().restore(saved)?.build();
    // For a real account: `Session::config_from_environment().await`, and a plain `#[tokio::main]`.
    let session = Session::new(aws.sdk_config(), Journals::in_folder(JOURNALS)?);
    let outcome = finish_all(&session).await;
    // Whatever has happened: this undoes what is not finished, and says what is left.
    session.close().await.into_result()?;
    outcome?;
    let left = aws.leftovers();
    if !left.is_empty() {
        return Err(format!("{left:?} are left").into());
    }
    Ok(())
}

async fn finish_all(session: &Session) -> Result<()> {
    for name in session.stacks().await? {
        let found = session.summary(&name).await?;
        println!("found {name}: {}", found.phase);
        for resource in &found.resources {
            println!("  {} {}: {}", resource.kind, resource.key, resource.state);
        }
        let stack = resume(session, &name).await?;
        println!("finished {name}: {:?}", stack.outputs.url);
        let undone = session.destroy(&name, FileSystems::Delete).await?;
        undone.into_result()?;
    }
    Ok(())
}

/// Resumes a stack when no other process works on it. On Linux, the lock of a process that has ended is void at once;
/// elsewhere, and if that process ran on another machine, it expires after a quarter of an hour.
async fn resume(
    session: &Session,
    name: &StackName,
) -> Result<CommittedStack, geusemaker_core::Error> {
    loop {
        match session.resume(name).await {
            Err(error @ geusemaker_core::Error::Locked { .. }) => println!("{error}"),
            outcome => return outcome,
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

/// The simulated account, which writes itself to a file after every change, because AWS outlives the process.
fn account() -> AwsBuilder {
    Aws::builder().on_change(|account: &Snapshot| {
        let written = serde_json::to_vec(account).map(|json| fs::write(ACCOUNT, json));
        if !matches!(written, Ok(Ok(()))) {
            eprintln!("{ACCOUNT} cannot be written");
        }
    })
}

#[cfg(test)]
mod tests {
    /// Both processes are this test, too: they are started from the program that runs it.
    #[test]
    fn second_process_finishes_stack() {
        super::main().unwrap();
    }
}
