//! `cargo xtask kills`: runs the tests that kill `gm`, at all of its calls instead of some.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    // All members, so that cargo chooses the features of the dependencies as it does for the plain tests.
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--workspace", "--test", "command_line"])
        .args(["--", "killed::"])
        .env("GM_KILLS", "all");
    process::run(&mut tests)
}
