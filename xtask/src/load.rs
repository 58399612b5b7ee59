//! Sends requests as fast as a server answers them, over connections that are kept.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

/// The number of connections: enough to keep two processors busy on either side.
pub(crate) const CONNECTIONS: usize = 4;

/// Measures the requests per second that the server answers; each connection sends the next request after the last
/// answer.
pub(crate) fn requests_per_second(
    address: SocketAddr,
    request: &[u8],
    duration: Duration,
) -> Result<f64> {
    let counts = thread::scope(|scope| {
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| answered_within(address, request, duration)))
            .collect();
        connections
            .into_iter()
            .map(|connection| {
                connection
                    .join()
                    .map_err(|_| anyhow!("a connection's thread has panicked"))?
            })
            .collect::<Result<Vec<u64>>>()
    })?;
    Ok(counts.iter().sum::<u64>() as f64 / duration.as_secs_f64())
}

/// Sends one request and returns the answer; anything but success is an error.
pub(crate) fn ask(address: SocketAddr, request: &[u8]) -> Result<String> {
    let answer = Connection::to(address)?.answer(request)?;
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

fn answered_within(address: SocketAddr, request: &[u8], duration: Duration) -> Result<u64> {
    let mut connection = Connection::to(address)?;
    let begun = now();
    let mut count = 0;
    while begun.elapsed() < duration {
        let answer = connection.answer(request)?;
        count += 1;
        if answer.closes {
            connection = Connection::to(address)?;
        }
    }
    Ok(count)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

struct Connection {
    stream: BufReader<TcpStream>,
}

struct Answer {
    body: Vec<u8>,
    /// True if the server closes the connection after it.
    closes: bool,
}

impl Connection {
    fn to(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    fn answer(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.get_mut().write_all(request)?;
        let status = self.line()?;
        let mut closes = status.starts_with("HTTP/1.0");
        let mut length = None;
        let mut is_chunked = false;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            match (name, value.trim()) {
                ("content-length", value) => length = Some(value.parse()?),
                ("transfer-encoding", "chunked") => is_chunked = true,
                ("connection", value) => closes = value == "close",
                _ => {}
            }
        }
        let mut body = Vec::new();
        match length {
            Some(length) => {
                body.resize(length, 0);
                self.stream.read_exact(&mut body)?;
            }
            None if is_chunked => self.read_chunks(&mut body)?,
            None if closes => {
                self.stream.read_to_end(&mut body)?;
            }
            None => bail!("the answer's length is not known: {status}"),
        }
        ensure!(
            status.split(' ').nth(1) == Some("200"),
            "{status}\n{}",
            String::from_utf8_lossy(&body)
        );
        Ok(Answer { body, closes })
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> Result<()> {
        loop {
            let length = u64::from_str_radix(&self.line()?, 16).context("a chunk has no length")?;
            (&mut self.stream).take(length).read_to_end(body)?;
            self.line()?;
            if length == 0 {
                return Ok(());
            }
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line)?;
        ensure!(read > 0, "the connection has ended");
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Starts a server that gives these answers to one connection.
    fn answers(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in answers {
                let mut request = [0; 4];
                stream.read_exact(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        address
    }

    /// The length of an answer is a header, is in chunks, or is the end of the connection.
    #[test]
    fn answers_of_any_framing_are_read() {
        let address = answers(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nabc",
        ]);
        let mut connection = Connection::to(address).unwrap();
        for closes in [false, false, true] {
            let answer = connection.answer(b"ask\n").unwrap();
            assert_eq!((&*answer.body, answer.closes), (&b"abc"[..], closes));
        }
    }

    #[test]
    fn refusal_is_error() {
        let address = answers(&["HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nwhy"]);
        let error = ask(address, b"ask\n").unwrap_err().to_string();
        assert!(error.contains("400") && error.contains("why"), "{error}");
    }
}
