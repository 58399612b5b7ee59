//! The program under test, with a home of its own and nothing of the environment around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use geusemaker_testkit::{Aws, Snapshot};
use serde_json::Value;
use tempfile::TempDir;

/// A machine on which `gm` runs: its home, in which it starts, with its state below.
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

/// Credentials that no account has.
pub(crate) const CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    ("AWS_REGION", "us-east-1"),
];

/// What a program needs to start at all, and to write its coverage.
const KEPT: [&str; 3] = ["PATH", "LLVM_PROFILE_FILE", "SystemRoot"];

impl Gm {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// Another machine, with the same files.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_files(self.home(), copy.home());
        copy
    }

    /// Writes `gm.toml`, the spec that `gm` takes if it is not told of another.
    pub(crate) fn write_spec(&self, text: &str) {
        fs::write(self.home.path().join("gm.toml"), text).unwrap();
    }

    /// Runs `gm` in the sandbox.
    pub(crate) fn sandbox(&self, arguments: &[&str]) -> Ended {
        self.run(&[], &[&["--sandbox"], arguments].concat())
    }

    /// Runs `gm` outside the sandbox, on the AWS at an endpoint.
    pub(crate) fn at(&self, endpoint: &str, arguments: &[&str]) -> Ended {
        let endpoint = [("AWS_ENDPOINT_URL", endpoint)];
        self.run(&[CREDENTIALS.as_slice(), &endpoint].concat(), arguments)
    }

    /// Runs `gm` with these variables and hardly any others.
    pub(crate) fn run(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let output = self.command(environment, arguments).output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `gm` as [`Self::run`] runs it, yet to be started.
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

    /// Where the state is unless something else is asked for.
    pub(crate) fn state(&self) -> PathBuf {
        self.home().join(".local/state/gm")
    }

    /// The stacks that have a journal, in the sandbox or out of it.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        [self.state(), self.state().join("sandbox")]
            .iter()
            .filter_map(|state| fs::read_dir(state.join("journals")).ok())
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    /// What is left in the sandbox's account.
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
    /// The same, if it ended with this code.
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

    /// What standard output holds: one JSON document on a line, and nothing else.
    #[track_caller]
    pub(crate) fn document(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        let document: Value = serde_json::from_str(&self.stdout).unwrap();
        assert_eq!(document["schema"], "gm/1", "{document}");
        assert_eq!(document["ok"], self.code == Some(0), "{document}");
        document
    }

    /// Whether it is an error in text that has all of these in it, on standard error alone.
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
