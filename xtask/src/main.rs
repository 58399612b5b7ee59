//! The tasks of the workspace that need more than one cargo command: `cargo xtask --help` lists them.

mod bench;
mod chaos;
mod chromium;
mod clients;
mod conformance;
mod coverage;
mod coverage_report;
mod dist;
mod endpoint;
mod inventory;
mod kills;
mod layers;
mod llvm_tools;
mod load;
mod matrix;
mod moto;
mod paved_path;
mod prices;
mod process;
mod public_api;
mod record;
mod report;
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
    /// Measure the speed and memory of the simulator, and compare its requests per second with those of moto and nginx
    Bench {
        /// Measure the traffic through a load balancer alone
        #[arg(long)]
        traffic: bool,
    },
    /// Run gm against moto with faults of every kind between them, and check that nothing is lost
    Chaos(chaos::Options),
    /// Run the AWS CLI and boto3 against a served sandbox, each through the life of a stack
    Clients,
    /// Run gm against moto, an independent AWS server: deploy, check and destroy every tier
    Conformance,
    /// Measure line coverage; fail if a crate is below its limit
    Coverage,
    /// Build gm, its completions and manual pages for a package, and check the size of gm
    Dist,
    /// Kill gm at every call of a deployment and a removal, and at random moments; the tests run a sample of this
    Kills,
    /// Check that the folders of geusemaker-core import each other in one direction only
    Layers,
    /// Inject every fault into every call of a stack's life, and write docs/matrix.md
    Matrix,
    /// Make the table of list prices from the data in geusemaker-core/prices
    Prices(prices::Options),
    /// Compare the public API of the libraries with the lists in docs/api, and look for examples
    PublicApi(public_api::Options),
    /// Record a tier-3 deployment against moto as the testkit's cassette
    Record,
    /// Open the page of gm report and the image of gm graph in Chromium, and check that they are whole
    Report,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Bench { traffic } => bench::run(traffic),
        Task::Chaos(options) => chaos::run(&options),
        Task::Clients => clients::run(),
        Task::Conformance => conformance::run(),
        Task::Coverage => coverage::run(),
        Task::Dist => dist::run(),
        Task::Kills => kills::run(),
        Task::Layers => layers::run(),
        Task::Matrix => matrix::run(),
        Task::Prices(options) => prices::run(&options),
        Task::PublicApi(options) => public_api::run(&options),
        Task::Record => record::run(),
        Task::Report => report::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
