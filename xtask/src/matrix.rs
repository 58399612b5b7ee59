//! `cargo xtask matrix`: every mishap at every call of a stack's life, and the page that says how each case ends.

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

/// Below the root of the workspace.
const PAGE: &str = "docs/matrix.md";

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut all = workspace.cargo();
    // With the tests' features, and as the benchmarks are built: ten thousand cases are worth the optimizer.
    all.args(["test", "--release", "--workspace", "--test", "matrix"])
        .env("GEUSEMAKER_MATRIX", "all");
    process::run(&mut all).context("the matrix has a case that is not sound")?;
    let page = std::fs::read_to_string(workspace.root.join(PAGE))?;
    print!("{page}");
    Ok(())
}
