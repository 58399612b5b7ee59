//! `cargo xtask public-api`: compares the public API of the libraries with the lists in `docs/api`, and checks that the
//! items of the paved path have examples.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::workspace::Workspace;
use crate::{paved_path, process};

/// The libraries whose API is listed.
const CRATES: [&str; 2] = ["geusemaker-core", "geusemaker-testkit"];

/// The folder of the lists, relative to the root of the workspace.
const LISTS: &str = "docs/api";

/// The version of rustdoc's JSON that the `public-api` crate in Cargo.lock reads: the one of Rust 1.95.
const JSON_FORMAT: u32 = 57;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write the lists anew, for a change of the API that is meant
    #[arg(long)]
    bless: bool,
}

/// The part of rustdoc's JSON that says how to read the rest.
#[derive(Deserialize)]
struct Header {
    format_version: u32,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let workspace = Workspace::read()?;
    document(&workspace)?;
    let mut changed = Vec::new();
    for name in CRATES {
        let json = json_of(&workspace, name);
        let Some(list) = list(&json)? else {
            return Ok(());
        };
        let file = workspace.root.join(LISTS).join(format!("{name}.txt"));
        if options.bless {
            std::fs::create_dir_all(workspace.root.join(LISTS))?;
            std::fs::write(&file, list)
                .with_context(|| format!("cannot write {}", file.display()))?;
            println!("{}", file.display());
            continue;
        }
        let listed = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let difference = difference(&listed, &list);
        if !difference.is_empty() {
            println!("{LISTS}/{name}.txt\n{difference}");
            changed.push(name);
        }
    }
    ensure!(
        changed.is_empty(),
        "the public API of {} is not the one in {LISTS}; if the change is meant, run `cargo xtask public-api --bless` \
         and commit the files",
        changed.join(" and ")
    );
    let missing = paved_path::without_example(&json_of(&workspace, "geusemaker-core"))?;
    ensure!(
        missing.is_empty(),
        "every program meets these, and their documentation has no example: {}",
        missing.join(", ")
    );
    Ok(())
}

/// Returns the path of the documentation of a library.
fn json_of(workspace: &Workspace, name: &str) -> PathBuf {
    let file = format!("{}.json", name.replace('-', "_"));
    workspace.target_directory.join("doc").join(file)
}

/// Writes the documentation of all crates as JSON.
fn document(workspace: &Workspace) -> Result<()> {
    // Only rustdoc is told to accept unstable options: in the environment of cargo, the variable would have every
    // dependency compiled anew. The targets and features are those of the documentation, for the same reason.
    let rustdoc = rustdoc(&workspace.target_directory)?;
    process::run(
        workspace
            .cargo()
            .args([
                "doc",
                "--quiet",
                "--locked",
                "--workspace",
                "--no-deps",
                "--all-features",
            ])
            .args(["--lib", "--bins", "--examples"])
            .env("RUSTDOC", rustdoc)
            .env(
                "RUSTDOCFLAGS",
                "-Zunstable-options --output-format=json --cap-lints=allow",
            ),
    )
}

/// Writes a script that runs rustdoc with its unstable options, and returns its path.
fn rustdoc(target: &Path) -> Result<PathBuf> {
    let folder = target.join("public-api");
    let script = folder.join("rustdoc");
    let text = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";
    std::fs::create_dir_all(&folder)?;
    if std::fs::read_to_string(&script).is_ok_and(|written| written == text) {
        return Ok(script);
    }
    std::fs::write(&script, text).with_context(|| format!("cannot write {}", script.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(script)
}

/// Returns the public items of a library, one a line, or nothing if this compiler's JSON cannot be read.
fn list(json: &Path) -> Result<Option<String>> {
    let text =
        std::fs::read_to_string(json).with_context(|| format!("cannot read {}", json.display()))?;
    let header: Header = serde_json::from_str(&text)
        .with_context(|| format!("{} is not rustdoc's JSON", json.display()))?;
    if header.format_version != JSON_FORMAT {
        println!(
            "skipped: this rustdoc writes JSON of version {}, and the check reads version {JSON_FORMAT}, that of \
             Rust 1.95",
            header.format_version
        );
        return Ok(None);
    }
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .with_context(|| format!("cannot read the public API from {}", json.display()))?;
    Ok(Some(format!("{api}\n")))
}

/// Returns the lines that were removed and added, empty if there are none.
fn difference(old: &str, new: &str) -> String {
    let old: BTreeSet<&str> = old.lines().collect();
    let new: BTreeSet<&str> = new.lines().collect();
    let removed = old.difference(&new).map(|line| format!("-{line}\n"));
    let added = new.difference(&old).map(|line| format!("+{line}\n"));
    removed.chain(added).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_names_removed_and_added_lines() {
        assert_eq!(difference("a\nb\nc\n", "a\nc\nd\n"), "-b\n+d\n");
    }

    #[test]
    fn difference_of_equal_lists_is_empty() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), "");
    }
}
