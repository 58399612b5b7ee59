//! The chores of the workspace that are more than one cargo command: `cargo xtask --help` lists them.

mod conformance;
mod coverage;
mod coverage_report;
mod inventory;
mod llvm_tools;
mod moto;
mod process;
mod record;
mod tier;
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
    /// Run gm against moto, an AWS server that others wrote: every tier up, checked and down again
    Conformance,
    /// Measure line coverage; fail when a crate has less than it must have
    Coverage,
    /// Record the deployment of tier 3 against moto as the testkit's cassette
    Record,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Conformance => conformance::run(),
        Task::Coverage => coverage::run(),
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
