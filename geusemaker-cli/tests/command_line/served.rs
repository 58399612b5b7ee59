//! A running `gm sandbox serve`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::gm::{Ended, Gm};

/// A process that serves an account; it is killed if the test fails before ending it.
pub(crate) struct Served {
    process: Child,
    stdout: BufReader<ChildStdout>,
    /// The output so far.
    pub(crate) printed: String,
}

impl Served {
    /// Starts serving on a free port, and waits for the address.
    #[track_caller]
    pub(crate) fn start(gm: &Gm, arguments: &[&str]) -> Self {
        Self::start_in(&[], gm, arguments)
    }

    /// Starts serving with these environment variables.
    #[track_caller]
    pub(crate) fn start_in(environment: &[(&str, &str)], gm: &Gm, arguments: &[&str]) -> Self {
        let arguments = [&["sandbox", "serve"], arguments].concat();
        let mut process = gm
            .command(environment, &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut served = Self {
            stdout: BufReader::new(process.stdout.take().unwrap()),
            process,
            printed: String::new(),
        };
        // The last variable in text; in JSON it comes with the whole document.
        while !served.printed.contains("GM_CLOCK_SPEED") {
            if served.stdout.read_line(&mut served.printed).unwrap() == 0 {
                panic!("{:?}", served.ended());
            }
        }
        served
    }

    /// Returns the variables that the output says to export.
    pub(crate) fn environment(&self) -> Vec<(&str, &str)> {
        self.printed
            .lines()
            .map(|line| line.strip_prefix("export ").unwrap())
            .map(|line| line.split_once('=').unwrap())
            .collect()
    }

    /// Makes one EC2 call, and returns the body of the answer.
    pub(crate) fn ask_ec2(&self, parameters: &str) -> String {
        let parameters = format!("{parameters}&Version=2016-11-15");
        let (_, uri) = self.environment()[0];
        let mut stream = TcpStream::connect(uri.strip_prefix("http://").unwrap()).unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261101/us-east-1/ec2/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\
             content-length: {}\r\n\r\n{parameters}",
            parameters.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// Sends the signal `INT` or `TERM`, and waits for the end.
    pub(crate) fn end(mut self, signal: &str) -> Ended {
        let kill = format!("kill -{signal} {}", self.process.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
        self.ended()
    }

    fn ended(&mut self) -> Ended {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        let mut errors = self.process.stderr.take().unwrap();
        errors.read_to_string(&mut stderr).unwrap();
        Ended {
            code: self.process.wait().unwrap().code(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Both calls fail only if the process has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
