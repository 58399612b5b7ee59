//! An HTTP proxy that opens connections.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::internet::InvalidInternet;

/// The most bytes of an answer to CONNECT.
const LONGEST_ANSWER: usize = 16 * 1024;

/// The proxy, by its host and port.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    host: String,
    port: u16,
}

impl Proxy {
    pub(super) fn parse(url: &str) -> Result<Self, InvalidInternet> {
        let wrong = || {
            InvalidInternet(format!(
                "{url:?} is not an HTTP proxy: expected it as in \"http://127.0.0.1:8080\""
            ))
        };
        let uri: hyper::Uri = url.parse().map_err(|_| wrong())?;
        let is_root = matches!(uri.path_and_query().map(|it| it.as_str()), None | Some("/"));
        let has_name = uri.authority().is_some_and(|it| it.as_str().contains('@'));
        match (uri.scheme_str(), uri.host()) {
            (Some("http"), Some(host)) if is_root && !has_name => Ok(Self {
                host: host.trim_matches(['[', ']']).to_owned(),
                port: uri.port_u16().unwrap_or(80),
            }),
            _ => Err(wrong()),
        }
    }

    /// Opens a connection through the proxy. No byte behind the answer's head is read, so that all of them stay in the
    /// stream.
    pub(super) async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.to_owned(),
        };
        let asked = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
        stream.write_all(asked.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == LONGEST_ANSWER {
                return Err(io::Error::other("the proxy's answer does not end"));
            }
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let line = head.lines().next().unwrap_or_default();
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some(version), Some("200")) if version.starts_with("HTTP/1.") => Ok(stream),
            // As a closed port would be without a proxy.
            (_, Some("503")) => Err(io::Error::new(
                io::ErrorKind::ConnectionRefused,
                "connection refused",
            )),
            _ => Err(io::Error::other(format!("the proxy answers {line:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_is_host_and_port() {
        let proxy = Proxy::parse("http://127.0.0.1:8080").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("127.0.0.1", 8080));
        let proxy = Proxy::parse("http://[::1]/").unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("::1", 80));
        for url in [
            "",
            "127.0.0.1:8080",
            "socks5://a:1",
            "https://a",
            "http://a/b",
            "http://u:p@a",
        ] {
            let error = Proxy::parse(url).unwrap_err().to_string();
            assert!(error.contains("is not an HTTP proxy"), "{url}: {error}");
        }
    }
}
