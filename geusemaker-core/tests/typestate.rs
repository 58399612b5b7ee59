//! The order of transitions is in the types: each wrong order fails to compile, beside a twin that differs by one line
//! and compiles.
//!
//! The twins are modules of this test, so the test does not compile if one of them does not. The wrong orders are
//! compiled by rustc against the library that cargo has built for this test. `TYPESTATE=overwrite` records the
//! compiler's messages for them; they are to be read before they are committed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    dead_code,
    unreachable_pub,
    reason = "the twins are compiled and never called"
)]

#[path = "typestate/balance_planned.compiles.rs"]
mod balance_planned;
#[path = "typestate/balance_twice.compiles.rs"]
mod balance_twice;
#[path = "typestate/commit_cdn_pending.compiles.rs"]
mod commit_cdn_pending;
#[path = "typestate/commit_planned.compiles.rs"]
mod commit_planned;
#[path = "typestate/create_cdn_ec2_ready.compiles.rs"]
mod create_cdn_ec2_ready;
#[path = "typestate/create_cdn_planned.compiles.rs"]
mod create_cdn_planned;
#[path = "typestate/create_cdn_twice.compiles.rs"]
mod create_cdn_twice;
#[path = "typestate/launch_twice.compiles.rs"]
mod launch_twice;
#[path = "typestate/publish_cdn_deployed.compiles.rs"]
mod publish_cdn_deployed;
#[path = "typestate/publish_ec2_ready.compiles.rs"]
mod publish_ec2_ready;
#[path = "typestate/publish_planned.compiles.rs"]
mod publish_planned;
#[path = "typestate/state_implemented.compiles.rs"]
mod state_implemented;
#[path = "typestate/state_of_ones_own.compiles.rs"]
mod state_of_ones_own;
#[path = "typestate/transition_again_after_failure.compiles.rs"]
mod transition_again_after_failure;
#[path = "typestate/transition_twice_on_one_value.compiles.rs"]
mod transition_twice_on_one_value;
#[path = "typestate/wait_until_deployed_alb_healthy.compiles.rs"]
mod wait_until_deployed_alb_healthy;
#[path = "typestate/wait_until_deployed_ec2_ready.compiles.rs"]
mod wait_until_deployed_ec2_ready;
#[path = "typestate/wait_until_deployed_planned.compiles.rs"]
mod wait_until_deployed_planned;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::SystemTime;

/// The messages of the compiler are those that were reviewed.
#[test]
fn wrong_orders_do_not_compile() {
    let compiler = Compiler::find();
    let cases = cases();
    let next = Mutex::new(cases.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = { next.lock().unwrap().next() } {
                    if let Err(complaint) = compiler.refuses(case) {
                        wrong.lock().unwrap().push(complaint);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A run of rustc against the library that this test is linked with.
struct Compiler {
    library: PathBuf,
    /// The directory for what rustc writes.
    output: tempfile::TempDir,
}

impl Compiler {
    /// Finds the library beside this test: the newest one that the twins compile against.
    ///
    /// Cargo keeps one for each choice of features and compiler flags, and those that are out of date. The newest is
    /// never older than this test's own, so it is built from the same sources.
    fn find() -> Self {
        let mut compiler = Self {
            library: PathBuf::new(),
            output: tempfile::tempdir().unwrap(),
        };
        let twins: String = cases()
            .iter()
            .map(|case| {
                let twin = folder().join(format!("{case}.compiles.rs"));
                format!("#[path = {twin:?}]\npub mod {case};\n")
            })
            .collect();
        let all = compiler.output.path().join("twins.rs");
        fs::write(&all, twins).unwrap();
        let mut refused = String::new();
        for library in libraries() {
            compiler.library = library;
            let output = compiler.run("lib", &all);
            if output.status.success() {
                return compiler;
            }
            refused.push_str(&compiler.library.display().to_string());
            refused.push('\n');
            refused.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        panic!("the twins do not compile against any library beside this test:\n{refused}");
    }

    /// Compiles a wrong order; a success, or messages other than the reviewed ones, are an error.
    fn refuses(&self, case: &str) -> Result<(), String> {
        let output = self.run("bin", Path::new(&format!("{FOLDER}/{case}.fails.rs")));
        if output.status.success() {
            return Err(format!("{case} compiles"));
        }
        let messages = comparable(&String::from_utf8(output.stderr).unwrap());
        let reviewed = folder().join(format!("{case}.fails.stderr"));
        if std::env::var_os("TYPESTATE").is_some_and(|value| value == "overwrite") {
            fs::write(reviewed, messages).unwrap();
            return Ok(());
        }
        let expected = fs::read_to_string(&reviewed).unwrap_or_default();
        if messages == expected.replace('\r', "") {
            return Ok(());
        }
        Err(format!(
            "{case}: the compiler says\n{messages}\ninstead of\n{expected}\n\
             TYPESTATE=overwrite records what it says now"
        ))
    }

    fn run(&self, crate_type: &str, file: &Path) -> Output {
        let mut library = OsString::from("geusemaker_core=");
        library.push(&self.library);
        let mut dependencies = OsString::from("dependency=");
        dependencies.push(self.library.parent().unwrap());
        // In this folder the library's own sources are not found by their paths, which cargo has made relative to the
        // workspace. So the messages do not quote them.
        Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["--crate-name", "case", "--edition", "2024"])
            .args(["--crate-type", crate_type, "--emit", "metadata"])
            .args(["--color", "never"])
            .arg("--out-dir")
            .arg(self.output.path())
            .arg("--extern")
            .arg(library)
            .arg("-L")
            .arg(dependencies)
            .arg(file)
            .output()
            .unwrap()
    }
}

/// Returns the builds of this package's library beside this test, the newest first.
fn libraries() -> Vec<PathBuf> {
    let this = std::env::current_exe().unwrap();
    let mut found: Vec<(SystemTime, PathBuf)> = fs::read_dir(this.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("libgeusemaker_core-") && name.ends_with(".rlib")
        })
        .map(|path| (fs::metadata(&path).unwrap().modified().unwrap(), path))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

/// Returns the messages without what changes with every edit of the library, and without the summary.
fn comparable(messages: &str) -> String {
    let mut text = String::new();
    for line in messages.replace('\r', "").lines() {
        if line.starts_with("error: aborting due to ") {
            break;
        }
        match line.split_once("--> ") {
            Some((indentation, place)) if !place.starts_with(FOLDER) => {
                let place = place.replace('\\', "/");
                let file = place.split(".rs:").next().unwrap();
                let file = file.strip_prefix("geusemaker-core/").unwrap_or(file);
                text.push_str(&format!("{indentation}--> {file}.rs"));
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    format!("{}\n", text.trim_end())
}

/// The folder of the cases, in this package.
const FOLDER: &str = "tests/typestate";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER)
}

fn cases() -> Vec<String> {
    let mut cases: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".fails.rs").map(str::to_owned)
        })
        .collect();
    cases.sort();
    cases
}

/// Each twin differs by one line.
#[test]
fn wrong_orders_have_compiling_twins() {
    let folder = folder();
    let mut pairs = 0;
    for case in cases() {
        let wrong = lines(&folder.join(format!("{case}.fails.rs")));
        let right = lines(&folder.join(format!("{case}.compiles.rs")));
        let only_wrong: Vec<_> = wrong.iter().filter(|line| !right.contains(line)).collect();
        let only_right: Vec<_> = right.iter().filter(|line| !wrong.contains(line)).collect();
        assert_eq!(only_wrong.len(), 1, "{case}: {only_wrong:?}");
        assert!(only_right.len() <= 1, "{case}: {only_right:?}");
        // A case that does not compile proves little unless its twin is compiled.
        let this = include_str!("typestate.rs");
        assert!(
            this.contains(&format!("mod {case};")),
            "{case} is not compiled here"
        );
        pairs += 1;
    }
    assert_eq!(pairs, 18);
}

/// Returns the significant lines of a case: not those that only complete the program or define a state of its own.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && *line != "fn main() {}");
    lines
        .filter(|line| !line.starts_with("use ") && !line.starts_with("pub struct "))
        .map(str::to_owned)
        .collect()
}
