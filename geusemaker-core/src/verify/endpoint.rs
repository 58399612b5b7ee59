//! The endpoint of a simulated account, which says how its hosts are reached.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::internet::Internet;

/// The path at which a simulator answers.
const PATH: &str = "/_geusemaker/traffic";

/// The time after which nothing is expected any more. The endpoint is on this machine, or near.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes of an answer.
const LONGEST_ANSWER: usize = 64 * 1024;

#[derive(Deserialize)]
struct Traffic {
    proxy: String,
    root_certificate: String,
}

/// Returns the internet of the account at an endpoint, if the account has one.
pub(super) async fn internet(url: &str) -> io::Result<Option<Internet>> {
    let Some(uri) = plain(url) else {
        return Ok(None);
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let connecting = TcpStream::connect((host, uri.port_u16().unwrap_or(80)));
    let stream = tokio::time::timeout(PATIENCE, connecting).await??;
    let asked = tokio::time::timeout(PATIENCE, ask(&uri, stream)).await;
    Ok(asked.ok().flatten().and_then(|traffic| {
        let internet = Internet::through_proxy(&traffic.proxy).ok()?;
        internet.trusting(&traffic.root_certificate).ok()
    }))
}

/// Returns a URL of plain HTTP: a simulator has no other.
fn plain(url: &str) -> Option<hyper::Uri> {
    let uri: hyper::Uri = url.parse().ok()?;
    (uri.scheme_str() == Some("http")).then_some(uri)
}

async fn ask(uri: &hyper::Uri, stream: TcpStream) -> Option<Traffic> {
    let authority = uri.authority()?.as_str();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let _driven = AbortOnDropHandle::new(tokio::spawn(connection));
    let request = Request::get(PATH).header(HOST, authority);
    let request = request.body(Empty::<Bytes>::new()).ok()?;
    let answer = sender.send_request(request).await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    let body = Limited::new(answer.into_body(), LONGEST_ANSWER);
    let body = body.collect().await.ok()?.to_bytes();
    serde_json::from_slice(&body).ok()
}
