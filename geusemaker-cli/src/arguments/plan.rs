//! The arguments of `gm plan`.

use std::path::PathBuf;

use clap::Args;

use super::SpecFile;

pub(super) const PLAN_EXAMPLES: &str = "Examples:
  gm plan
  gm plan llm.toml --out llm.plan      for gm deploy llm.plan, which does exactly that
  gm plan --detailed-exitcode          for scripts: 9 if there is something to deploy";

#[derive(Args, Debug)]
pub(crate) struct PlanOf {
    #[command(flatten)]
    pub(crate) file: SpecFile,
    /// Write the plan into this file, for gm deploy
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// End with exit code 9 if gm deploy would change something, and 0 if not
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}
