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

/// Puts a self-hosted AI stack on AWS: GPU instances, a load balancer, a CDN.
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
    /// Work in a simulated AWS account, which is kept between runs; no AWS account is needed
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,

    /// Print one JSON document on standard output
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "GM_OUTPUT"
    )]
    pub(crate) output: Output,

    /// Where journals are kept [default: $XDG_STATE_HOME/gm]
    #[arg(long, global = true, value_name = "DIR", env = "GM_STATE", value_parser = clap::builder::OsStringValueParser::new())]
    pub(crate) state: Option<OsString>,

    /// Print errors and results only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Log what happens below; twice for more
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
    /// The sandbox itself: an AWS account for other programs
    #[cfg(feature = "sandbox")]
    Sandbox(Sandbox),
}

#[derive(Debug, Subcommand)]
pub(crate) enum StackCommand {
    /// Show what a spec would make, and make nothing
    Plan(SpecFile),
    /// Bring a stack up, or finish bringing it up
    #[command(visible_alias = "up")]
    Deploy(Deploy),
    /// Go on with a stack whose deployment was interrupted
    Resume(Resume),
    /// Show what a stack consists of, and what AWS says of each part
    Status(Name),
    /// Show all stacks
    List,
    /// Show what the journal of a stack says, oldest first
    #[command(visible_alias = "history")]
    Events(Name),
    /// Remove a stack
    #[command(visible_alias = "down")]
    Destroy(Destroy),
    /// Remove a stack that was never finished
    Rollback(Rollback),
    /// Show what gm has made in the account and no journal here knows, or remove it
    #[command(visible_alias = "cleanup")]
    Leftovers(Leftovers),
}

#[derive(Args, Debug)]
pub(crate) struct SpecFile {
    /// The spec, a TOML file
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
    /// What becomes of the parts that work when another fails or a signal arrives [default: rollback; for a signal off
    /// a terminal: keep]
    #[arg(long, value_enum, env = "GM_ON_FAILURE")]
    pub(crate) on_failure: Option<OnFailure>,
}

impl OnFailureOption {
    /// What was asked for.
    pub(crate) fn checked(&self) -> Result<Option<OnFailure>, Failure> {
        if self.on_failure == Some(OnFailure::Ask) && !is_terminal() {
            return Err(Failure::usage(
                "--on-failure ask needs a terminal to ask on: give rollback or keep",
            ));
        }
        Ok(self.on_failure)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailure {
    /// Everything is removed
    Rollback,
    /// They stay, and `gm resume` goes on from there
    Keep,
    /// You are asked, on a terminal
    Ask,
}

#[derive(Args, Debug)]
pub(crate) struct Name {
    /// The stack's name
    #[arg(value_name = "NAME")]
    pub(crate) name: StackName,
}

#[derive(Args, Debug)]
pub(crate) struct Yes {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    /// Leave the file system and the data in it
    #[arg(long)]
    pub(crate) keep_file_system: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Leftovers {
    /// Only what was made for these stacks
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<StackName>,
    /// The region to look in [default: the environment's]
    #[arg(long)]
    pub(crate) region: Option<Region>,
    /// Remove what is found
    #[arg(long)]
    pub(crate) delete: bool,
    /// Leave file systems and the data in them
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
    /// Serve a simulated AWS account on a socket, to the AWS CLI and to programs on any SDK
    ///
    /// Standard output gets the variables that direct programs to it, and the account is served until SIGINT or
    /// SIGTERM. It is a new one, and gone at the end, unless --keep is given. With --output json there is one document
    /// when it begins and another when it has ended; with --verbose each call is logged to standard error.
    Serve(Serve),
}

#[cfg(feature = "sandbox")]
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,

    /// The port to listen on; 0 is any that is free
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,

    /// How many times as fast as at AWS time passes
    #[arg(
        long,
        value_name = "X",
        default_value = "60",
        allow_negative_numbers = true
    )]
    pub(crate) speed: ClockSpeed,

    /// How slow this AWS is
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,

    /// What ids and the random part of times follow from
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Throttle calls as AWS does, by its published limits, in the account's time: at `--speed 1` as at AWS
    #[arg(long)]
    pub(crate) throttling: bool,

    /// Let a new EC2 id be unknown to other calls for a moment, as it may be at AWS
    #[arg(long)]
    pub(crate) eventual_consistency: bool,

    /// What goes wrong: a TOML file of faults, such as geusemaker-testkit/examples/faults.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,

    /// Serve the account that `gm --sandbox` works in, and keep what becomes of it
    #[arg(long, conflicts_with_all = ["seed", "profile"])]
    pub(crate) keep: bool,
}

#[cfg(feature = "sandbox")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Nothing takes time
    Instant,
    /// Most steps take about as long as their median at AWS
    #[default]
    Typical,
    /// Every step takes as long as the slowest that was observed
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
