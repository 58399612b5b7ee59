//! The process of a user's program that answers for a service of a simulated instance.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use std::{fmt, io};

use geusemaker_testkit::traffic::Service;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::arguments::GuestCommand;

/// The time that a process has to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// The lines that can wait to be printed.
const WAITING: usize = 64;

/// A line of a process.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) of: ProcessName,
    pub(super) text: String,
}

/// The service and the instance of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProcessName {
    pub(super) service: String,
    pub(super) instance: String,
}

impl fmt::Display for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.service, self.instance)
    }
}

/// Returns a channel for the lines of all processes.
pub(super) fn lines() -> (mpsc::Sender<Line>, mpsc::Receiver<Line>) {
    mpsc::channel(WAITING)
}

/// A running process, with all that it has started.
#[derive(Debug)]
pub(super) struct GuestProcess {
    child: Child,
    /// The address on which it has to listen.
    pub(super) address: String,
}

impl GuestProcess {
    /// Starts the program for a service.
    pub(super) fn start(
        command: &GuestCommand,
        service: &Service,
        lines: &mpsc::Sender<Line>,
    ) -> io::Result<Self> {
        let port = free_port()?;
        let values = BTreeMap::from([
            ("port", port.to_string()),
            ("instance", service.instance.clone()),
            ("address", service.address.to_string()),
        ]);
        let (program, arguments) = command.words(&values);
        let mut process = Command::new(program);
        process
            .args(arguments)
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl-C is for `gm`, which ends the process itself, together with its children.
        #[cfg(unix)]
        process.process_group(0);
        let mut child = process.spawn()?;
        let name = ProcessName {
            service: service.name.clone(),
            instance: service.instance.clone(),
        };
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read(stdout, name.clone(), lines.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read(stderr, name, lines.clone()));
        }
        let address = format!("{}:{port}", Ipv4Addr::LOCALHOST);
        Ok(Self { child, address })
    }

    /// Returns the status of the process if it has ended by itself.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks the process to end, and kills it if it does not.
    pub(super) async fn end(mut self) {
        self.ask();
        if tokio::time::timeout(GRACE, self.child.wait())
            .await
            .is_err()
        {
            self.kill().await;
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(rustix::process::Pid::from_raw) {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }

    #[cfg(unix)]
    fn ask(&mut self) {
        self.signal(rustix::process::Signal::TERM);
    }

    #[cfg(not(unix))]
    fn ask(&mut self) {
        // There is nothing milder. It may have ended meanwhile.
        let _ = self.child.start_kill();
    }

    async fn kill(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
        // It may have ended meanwhile.
        let _ = self.child.kill().await;
    }
}

/// Sends each line of an output of the process.
async fn read(output: impl AsyncRead + Unpin, of: ProcessName, lines: mpsc::Sender<Line>) {
    let mut output = BufReader::new(output);
    let mut text = Vec::new();
    // A broken pipe is the end of the output, too.
    while let Ok(1..) = output.read_until(b'\n', &mut text).await {
        let line = Line {
            of: of.clone(),
            text: String::from_utf8_lossy(&text).trim_end().to_owned(),
        };
        text.clear();
        if lines.send(line).await.is_err() {
            break;
        }
    }
}

/// Returns a port of the loopback interface that is free now.
fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
