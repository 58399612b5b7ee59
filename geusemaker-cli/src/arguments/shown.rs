//! The arguments of the commands that show a stack.

use clap::Args;

use super::Name;

pub(super) const STATUS_EXAMPLES: &str = "Examples:
  gm status llm
  gm status llm --watch                redraw until Ctrl-C; in a pipe, a line for each change
  gm status llm --wide                 whole ids and ARNs, however wide the terminal is";

#[derive(Args, Debug)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Show whole ids, and all columns
    #[arg(long)]
    pub(crate) wide: bool,
    /// Look again every 5 seconds until a signal
    #[arg(short = 'w', long)]
    pub(crate) watch: bool,
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Ask AWS for the state of each stack, and for the size of each file system
    #[arg(long)]
    pub(crate) check: bool,
}

pub(super) const OUTPUTS_EXAMPLES: &str = "Examples:
  gm outputs llm
  gm outputs llm -r url                the value alone, for scripts
  gm outputs llm -o json";

#[derive(Args, Debug)]
pub(crate) struct OutputsOf {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Print the value of this key alone, a line for each if there are several
    #[arg(short, long, value_name = "KEY")]
    pub(crate) raw: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Events {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Show the ends of the consoles of instances that a failure has removed
    #[arg(long)]
    pub(crate) console: bool,
}
