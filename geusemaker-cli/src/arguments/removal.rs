//! The arguments of the commands that remove resources.

use clap::Args;
use geusemaker_core::StackName;

use super::events_to::EventsTo;
use super::timeout::Timeouts;
use super::{Name, Yes};

#[derive(Args, Debug)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    /// Keep the file system and its data
    #[arg(long)]
    pub(crate) keep_file_system: bool,
    /// Delete the file systems that earlier removals of the stack have kept, with all their data, and nothing else
    #[arg(long, conflicts_with = "keep_file_system")]
    pub(crate) file_system: bool,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}

#[derive(Args, Debug)]
pub(crate) struct Leftovers {
    /// Only resources of these stacks
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<StackName>,
    /// Delete the resources that are found
    #[arg(long)]
    pub(crate) delete: bool,
    /// Keep file systems and their data
    #[arg(long, requires = "delete")]
    pub(crate) keep_file_systems: bool,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}

#[derive(Args, Debug)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) timeouts: Timeouts,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}
