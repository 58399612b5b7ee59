//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use geusemaker_core::StackName;

use crate::exit_code;

/// Puts a self-hosted AI stack on AWS: GPU instances, a load balancer, a CDN.
#[derive(Debug, Parser)]
#[command(name = "gm", version, after_help = exit_code::HELP, arg_required_else_help = true)]
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
    /// Remove a stack
    #[command(visible_alias = "down")]
    Destroy(Destroy),
    /// Remove a stack that was never finished
    Rollback(Rollback),
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
    /// What becomes of the parts that work when another fails
    #[arg(long, value_enum, default_value_t, env = "GM_ON_FAILURE")]
    pub(crate) on_failure: OnFailure,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailure {
    /// Everything is removed
    #[default]
    Rollback,
    /// They stay, and `gm resume` goes on from there
    Keep,
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
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
}
