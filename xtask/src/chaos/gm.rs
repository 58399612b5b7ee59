//! Runs of `gm` through the proxy.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::fault::FaultProfile;
use super::proxy::{Injection, Proxy};
use crate::endpoint;

/// The program with its spec and its state in its own directory.
pub(super) struct Gm<'a> {
    pub(super) program: &'a Path,
    pub(super) proxy: &'a Proxy,
    pub(super) directory: PathBuf,
    /// The number of commands so far.
    pub(super) count: usize,
}

/// The end of a command, and its output.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) end: End,
    pub(super) document: Option<Document>,
    pub(super) log: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Code(i32),
    Killed,
    /// The command took longer than any command may, and was killed.
    Hung,
}

/// The parts of `gm`'s documents that the checks use.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) phase: Option<String>,
    #[serde(default)]
    pub(super) resources: Vec<Listed>,
    #[serde(default)]
    pub(super) leftovers: Vec<Listed>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    pub(super) kind: String,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default)]
    pub(super) adopted: bool,
}

impl Gm<'_> {
    pub(super) fn spec(&self) -> PathBuf {
        self.directory.join("gm.toml")
    }

    pub(super) fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// Runs a command under the fault profile and the injected signal, and reads its output.
    pub(super) fn run(
        &mut self,
        arguments: &[&str],
        profile: FaultProfile,
        strike: Option<Injection>,
    ) -> Result<Run> {
        self.count += 1;
        let name = format!("{:02}-{}", self.count, arguments[0]);
        let printed = self.directory.join(format!("{name}.json"));
        let log = self.directory.join(format!("{name}.log"));
        self.proxy.begin(profile, strike);
        let mut gm = Command::new(self.program);
        endpoint::direct(&mut gm, &self.proxy.uri());
        let mut gm = gm
            .args(arguments)
            .args(["--output", "json", "--state"])
            .arg(self.state())
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(File::create(&printed)?)
            .stderr(File::create(&log)?)
            .spawn()
            .context("gm cannot be started")?;
        let status = self.wait(&mut gm)?;
        self.proxy.wait_until_idle(false)?;
        Ok(Run {
            end: match status {
                None => End::Hung,
                Some(status) => match (status.code(), status.signal()) {
                    (Some(code), _) => End::Code(code),
                    (None, _) => End::Killed,
                },
            },
            document: serde_json::from_str(&fs::read_to_string(&printed)?).ok(),
            log: fs::read_to_string(&log)?,
        })
    }

    fn wait(&self, gm: &mut std::process::Child) -> Result<Option<ExitStatus>> {
        const LONGEST: Duration = Duration::from_secs(1200);
        const STEP: Duration = Duration::from_millis(20);
        let process = Some(gm.id());
        for _ in 0..LONGEST.as_millis() / STEP.as_millis() {
            if let Some(status) = self.proxy.watch(process, || gm.try_wait())? {
                self.proxy.watch(None, || ());
                return Ok(Some(status));
            }
            sleep(STEP);
        }
        self.proxy.watch(None, || ());
        gm.kill()?;
        gm.wait()?;
        Ok(None)
    }
}
