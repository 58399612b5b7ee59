//! An account on a socket that reports every call to the test.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use geusemaker_testkit::serve::AwsServer;
use geusemaker_testkit::{Aws, AwsBuilder, CallRecord, Snapshot};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::gm::{CREDENTIALS, Ended, Gm};

/// An account on a socket. It reports a call before the caller has the answer.
pub(crate) struct Account {
    pub(crate) aws: Aws,
    calls: Receiver<CallRecord>,
    uri: String,
    // In drop order: the server ends before its runtime.
    server: AwsServer,
    runtime: Runtime,
}

/// A running `gm`.
pub(crate) struct Running(pub(crate) Child);

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
                .speed(SPEED)
                // The receiver is dropped when the test has ended.
                .on_call(move |call| drop(heard.send(call.clone())))
                .build();
            let server = AwsServer::start(aws.clone()).await.unwrap();
            (aws, server)
        });
        Self {
            aws,
            calls,
            uri: server.uri(),
            server,
            runtime,
        }
    }

    /// Runs `gm` on this account until `gm` ends.
    pub(crate) fn run(&self, gm: &Gm, arguments: &[&str]) -> Ended {
        self.begin(gm, arguments).ended()
    }

    /// Starts `gm` on this account.
    pub(crate) fn begin(&self, gm: &Gm, arguments: &[&str]) -> Running {
        Running(self.command(gm, arguments).spawn().unwrap())
    }

    /// Returns the command that starts `gm` on this account.
    pub(crate) fn command(&self, gm: &Gm, arguments: &[&str]) -> Command {
        let speed = GM_SPEED.to_string();
        let served = [
            ("AWS_ENDPOINT_URL", self.uri.as_str()),
            ("GM_CLOCK_SPEED", speed.as_str()),
        ];
        let environment = [CREDENTIALS.as_slice(), &served].concat();
        let mut command = gm.command(&environment, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Creates a file system without tags, as any other user may, and returns its id.
    pub(crate) fn make_file_system(&self) -> String {
        let body = r#"{"CreationToken":"theirs"}"#;
        let request = format!(
            "POST /2015-02-01/file-systems HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261101/us-east-1/elasticfilesystem/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(self.uri.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let made: Value = serde_json::from_str(body).unwrap();
        let id = made["FileSystemId"].as_str().unwrap().to_owned();
        // The file system is available after some seconds of simulated time.
        self.runtime
            .block_on(self.aws.clock().sleep(Duration::from_secs(60)));
        id
    }

    /// Lets the account's time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.runtime.block_on(self.aws.clock().sleep(time));
    }

    /// Makes one EC2 call, as any other program may.
    pub(crate) fn ask_ec2(&self, parameters: &str) {
        let parameters = format!("{parameters}&Version=2016-11-15");
        let request = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261101/us-east-1/ec2/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\
             content-length: {}\r\n\r\n{parameters}",
            parameters.len()
        );
        let mut stream = TcpStream::connect(self.uri.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Returns the number of calls of this operation so far.
    pub(crate) fn count(&self, operation: &str) -> usize {
        let calls = self.aws.calls();
        let calls = calls.iter().filter(|call| call.operation == operation);
        calls.count()
    }

    /// Waits for the end of the nth call of an operation, counted from here on.
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

    /// Waits for the end of a matching call, and returns false if the program ends without one.
    #[track_caller]
    pub(crate) fn hears_before_the_end(
        &self,
        running: &mut Running,
        mut is_it: impl FnMut(&CallRecord) -> bool,
    ) -> bool {
        let mut has_ended = false;
        loop {
            match self.calls.recv_timeout(BETWEEN_LOOKS) {
                Ok(call) if is_it(&call) => return true,
                Ok(_) => {}
                Err(_) if has_ended => return false,
                // The last calls may have arrived in the meantime.
                Err(_) => has_ended = running.0.try_wait().unwrap().is_some(),
            }
        }
    }

    /// Discards the calls that have been reported so far.
    pub(crate) fn forget(&self) {
        while self.calls.try_recv().is_ok() {}
    }

    /// Waits until every call that has arrived is answered, stalled ones excepted, and returns the account's state.
    pub(crate) fn at_rest(self) -> Snapshot {
        self.runtime.block_on(self.server.shutdown());
        self.aws.snapshot()
    }

    /// Returns the resources that are left an hour of simulated time later.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let snapshot = self.aws.snapshot();
        let virtual_time = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        virtual_time.block_on(async {
            let later = Aws::builder().restore(snapshot).unwrap().build();
            later.clock().sleep(Duration::from_secs(3600)).await;
            later.leftovers().iter().map(ToString::to_string).collect()
        })
    }
}

impl Running {
    /// Sends the signal `INT`, `TERM` or `KILL` to the program.
    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.0.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
    }

    /// Kills the program at once, unless it has ended.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Kills the program and waits until its output is closed, but does not collect its exit code: the system keeps its
    /// process id.
    pub(crate) fn kill_uncollected(&mut self) {
        self.0.kill().unwrap();
        let output = self.0.stdout.as_mut().unwrap();
        std::io::copy(output, &mut std::io::sink()).unwrap();
    }

    /// Waits until the program ends.
    pub(crate) fn ended(self) -> Ended {
        let output = self.0.wait_with_output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The speed of the account's time: fast enough for a load balancer to be active at the second poll.
const SPEED: f64 = 1000.0;

/// The speed that `gm` is told. It is lower, because on a busy machine `gm` may have to wait a second for its turn, and
/// that must not use up its deadlines.
const GM_SPEED: f64 = 60.0;

/// The longest wait for a call that must arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// The interval between checks whether a program without calls has ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
