//! Connections that change to another protocol, such as WebSockets.

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Version, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::choice::Outstanding;
use super::idle::{Cut, Idle, Touching};

/// Returns the protocol to which a request asks to change.
pub(super) fn is_asked(parts: &Parts) -> Option<HeaderValue> {
    let connection = parts.headers.get_all(header::CONNECTION).iter();
    let mut tokens = connection
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let is_asked = tokens.any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    let protocol = parts.headers.get(header::UPGRADE).cloned();
    protocol.filter(|_| is_asked && parts.version == Version::HTTP_11)
}

/// Sets the headers that ask for another protocol, or that agree to it.
pub(super) fn ask(headers: &mut HeaderMap, protocol: &HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocol.clone());
}

/// Passes everything between a client and a target, once both have changed the protocol.
pub(super) fn join(
    client: OnUpgrade,
    target: OnUpgrade,
    idle: Idle,
    cut: Cut,
    outstanding: Outstanding,
) {
    tokio::spawn(async move {
        let (Ok(client), Ok(target)) = tokio::join!(client, target) else {
            return;
        };
        let touching = |stream| Touching {
            stream: TokioIo::new(stream),
            idle: idle.clone(),
        };
        let (mut client, mut target) = (touching(client), touching(target));
        tokio::select! {
            // Either end closes the connection, or breaks it.
            _ = tokio::io::copy_bidirectional(&mut client, &mut target) => {}
            () = cut => {}
        }
        drop(outstanding);
    });
}
