//! `cargo xtask dist`: makes what a package of `gm` has: the program, completions and manual pages; and watches the size
//! of the program.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::process;
use crate::workspace::Workspace;

/// The most bytes of the program: a tenth more than it had when this was last set.
const MOST_BYTES: u64 = 70_000_000;

/// The shells, and the names that their completions have in a package.
const COMPLETIONS: [(&str, &str); 5] = [
    ("bash", "gm.bash"),
    ("elvish", "gm.elv"),
    ("fish", "gm.fish"),
    ("powershell", "_gm.ps1"),
    ("zsh", "_gm"),
];

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    let build = [
        "build",
        "--release",
        "--locked",
        "--package",
        "geusemaker-cli",
    ];
    process::run(workspace.cargo().args(build))?;
    let name = format!("gm{EXE_SUFFIX}");
    let gm = workspace.target_directory.join("release").join(&name);
    let dist = workspace.root.join("target/dist");
    let (completions, pages) = (dist.join("completions"), dist.join("man"));
    for folder in [&completions, &pages] {
        fs::create_dir_all(folder)?;
    }
    let packed = dist.join(name);
    fs::copy(&gm, &packed)?;
    for (shell, name) in COMPLETIONS {
        let script = process::output(Command::new(&gm).args(["completions", shell]))?;
        fs::write(completions.join(name), script)?;
    }
    process::run(Command::new(&gm).args(["man", "--dir"]).arg(&pages))?;
    println!("{}", dist.display());
    check_size(&packed)
}

/// Prints the size of the program, and fails if it has grown too much.
fn check_size(program: &Path) -> Result<()> {
    let bytes = fs::metadata(program)?.len();
    println!("gm has {bytes} bytes, {MOST_BYTES} at most");
    ensure!(
        bytes <= MOST_BYTES,
        "gm has grown: find out by what (cargo tree --duplicates), or raise MOST_BYTES in {}",
        file!()
    );
    Ok(())
}
