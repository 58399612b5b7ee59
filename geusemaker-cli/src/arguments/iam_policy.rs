//! The arguments of `gm iam-policy`.

use std::path::PathBuf;

use clap::Args;

use super::{SpecFile, Variables};

pub(super) const IAM_POLICY_EXAMPLES: &str = "Examples:
  gm iam-policy gm.toml > policy.json
  aws iam create-policy --policy-name gm-llm --policy-document file://policy.json
  gm iam-policy                        for stacks of any spec, and for gm leftovers";

#[derive(Args, Debug)]
pub(crate) struct IamPolicyOf {
    /// TOML file that describes the stack; - reads it from standard input [default: stacks of any spec]
    #[arg(value_name = "SPEC")]
    pub(crate) spec: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) variables: Variables,
}

impl IamPolicyOf {
    /// Returns the spec, if one is given.
    pub(crate) fn file(&self) -> Option<SpecFile> {
        let spec = self.spec.clone()?;
        let variables = self.variables.clone();
        Some(SpecFile { spec, variables })
    }
}
