//! A connection whose bytes a test writes and reads by itself.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use geusemaker_testkit::serve::AwsServer;

/// A blocking connection, so that the test's thread waits while the server's threads work.
pub(crate) struct Connection(TcpStream);

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) fn to(server: &AwsServer) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        // A test fails if its answer does not come in this time; a passing test never waits for it.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self(stream)
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Reads the next answer and nothing after it.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        Answer {
            status,
            body: String::from_utf8(body).unwrap(),
        }
    }

    /// Reads everything until the server closes the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            // The server closed the connection with a part of the request unread.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{error}"),
        }
        rest
    }
}

/// Returns a call of a query protocol, as the SDKs write it.
pub(crate) fn call(service: &str, parameters: &str) -> String {
    let version = match service {
        "ec2" => "2016-11-15",
        "sts" => "2011-06-15",
        _ => panic!("{service} has no version here"),
    };
    let parameters = format!("{parameters}&Version={version}");
    format!(
        "{}content-length: {}\r\n\r\n{parameters}",
        head(service),
        parameters.len()
    )
}

/// Returns the start of a call, to which more headers and a body can be added.
pub(crate) fn head(service: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\n\
         host: localhost\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261101/us-east-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=0\r\n"
    )
}
