//! The command line.

use std::ffi::OsString;
#[cfg(feature = "sandbox")]
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
#[cfg(feature = "sandbox")]
use geusemaker_core::ClockSpeed;
use geusemaker_core::StackName;
use geusemaker_core::spec::Region;

use crate::confirm::is_terminal;
use crate::exit_code;
use crate::failure::Failure;

/// Deploys a self-hosted AI stack to AWS: GPU instances, a load balancer and a CDN.
#[derive(Debug, Parser)]
#[command(name = "gm", version, after_help = exit_code::help(), arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Use a simulated AWS account, kept between runs, instead of a real one
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,

    /// Format of the result on standard output: text, or one JSON document
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "GM_OUTPUT"
    )]
    pub(crate) output: Output,

    /// Directory of the journals, the records of all stacks [default: $XDG_STATE_HOME/gm]
    #[arg(long, global = true, value_name = "DIR", env = "GM_STATE", value_parser = clap::builder::OsStringValueParser::new())]
    pub(crate) state: Option<OsString>,

    /// Print only errors and results
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Log to standard error; -vv includes the AWS calls
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Stack(StackCommand),
    /// Run a simulated AWS account for other programs
    #[cfg(feature = "sandbox")]
    Sandbox(Sandbox),
}

#[derive(Debug, Subcommand)]
pub(crate) enum StackCommand {
    /// Show what a spec would create, and create nothing
    Plan(SpecFile),
    /// Deploy a stack, or finish deploying it
    #[command(visible_alias = "up")]
    Deploy(Deploy),
    /// Continue a deployment that was interrupted or kept
    Resume(Resume),
    /// Show a stack's resources, and their state in AWS
    Status(Name),
    /// List all stacks
    List,
    /// Show the history of a stack, oldest event first
    #[command(visible_alias = "history")]
    Events(Name),
    /// Remove a stack, finished or not
    #[command(visible_alias = "down")]
    Destroy(Destroy),
    /// Remove a stack whose deployment was never finished
    Rollback(Rollback),
    /// List, or delete, resources tagged by gm that no local journal knows
    #[command(visible_alias = "cleanup")]
    Leftovers(Leftovers),
}

#[derive(Args, Debug)]
pub(crate) struct SpecFile {
    /// TOML file that describes the stack
    #[arg(value_name = "SPEC", default_value = "gm.toml")]
    pub(crate) spec: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) file: SpecFile,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) on_failure: OnFailureOption,
}

#[derive(Args, Debug)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) on_failure: OnFailureOption,
}

#[derive(Args, Debug)]
pub(crate) struct OnFailureOption {
    /// Action for the resources already created, when a later step fails or a signal arrives [default: rollback; keep
    /// after a signal without a terminal]
    #[arg(long, value_enum, env = "GM_ON_FAILURE")]
    pub(crate) on_failure: Option<OnFailure>,
}

impl OnFailureOption {
    /// Returns the requested action, if it can work here: `ask` needs a terminal.
    pub(crate) fn checked(&self) -> Result<Option<OnFailure>, Failure> {
        if self.on_failure == Some(OnFailure::Ask) && !is_terminal() {
            return Err(Failure::usage(
                "--on-failure ask needs a terminal: give rollback or keep",
            ));
        }
        Ok(self.on_failure)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailure {
    /// Remove all of them
    Rollback,
    /// Keep the parts that work; `gm resume` continues from there
    Keep,
    /// Ask on the terminal
    Ask,
}

#[derive(Args, Debug)]
pub(crate) struct Name {
    /// Name of the stack
    #[arg(value_name = "NAME")]
    pub(crate) name: StackName,
}

#[derive(Args, Debug)]
pub(crate) struct Yes {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    /// Keep the file system and its data
    #[arg(long)]
    pub(crate) keep_file_system: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Leftovers {
    /// Only resources of these stacks
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<StackName>,
    /// Region to search [default: the region of the AWS environment]
    #[arg(long)]
    pub(crate) region: Option<Region>,
    /// Delete the resources that are found
    #[arg(long)]
    pub(crate) delete: bool,
    /// Keep file systems and their data
    #[arg(long, requires = "delete")]
    pub(crate) keep_file_systems: bool,
    #[command(flatten)]
    pub(crate) yes: Yes,
}

#[derive(Args, Debug)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
}

#[cfg(feature = "sandbox")]
#[derive(Args, Debug)]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    pub(crate) command: SandboxCommand,
}

#[cfg(feature = "sandbox")]
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Serve a simulated AWS account on a local port, for the AWS CLI and programs that use any AWS SDK
    ///
    /// Prints the environment variables that direct programs to the account, and serves it until SIGINT or SIGTERM. The
    /// account is new, and is discarded at the end, unless --keep is given. With --output json, one document is printed
    /// at the start and another at the end; with --verbose, each call is logged to standard error.
    Serve(Serve),
}

#[cfg(feature = "sandbox")]
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

    /// Duration of each step of a resource
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,

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
    #[arg(long, conflicts_with_all = ["seed", "profile"])]
    pub(crate) keep: bool,
}

#[cfg(feature = "sandbox")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// No step takes time
    Instant,
    /// Most steps take about their median duration at AWS
    #[default]
    Typical,
    /// Every step takes the longest duration observed at AWS
    Slow,
}

#[cfg(feature = "sandbox")]
impl From<Profile> for geusemaker_testkit::Timings {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Instant => Self::Instant,
            Profile::Typical => Self::Typical,
            Profile::Slow => Self::Slow,
        }
    }
}
