//! The facts that cargo reports about this workspace: its location and its targets.

use std::collections::BTreeSet;
use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process;

/// The part of `cargo metadata`'s output that the tasks use.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    pub(crate) target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let answer =
            process::output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&answer).context("the answer of `cargo metadata` cannot be read")
    }

    /// Returns a cargo command in the root of the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = cargo();
        cargo.current_dir(&self.root);
        cargo
    }

    /// Returns the names of the integration tests of all members.
    pub(crate) fn integration_tests(&self) -> BTreeSet<&str> {
        self.packages
            .iter()
            .flat_map(|package| &package.targets)
            .filter(|target| target.kind.iter().any(|kind| kind == "test"))
            .map(|target| target.name.as_str())
            .collect()
    }

    /// Builds `gm` and the examples.
    pub(crate) fn build_programs(&self) -> Result<()> {
        // With the examples, cargo chooses the features of the dependencies as `cargo test --workspace` does, so
        // that nothing is built a second time.
        process::run(
            self.cargo()
                .args(["build", "--workspace", "--bins", "--examples"]),
        )
    }

    /// Builds `gm` in release mode, and returns its path.
    pub(crate) fn build_released_gm(&self) -> Result<PathBuf> {
        // With the features of the benchmarks, so that both are built from the same dependencies.
        process::run(self.cargo().args([
            "build",
            "--release",
            "--workspace",
            "--bins",
            "--examples",
            "--benches",
        ]))?;
        Ok(self
            .target_directory
            .join("release")
            .join(format!("gm{EXE_SUFFIX}")))
    }

    /// Builds the programs alone with optimizations, and returns the path of `gm`.
    pub(crate) fn build_released_programs(&self) -> Result<PathBuf> {
        process::run(
            self.cargo()
                .args(["build", "--release", "--workspace", "--bins"]),
        )?;
        Ok(self
            .target_directory
            .join("release")
            .join(format!("gm{EXE_SUFFIX}")))
    }

    /// Returns the path of the `gm` that [`Self::build_programs`] builds.
    pub(crate) fn gm(&self) -> PathBuf {
        self.target_directory
            .join("debug")
            .join(format!("gm{EXE_SUFFIX}"))
    }

    /// Returns the path of an example that [`Self::build_programs`] builds.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        self.target_directory
            .join("debug/examples")
            .join(format!("{name}{EXE_SUFFIX}"))
    }
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
