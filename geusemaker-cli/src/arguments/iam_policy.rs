//! The arguments of `gm iam-policy`.

use std::path::PathBuf;

use clap::Args;

pub(super) const IAM_POLICY_EXAMPLES: &str = "Examples:
  gm iam-policy gm.toml > policy.json
  aws iam create-policy --policy-name gm-llm --policy-document file://policy.json
  gm iam-policy                        for stacks of any spec, and for gm leftovers";

#[derive(Args, Debug)]
pub(crate) struct IamPolicyOf {
    /// TOML file that describes the stack; - reads it from standard input [default: stacks of any spec]
    #[arg(value_name = "SPEC")]
    pub(crate) spec: Option<PathBuf>,
}
