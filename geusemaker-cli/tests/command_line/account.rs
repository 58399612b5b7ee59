//! An account on a socket, of which the test hears every call.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use geusemaker_testkit::serve::AwsServer;
use geusemaker_testkit::{Aws, AwsBuilder, CallRecord};
use tokio::runtime::Runtime;

use crate::gm::{CREDENTIALS, Ended, Gm};

/// The account. What it has to say of a call it says before the caller has the answer.
pub(crate) struct Account {
    pub(crate) aws: Aws,
    calls: Receiver<CallRecord>,
    uri: String,
    // In this order: the server ends before its runtime.
    _server: AwsServer,
    runtime: Runtime,
}

/// A `gm` at work.
pub(crate) struct Running(Child);

impl Account {
    pub(crate) fn start(account: AwsBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (heard, calls) = channel();
        let (aws, server) = runtime.block_on(async {
            let aws = account
                .speed(1000.0)
                // A test that listens no more has ended.
                .on_call(move |call| drop(heard.send(call.clone())))
                .build();
            let server = AwsServer::start(aws.clone()).await.unwrap();
            (aws, server)
        });
        Self {
            aws,
            calls,
            uri: server.uri(),
            _server: server,
            runtime,
        }
    }

    /// Runs `gm` on it to its end.
    pub(crate) fn run(&self, gm: &Gm, arguments: &[&str]) -> Ended {
        gm.at(&self.uri, arguments)
    }

    /// Starts `gm` on it.
    pub(crate) fn begin(&self, gm: &Gm, arguments: &[&str]) -> Running {
        let endpoint = [("AWS_ENDPOINT_URL", self.uri.as_str())];
        let environment = [CREDENTIALS.as_slice(), &endpoint].concat();
        let child = gm
            .command(&environment, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running(child)
    }

    /// Waits for the end of the nth call of an operation from here on.
    #[track_caller]
    pub(crate) fn hears(&self, operation: &str, nth: usize) {
        let mut seen = 0;
        while seen < nth {
            let call = self.calls.recv_timeout(PATIENCE);
            let call = call.unwrap_or_else(|_| panic!("no {operation} #{nth} arrived"));
            if call.operation == operation {
                seen += 1;
            }
        }
    }

    /// Forgets the calls so far.
    pub(crate) fn forget(&self) {
        while self.calls.try_recv().is_ok() {}
    }

    /// What is left in it, an hour of its time later.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        self.runtime
            .block_on(self.aws.clock().sleep(Duration::from_secs(3600)));
        self.aws
            .leftovers()
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

impl Running {
    /// Sends it a signal: `INT`, `TERM` or `KILL`.
    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.0.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end.
    pub(crate) fn ended(self) -> Ended {
        let output = self.0.wait_with_output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// How long a call may take to arrive that has to come.
const PATIENCE: Duration = Duration::from_secs(60);
