//! HTTP/1.1 messages as an AWS SDK and moto write them: a head and a body of known length.

use std::io::{self, BufRead, Write as _};
use std::net::{SocketAddr, TcpStream};

/// A request or a response, as it was on the wire.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// The first line and the headers, with line ends and the empty line.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// Reads the next message; returns `None` if the other side has closed the connection.
    pub(super) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut message = Self::default();
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line)? == 0 {
                return match message.head.is_empty() {
                    true => Ok(None),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
            message.head.push_str(&String::from_utf8_lossy(&line));
            if line == b"\r\n" {
                break;
            }
        }
        match message.header("content-length") {
            Some(length) => {
                let length = length.parse().map_err(io::Error::other)?;
                message.body = vec![0; length];
                stream.read_exact(&mut message.body)?;
            }
            None if message.header("transfer-encoding").is_some() => {
                return Err(io::Error::other("a body in chunks"));
            }
            None => {}
        }
        Ok(Some(message))
    }

    /// Returns the value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Returns the method and the path of a request.
    pub(super) fn target(&self) -> (&str, &str) {
        let mut words = self.head.split(' ');
        let method = words.next().unwrap_or_default();
        (method, words.next().unwrap_or_default())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }

    /// Sends the request over a new connection, and returns the server's answer.
    pub(super) fn send(&self, server: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.write_all(&self.bytes())?;
        let answer = Self::read(&mut io::BufReader::new(stream))?;
        answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
