//! Deploys twenty stacks at once, from one spec and with one table, and removes them.
//!
//! Two of them fail, which does not disturb the others. `cargo run --example twenty_stacks` shows it in a simulated
//! account, where minutes pass at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use geusemaker_core::{
    CommittedStack, DeploymentSpec, Error, FileSystems, Journals, Listener, ProgressEvent,
    ProgressUpdate, SdkConfig, Session, StackName, Step,
};
use geusemaker_testkit::{Aws, Fault};
use tokio::task::JoinSet;

const STACKS: u32 = 20;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Error> {
    // For a real account: `Session::config_from_environment().await`, `Journals::in_folder(…)`, and a plain
    // `#[tokio::main]`.
    deploy_and_destroy(account().sdk_config()).await.map(drop)
}

/// An account in which AWS refuses two of the launches.
fn account() -> Aws {
    let refused = |nth| Fault::on("RunInstances").nth(nth).denied();
    Aws::builder().fault(refused(5)).fault(refused(12)).build()
}

/// Returns the number of stacks that were deployed.
async fn deploy_and_destroy(config: SdkConfig) -> Result<usize, Error> {
    let table = Arc::new(Table::default());
    let session = Session::builder(config, Journals::in_memory())
        .listener(Arc::clone(&table))
        .build()?;
    let outcome = use_stacks(&session, &table).await;
    // Whatever has happened: this undoes what is not finished, and says what became of it.
    let closed = session.close().await;
    for unfinished in &closed.unfinished {
        let undone = &unfinished.undone;
        println!(
            "{}: not finished; {} resources deleted, {} left",
            unfinished.stack,
            undone.deleted.len(),
            undone.left.len()
        );
    }
    closed.into_result()?;
    outcome
}

/// Deploys the stacks, shows the table meanwhile, and removes the stacks.
async fn use_stacks(session: &Session, table: &Table) -> Result<usize, Error> {
    let template = DeploymentSpec::from_toml(
        r#"
        name = "llm"
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
    let mut deploying = JoinSet::new();
    for number in 1..=STACKS {
        let name: StackName = format!("llm-{number:02}").parse()?;
        let spec = template.to_builder().name(name.clone()).build()?;
        let session = session.clone();
        deploying.spawn(async move { (name, deploy(&session, spec).await) });
    }

    let mut stacks = Vec::new();
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            done = deploying.join_next() => match done {
                Some(Ok((_, Ok(stack)))) => stacks.push(stack),
                // The error has dropped the deployment, and the session undoes it in the background.
                Some(Ok((name, Err(error)))) => table.set(&name, format!("failed: {}", error.with_sources())),
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
                None => break,
            },
            _ = minute.tick() => table.print(),
        }
    }
    table.print();
    println!("{} of {STACKS} stacks are deployed", stacks.len());

    let mut destroying = JoinSet::new();
    for CommittedStack { name, .. } in &stacks {
        let (session, name) = (session.clone(), name.clone());
        destroying.spawn(async move { session.destroy(&name, FileSystems::Delete).await });
    }
    // All of them are tried before the first error is returned.
    for undone in destroying.join_all().await {
        undone?.into_result()?;
    }
    Ok(stacks.len())
}

async fn deploy(session: &Session, spec: DeploymentSpec) -> Result<CommittedStack, Error> {
    let ready = session.plan(spec).await?.launch().await?;
    let healthy = ready.balance().await?;
    Ok(healthy.commit().await?)
}

/// A table with a line for each stack. Every event names the stack that it is about.
#[derive(Default)]
struct Table {
    lines: Mutex<BTreeMap<StackName, Line>>,
}

#[derive(Default)]
struct Line {
    resources: u32,
    news: String,
}

impl Listener for Table {
    fn on_event(&self, event: &ProgressEvent) {
        // Only work that concerns no single stack has none, such as the search for orphans.
        let Some(stack) = &event.stack else { return };
        self.change(stack, |line| match &event.update {
            ProgressUpdate::Step {
                step: Step::TargetsHealthy,
                ..
            } => line.news = "deployed".to_owned(),
            ProgressUpdate::Step { step, .. } => line.news = step.to_string(),
            ProgressUpdate::Created { .. } => line.resources += 1,
            ProgressUpdate::Deleted { .. } => line.resources = line.resources.saturating_sub(1),
            _ => {}
        });
    }
}

impl Table {
    fn set(&self, stack: &StackName, news: String) {
        self.change(stack, |line| line.news = news);
    }

    fn change(&self, stack: &StackName, change: impl FnOnce(&mut Line)) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        change(lines.entry(stack.clone()).or_default());
    }

    fn print(&self) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for (stack, Line { resources, news }) in &*lines {
            println!("{stack}  {resources:>2} resources  {news}");
        }
        println!();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failures_do_not_disturb_others() {
        let aws = account();
        let outcome = deploy_and_destroy(aws.sdk_config()).await;
        assert_eq!(aws.leftovers(), []);
        assert_eq!(outcome.unwrap(), 18);
    }
}
