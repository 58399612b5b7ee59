//! Requests to origins: attempts, and limits of time.

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

use super::connections::{Connection, Connections};
use super::origin_settings::OriginSettings;
use super::timed_body::{LastMove, NotedBody, TimedBody};
use crate::aws::Aws;
use crate::traffic::body::{self, Body};
use crate::traffic::data_plane::DataPlane;

/// The size of a response's headers, beyond which CloudFront takes it for a broken one.
const LARGEST_HEAD: usize = 32_768;

/// An edge, with its connections to origins.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) aws: Aws,
    pub(super) plane: Arc<DataPlane>,
    pub(super) connections: Arc<Connections>,
}

impl Edge {
    /// Sends a request to an origin, and returns its response; or the status of the answer in place of one.
    pub(super) async fn send(
        &self,
        origin: &OriginSettings,
        is_https: bool,
        parts: Parts,
        body: Body,
    ) -> Result<Response<Body>, StatusCode> {
        let deadline = origin.completion_timeout.map(|time| Instant::now() + time);
        let attempts = self.attempts(origin, is_https, parts, body);
        let response = match deadline {
            Some(deadline) => timeout_at(deadline, attempts)
                .await
                .unwrap_or(Err(StatusCode::GATEWAY_TIMEOUT)),
            None => attempts.await,
        }?;
        Ok(response.map(|incoming| {
            let incoming = body::boxed(incoming);
            body::boxed(TimedBody::new(incoming, origin.read_timeout, deadline))
        }))
    }

    async fn attempts(
        &self,
        origin: &OriginSettings,
        is_https: bool,
        parts: Parts,
        body: Body,
    ) -> Result<Response<Incoming>, StatusCode> {
        let host = parts.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let host = host_name(host).to_owned();
        // Their bodies are empty, so that they can be sent again.
        let is_repeatable = [Method::GET, Method::HEAD].contains(&parts.method);
        let mut body = Some(body);
        let mut failure = StatusCode::BAD_GATEWAY;
        let mut attempt = 0;
        while attempt < origin.attempts {
            attempt += 1;
            let opening = self
                .connections
                .open(&self.aws, &self.plane, origin, is_https, &host);
            let connection = match timeout(origin.connection_timeout, opening).await {
                Ok(Ok(connection)) => connection,
                Ok(Err(_)) => {
                    failure = StatusCode::BAD_GATEWAY;
                    continue;
                }
                Err(_) => {
                    failure = StatusCode::GATEWAY_TIMEOUT;
                    continue;
                }
            };
            let content = match body.take() {
                Some(content) => content,
                None if is_repeatable => body::empty(),
                None => return Err(failure),
            };
            let request = Request::from_parts(parts.clone(), content);
            match self
                .exchange(connection, request, origin.read_timeout)
                .await
            {
                Ok(response) => return Ok(response),
                // It was closed while it was free: this counts as no attempt.
                Err(Broken::Unsent(unsent)) => {
                    body = Some(unsent.into_body());
                    attempt -= 1;
                }
                Err(Broken::Silent) if is_repeatable => failure = StatusCode::GATEWAY_TIMEOUT,
                Err(Broken::Silent) => return Err(StatusCode::GATEWAY_TIMEOUT),
                Err(Broken::Closed) => return Err(StatusCode::BAD_GATEWAY),
            }
        }
        Err(failure)
    }

    /// Sends a request on a connection, and waits for the head of the response.
    async fn exchange(
        &self,
        mut connection: Connection,
        request: Request<Body>,
        read_timeout: Duration,
    ) -> Result<Response<Incoming>, Broken> {
        let last_move = LastMove::now();
        let request = request.map(|body| {
            let last_move = last_move.clone();
            body::boxed(NotedBody { body, last_move })
        });
        let mut sent = std::pin::pin!(connection.sender.try_send_request(request));
        let answer = loop {
            // As long as the viewer sends, the origin need not answer.
            let deadline = last_move.at() + read_timeout;
            match timeout_at(deadline, sent.as_mut()).await {
                Ok(answer) => break answer,
                Err(_) if last_move.at() + read_timeout > Instant::now() => {}
                Err(_) => return Err(Broken::Silent),
            }
        };
        match answer {
            Ok(response) if size(response.headers()) > LARGEST_HEAD => Err(Broken::Closed),
            Ok(response) => {
                if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    self.connections.keep(connection);
                }
                Ok(response)
            }
            Err(mut error) => match error.take_message() {
                Some(unsent) if connection.is_reused => Err(Broken::Unsent(Box::new(unsent))),
                Some(_) | None => Err(Broken::Closed),
            },
        }
    }
}

/// A request without a response.
enum Broken {
    /// The connection has ended, or what came was no response.
    Closed,
    /// Nothing came in time.
    Silent,
    /// The connection had ended before.
    Unsent(Box<Request<Body>>),
}

/// Returns the size of headers, as they are on the wire.
pub(super) fn size(headers: &HeaderMap) -> usize {
    let lines = headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum()
}

/// Returns a host without its port.
pub(super) fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}
