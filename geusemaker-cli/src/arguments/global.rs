//! The options of every command.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

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

    /// Show each AWS call, with its outcome and time; -vv shows each attempt and more of the SDK
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}
