//! The arguments of the commands that change a stack in use.

use clap::Args;
use geusemaker_core::spec::InvalidationPath;

use super::events_to::EventsTo;
use super::{Name, Yes};

pub(super) const INVALIDATE_EXAMPLES: &str = "Examples:
  gm invalidate llm                    everything that is cached
  gm invalidate llm '/static/*' /index.html";

#[derive(Args, Debug)]
pub(crate) struct Invalidate {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Paths whose cached answers are dropped; * at the end stands for any text [default: /*]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<InvalidationPath>,
    /// End as soon as CloudFront has accepted it
    #[arg(long)]
    pub(crate) no_wait: bool,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}

pub(super) const ROTATE_TOKEN_EXAMPLES: &str = "Examples:
  gm rotate-token llm                  admit a new token, and print it
  gm rotate-token llm --finish         admit the new token alone";

#[derive(Args, Debug)]
pub(crate) struct RotateToken {
    #[command(flatten)]
    pub(crate) name: Name,
    /// Drop the former token
    #[arg(long)]
    pub(crate) finish: bool,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}

#[derive(Args, Debug)]
pub(crate) struct RotateOriginSecret {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
    #[command(flatten)]
    pub(crate) events: EventsTo,
}

#[derive(Args, Debug)]
pub(crate) struct Unlock {
    #[command(flatten)]
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) yes: Yes,
}
