//! `cargo xtask record`: records a tier-3 deployment against moto as a cassette of the testkit.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::moto::Moto;
use crate::process;
use crate::workspace::Workspace;

/// The cassette, relative to the root of the workspace.
const CASSETTE: &str = "geusemaker-testkit/cassettes/tier3.har";

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    workspace.build_programs()?;
    let moto = Moto::start(&workspace)?;
    let cassette = workspace.root.join(CASSETTE);
    fs::create_dir_all(cassette.with_file_name(""))?;
    let mut record = Command::new(workspace.example("record"));
    moto.direct(&mut record);
    process::run(record.arg(&cassette)).context("the recording failed")?;
    println!("{}", cassette.display());
    Ok(())
}
