//! A running `gm sandbox serve`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::endpoint;
use crate::process;

/// A process that serves its own account; it ends when this is dropped.
pub(crate) struct ServedSandbox {
    server: Child,
    stdout: BufReader<ChildStdout>,
    endpoint: String,
}

/// The part of its first document that the tasks use.
#[derive(Deserialize)]
struct Began {
    endpoint: String,
}

#[derive(Deserialize)]
struct Ended {
    served: Served,
}

/// The summary of the account at the end.
#[derive(Deserialize)]
pub(crate) struct Served {
    pub(crate) calls: usize,
    pub(crate) leftovers: Vec<String>,
}

impl ServedSandbox {
    /// Serves a new account on a free port, with these options.
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
        let stdout = server
            .stdout
            .take()
            .context("its standard output is closed")?;
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

    /// Returns the id of the process.
    pub(crate) fn process_id(&self) -> u32 {
        self.server.id()
    }

    /// Ends the process as a person would, and returns the summary of the account.
    pub(crate) fn end(mut self) -> Result<Served> {
        let interrupt = format!("kill -INT {}", self.server.id());
        process::run(Command::new("sh").args(["-c", &interrupt]))?;
        let ended: Ended = self.document()?;
        let status = self.server.wait()?;
        ensure!(status.success(), "gm sandbox serve: {status}");
        Ok(ended.served)
    }

    /// Reads the next document, which is one line.
    fn document<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        serde_json::from_str(&line)
            .with_context(|| format!("what gm sandbox serve prints cannot be read: {line:?}"))
    }
}

impl Drop for ServedSandbox {
    fn drop(&mut self) {
        // Both calls fail only if the server has ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
