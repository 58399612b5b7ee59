//! `cargo xtask matrix`: injects every fault into every call of a stack's life, and writes the page with the end of
//! each case.

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

/// The page, relative to the root of the workspace.
const PAGE: &str = "docs/matrix.md";

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut all = workspace.cargo();
    // With the features of the tests, in release mode: ten thousand cases are worth the optimizer.
    all.args(["test", "--release", "--workspace", "--test", "matrix"])
        .env("GEUSEMAKER_MATRIX", "all");
    process::run(&mut all).context("the matrix has a case that is not sound")?;
    let page = std::fs::read_to_string(workspace.root.join(PAGE))?;
    print!("{page}");
    Ok(())
}
