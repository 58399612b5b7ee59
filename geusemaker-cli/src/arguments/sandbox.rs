//! The arguments of `gm sandbox`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use geusemaker_core::ClockSpeed;

#[derive(Args, Debug)]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    pub(crate) command: SandboxCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Serve a simulated AWS account on a local port, for the AWS CLI and programs that use any AWS SDK
    ///
    /// Prints the environment variables that direct programs to the account, and serves it until SIGINT or SIGTERM. The
    /// account is new, and is discarded at the end, unless --keep is given. With --output json, one document is printed
    /// at the start and another at the end; with --verbose, each call is logged to standard error.
    Serve(Serve),
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,

    /// Port to listen on; 0 chooses a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,

    /// Simulated seconds per real second
    #[arg(
        long,
        value_name = "X",
        default_value = "60",
        allow_negative_numbers = true
    )]
    pub(crate) speed: ClockSpeed,

    /// Duration of each step of a resource; --profile means the same here [default: typical]
    #[arg(long, value_enum)]
    pub(crate) timings: Option<Timings>,

    /// Seed for generated ids and random delays
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Throttle calls at the published limits of AWS, counted in simulated seconds
    #[arg(long)]
    pub(crate) throttling: bool,

    /// Hide a new EC2 id from other calls for a moment, as AWS may do
    #[arg(long)]
    pub(crate) eventual_consistency: bool,

    /// TOML file of faults to inject, such as geusemaker-testkit/examples/faults.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,

    /// Serve the account that `gm --sandbox` uses, and keep the changes
    #[arg(long, conflicts_with_all = ["seed", "timings"])]
    pub(crate) keep: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Timings {
    /// No step takes time
    Instant,
    /// Most steps take about their median duration at AWS
    #[default]
    Typical,
    /// Every step takes the longest duration observed at AWS
    Slow,
}

impl From<Timings> for geusemaker_testkit::Timings {
    fn from(timings: Timings) -> Self {
        match timings {
            Timings::Instant => Self::Instant,
            Timings::Typical => Self::Typical,
            Timings::Slow => Self::Slow,
        }
    }
}
