//! `cargo xtask coverage`: runs the tests with instrumentation, and reports the line coverage of each crate.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::coverage_report::CoverageReport;
use crate::llvm_tools::LlvmTools;
use crate::process;
use crate::workspace::Workspace;

/// The version that CI installs.
const CARGO_LLVM_COV: &str = "0.9.1";

/// The crates that are measured, and must not fall below [`LEAST_PERCENT`].
const CRATES: [&str; 3] = ["geusemaker-core", "geusemaker-testkit", "geusemaker-cli"];
const LEAST_PERCENT: f64 = 80.0;

/// The tests that are left out. The matrix repeats code that other tests reach, a thousand times; compile-fail tests
/// run nothing, and would build all dependencies once more.
const SKIPPED_TESTS: [&str; 2] = ["matrix", "typestate"];

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    let llvm = LlvmTools::find()?;
    let directory = workspace.target_directory.join("coverage");
    let summary = directory.join("summary.json");
    let lcov = directory.join("lcov.info");
    std::fs::create_dir_all(&directory)?;

    let llvm_cov = |words: &str| {
        let mut command = workspace.cargo();
        command.arg("llvm-cov").args(words.split(' '));
        instrumented(&mut command, &workspace.target_directory, &llvm);
        command
    };
    ensure_installed(llvm_cov("--version"))?;

    // A test may kill `gm` while it writes its profile; `--failure-mode all` ignores such a profile.
    let mut tests = llvm_cov("test --workspace --exclude xtask --lib --bins --failure-mode all");
    for test in workspace.integration_tests() {
        if !SKIPPED_TESTS.contains(&test) {
            tests.args(["--test", test]);
        }
    }
    tests.args(["--json", "--summary-only", "--output-path"]);
    process::run(tests.arg(&summary))?;
    // The same profiles as HTML for people, and as LCOV for editors.
    process::run(llvm_cov("report --failure-mode all --html --output-dir").arg(&directory))?;
    process::run(llvm_cov("report --failure-mode all --lcov --output-path").arg(&lcov))?;

    let report = CoverageReport::read(
        &std::fs::read_to_string(&summary)?,
        &workspace.root,
        &CRATES,
    )
    .with_context(|| format!("{} cannot be read", summary.display()))?;
    print!("\n{report}\n");
    println!("{}", directory.join("html/index.html").display());
    println!("{}", lcov.display());

    let short = report.below(LEAST_PERCENT);
    ensure!(
        short.is_empty(),
        "line coverage is below {LEAST_PERCENT} % in {}",
        short.join(" and ")
    );
    Ok(())
}

fn ensure_installed(mut version: Command) -> Result<()> {
    let status = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(
        status.is_ok_and(|status| status.success()),
        "cargo-llvm-cov is not installed: `cargo install --locked cargo-llvm-cov@{CARGO_LLVM_COV}`"
    );
    Ok(())
}

fn instrumented(command: &mut Command, target: &Path, llvm: &LlvmTools) {
    command
        .env("LLVM_COV", &llvm.cov)
        .env("LLVM_PROFDATA", &llvm.profdata);
    // cargo-llvm-cov instruments the workspace members only, so it can share the target directory, and with it the
    // dependencies, of the plain tests.
    command.env("CARGO_LLVM_COV_TARGET_DIR", target);
    if cfg!(unix) {
        // The wrapper does nothing, but makes cargo keep the instrumented members apart from the plain build.
        command.env("RUSTC_WORKSPACE_WRAPPER", "/usr/bin/env");
    }
}
