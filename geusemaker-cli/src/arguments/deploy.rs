//! The arguments of the commands that bring a stack up.

use clap::{Args, ValueEnum};

use super::events_to::EventsTo;
use super::timeout::Timeouts;
use super::verify::NoVerify;
use super::{Name, SpecFile, Yes};

#[derive(Args, Debug)]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) file: SpecFile,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) on_failure: OnFailureOption,
    #[command(flatten)]
    pub(crate) no_wait: NoWait,
    #[command(flatten)]
    pub(crate) no_verify: NoVerify,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}

#[derive(Args, Debug)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) on_failure: OnFailureOption,
    #[command(flatten)]
    pub(crate) no_wait: NoWait,
    #[command(flatten)]
    pub(crate) no_verify: NoVerify,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}

#[derive(Args, Debug)]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct NoWait {
    /// End with exit code 5 as soon as CloudFront has accepted the distribution, and keep everything; gm wait goes on
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Args, Debug)]
pub(crate) struct OnFailureOption {
    /// Action for the resources already created, when a later step fails or a signal arrives [default: rollback of what
    /// this command has created; keep after a signal without a terminal] [env: GM_ON_FAILURE]
    #[arg(long, value_enum)]
    pub(crate) on_failure: Option<OnFailure>,
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
