//! The chores of the workspace that are more than one cargo command: `cargo xtask --help` lists them.

mod bench;
mod chaos;
mod clients;
mod conformance;
mod coverage;
mod coverage_report;
mod endpoint;
mod inventory;
mod kills;
mod llvm_tools;
mod load;
mod matrix;
mod moto;
mod process;
mod record;
mod served_sandbox;
mod tier;
mod virtual_environment;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure how fast and how large the simulator is, and how many requests a second it answers beside moto
    Bench,
    /// Run gm against moto with everything between them that goes wrong, and look for what it has lost
    Chaos(chaos::Options),
    /// Run the AWS CLI and boto3 against the sandbox on a socket: a stack's life with each
    Clients,
    /// Run gm against moto, an AWS server that others wrote: every tier up, checked and down again
    Conformance,
    /// Measure line coverage; fail when a crate has less than it must have
    Coverage,
    /// Kill gm at each of its calls, up and down, and at many random moments: the tests do some of it
    Kills,
    /// Let every mishap befall every call of a stack's life, and write docs/matrix.md
    Matrix,
    /// Record the deployment of tier 3 against moto as the testkit's cassette
    Record,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Bench => bench::run(),
        Task::Chaos(options) => chaos::run(&options),
        Task::Clients => clients::run(),
        Task::Conformance => conformance::run(),
        Task::Coverage => coverage::run(),
        Task::Kills => kills::run(),
        Task::Matrix => matrix::run(),
        Task::Record => record::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
