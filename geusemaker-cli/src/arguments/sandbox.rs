//! The arguments of `gm sandbox`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use geusemaker_core::ClockSpeed;

use super::guest_command::GuestCommand;

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

    /// Port of the HTTP proxy that leads to the account's load balancers, distributions and instances; 0 chooses a free
    /// one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) traffic_port: u16,

    /// Serve no traffic: nothing answers at the names of the account
    #[arg(long, conflicts_with_all = ["traffic_port", "guests"])]
    pub(crate) no_traffic: bool,

    /// Program that answers for a service in place of a stub, such as 'ollama=./my-server --port {port}'
    ///
    /// It is started for each instance of the service once that is up, and ended together with it. {port} is the port on
    /// which it has to listen, also in PORT; {instance} and {address} are the id and the private address of the instance.
    /// Can be given for several services.
    #[arg(long = "guest", value_name = "SERVICE=COMMAND")]
    pub(crate) guests: Vec<GuestCommand>,

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
