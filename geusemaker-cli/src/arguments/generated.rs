//! The arguments of the commands that print what is made from the command line itself.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// Shell that reads the script
    pub(crate) shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Command, such as deploy or sandbox serve [default: gm itself]
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
    /// Write the pages of all commands into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// Subject of the schema
    #[arg(value_enum, value_name = "WHAT")]
    pub(crate) of: SchemaOf,
}

/// The subject of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The spec file
    Spec,
    /// The documents of --output json, and the lines of gm logs
    Output,
    /// The lines of --events
    Events,
}
