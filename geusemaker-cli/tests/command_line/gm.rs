//! The program under test, with its own home directory and a nearly empty environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use geusemaker_testkit::{Aws, Snapshot};
use serde_json::Value;
use tempfile::TempDir;

use crate::json_schema;

/// A machine on which `gm` runs: its home directory, where `gm` starts and keeps its state.
pub(crate) struct Gm {
    home: TempDir,
}

/// A run of `gm` that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Credentials of no real account.
pub(crate) const CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    ("AWS_REGION", "us-east-1"),
];

/// The variables that a program needs to start at all, and to write its coverage.
const KEPT: [&str; 3] = ["PATH", "LLVM_PROFILE_FILE", "SystemRoot"];

impl Gm {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// Creates another machine with the same files.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_files(self.home(), copy.home());
        copy
    }

    /// Writes `gm.toml`, the default spec of `gm`.
    pub(crate) fn write_spec(&self, text: &str) {
        fs::write(self.home.path().join("gm.toml"), text).unwrap();
    }

    /// Runs `gm` in the sandbox.
    pub(crate) fn sandbox(&self, arguments: &[&str]) -> Ended {
        self.run(&[], &[&["--sandbox"], arguments].concat())
    }

    /// Runs `gm` outside the sandbox, on the AWS endpoint at this address.
    pub(crate) fn at(&self, endpoint: &str, arguments: &[&str]) -> Ended {
        let endpoint = [("AWS_ENDPOINT_URL", endpoint)];
        self.run(&[CREDENTIALS.as_slice(), &endpoint].concat(), arguments)
    }

    /// Runs `gm` with these environment variables and hardly any others.
    pub(crate) fn run(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let output = self.command(environment, arguments).output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Returns the command that [`Self::run`] runs.
    pub(crate) fn command(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo_bin!("gm"));
        command.env_clear();
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .current_dir(self.home())
            .env("HOME", self.home())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(environment.iter().copied())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns the default state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.home().join(".local/state/gm")
    }

    /// Returns the journal folders of all stacks, in the sandbox and outside it.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        [self.state(), self.state().join("sandbox")]
            .iter()
            .filter_map(|state| fs::read_dir(state.join("journals")).ok())
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    /// Returns the resources that are left in the sandbox's account.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let file = self.state().join("sandbox").join("account.json");
        let Ok(json) = fs::read(file) else {
            return Vec::new();
        };
        let snapshot: Snapshot = serde_json::from_slice(&json).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let aws = Aws::builder().restore(snapshot).unwrap().build();
            aws.leftovers().iter().map(ToString::to_string).collect()
        })
    }
}

impl Ended {
    /// Asserts the exit code, and returns the run.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Returns the document on standard output, which must be one line of JSON and nothing else, as the schema says of
    /// its command.
    #[track_caller]
    pub(crate) fn document(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        let document: Value = serde_json::from_str(&self.stdout).unwrap();
        // 9: there is something to deploy, which is what was asked.
        let is_ok = matches!(self.code, Some(0 | 9));
        assert_eq!(document["ok"], is_ok, "{document}");
        json_schema::assert_document(&document);
        document
    }

    /// Asserts that the output is an error in text, on standard error alone, with all of these fragments.
    #[track_caller]
    pub(crate) fn says(&self, fragments: &[&str]) {
        assert_eq!(self.stdout, "");
        assert!(self.stderr.contains("error: "), "{}", self.stderr);
        for fragment in fragments {
            assert!(
                self.stderr.contains(fragment),
                "no {fragment:?} in:\n{}",
                self.stderr
            );
        }
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy_files(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}
