//! The arguments of the verification of a stack.

use clap::Args;

use super::Name;

pub(super) const VERIFY_EXAMPLES: &str = "Examples:
  gm verify llm
  gm verify llm -o json | jq '.checks[] | select(.result == \"failed\")'";

#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) name: Name,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct NoVerify {
    /// End when the stack is deployed, without asking its services as gm verify does [env: GM_NO_VERIFY]
    #[arg(long)]
    pub(crate) no_verify: bool,
}
