//! `gm sandbox serve`, for a while.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::endpoint;
use crate::process;

/// A process that serves an account of its own; it ends when this is dropped.
pub(crate) struct ServedSandbox {
    server: Child,
    stdout: BufReader<ChildStdout>,
    endpoint: String,
}

/// The part that is used here of what it prints when it begins.
#[derive(Deserialize)]
struct Began {
    endpoint: String,
}

#[derive(Deserialize)]
struct Ended {
    served: Served,
}

/// What has become of the account.
#[derive(Deserialize)]
pub(crate) struct Served {
    pub(crate) calls: usize,
    pub(crate) leftovers: Vec<String>,
}

impl ServedSandbox {
    /// Serves a new account on a free port; the options say which.
    pub(crate) fn start(gm: &Path, options: &[&str]) -> Result<Self> {
        let mut server = Command::new(gm);
        endpoint::forget_aws(&mut server);
        let mut server = server
            .args(["sandbox", "serve", "--quiet", "--output", "json"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("gm sandbox serve cannot be started")?;
        let stdout = server.stdout.take().context("it has no output")?;
        let mut sandbox = Self {
            server,
            stdout: BufReader::new(stdout),
            endpoint: String::new(),
        };
        sandbox.endpoint = sandbox.document::<Began>()?.endpoint;
        Ok(sandbox)
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Ends it as a person would, and says what has become of the account.
    pub(crate) fn end(mut self) -> Result<Served> {
        let interrupt = format!("kill -INT {}", self.server.id());
        process::run(Command::new("sh").args(["-c", &interrupt]))?;
        let ended: Ended = self.document()?;
        let status = self.server.wait()?;
        ensure!(status.success(), "gm sandbox serve: {status}");
        Ok(ended.served)
    }

    /// The next document that it prints, which is a line.
    fn document<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        serde_json::from_str(&line)
            .with_context(|| format!("what gm sandbox serve prints cannot be read: {line:?}"))
    }
}

impl Drop for ServedSandbox {
    fn drop(&mut self) {
        // Either fails only when the server has ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
