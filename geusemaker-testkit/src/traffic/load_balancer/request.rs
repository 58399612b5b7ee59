//! Requests as the rules of a listener see them, before anything is rewritten.

use std::net::IpAddr;

use http::request::Parts;
use http::{HeaderMap, Method, header};

/// A request as its sender has sent it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) method: &'a Method,
    /// The host and the port that the request names; empty if it names none.
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) source: IpAddr,
}

impl<'a> Seen<'a> {
    pub(super) fn of(parts: &'a Parts, source: IpAddr) -> Self {
        Self {
            method: &parts.method,
            host: host(parts),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            source,
        }
    }

    /// Returns the host without its port.
    pub(super) fn host_name(&self) -> &'a str {
        let (name, port) = self.host.rsplit_once(':').unwrap_or((self.host, ""));
        match port.bytes().all(|digit| digit.is_ascii_digit()) {
            true => name,
            false => self.host,
        }
    }
}

/// Returns the host that a request names: its absolute URL, or the first `Host` header.
pub(super) fn host(parts: &Parts) -> &str {
    if let Some(authority) = parts.uri.authority() {
        return authority.as_str();
    }
    let host = parts.headers.get(header::HOST);
    host.and_then(|host| host.to_str().ok()).unwrap_or_default()
}
