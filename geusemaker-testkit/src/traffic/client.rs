//! An HTTP client for tests, on the simulated internet.

use std::error::Error;
use std::fmt;
use std::io;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri, Version, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::body::{self, Body};
use super::{Stream, Traffic};

impl Traffic {
    /// Sends a GET request to an absolute URL, such as `http://my-balancer-123.us-east-1.elb.amazonaws.com/`.
    ///
    /// # Errors
    /// Returns an error if there is no answer.
    pub async fn get(&self, url: &str) -> Result<Response, RequestError> {
        let request = Request::get(url).body(Bytes::new());
        self.send(request.map_err(|error| RequestError::new("invalid request", error))?)
            .await
    }

    /// Sends a request with an absolute URL on a connection of its own, as HTTP/1.1, or as HTTP/2 if that is the
    /// request's version and the URL is one of HTTPS. It follows no redirect, and waits for as long as it takes.
    ///
    /// # Errors
    /// Returns an error if there is no answer.
    pub async fn send(&self, request: Request<impl Into<Bytes>>) -> Result<Response, RequestError> {
        let request = request.map(|body| body::full(body.into()));
        self.send_body(request).await
    }

    pub(crate) async fn send_body(&self, request: Request<Body>) -> Result<Response, RequestError> {
        let uri = request.uri().clone();
        let Some(host) = uri.host() else {
            let problem = format!("the URL {uri} has no host");
            return Err(RequestError::new("invalid request", problem));
        };
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let connected = self.connect(host, port).await;
        let mut stream = connected.map_err(|error| RequestError::new("cannot connect", error))?;
        let is_http2 = is_https && request.version() == Version::HTTP_2;
        if is_https {
            let protocol = if is_http2 { "h2" } else { "http/1.1" };
            stream = self.secure(stream, host, protocol).await?;
        }
        let answer = if is_http2 {
            send_http2(stream, request).await
        } else {
            send_http1(stream, request, &uri).await
        };
        let answer = answer.map_err(|error| RequestError::new("no answer", error))?;
        Ok(Response { answer })
    }

    /// Does a client's TLS handshake.
    async fn secure(
        &self,
        stream: Stream,
        host: &str,
        protocol: &str,
    ) -> Result<Stream, RequestError> {
        let failed = |error: io::Error| RequestError::new("the TLS handshake failed", error);
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|error| RequestError::new("invalid request", error))?;
        let config = self.plane.authority().client_config(&[protocol]);
        let config = config.map_err(|error| RequestError::new("invalid TLS settings", error))?;
        let connected = TlsConnector::from(config).connect(name, stream).await;
        Ok(Stream::new(connected.map_err(failed)?))
    }
}

async fn send_http1(
    stream: Stream,
    request: Request<Body>,
    uri: &Uri,
) -> hyper::Result<http::Response<Incoming>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    let (mut parts, body) = request.into_parts();
    parts.version = Version::HTTP_11;
    if let Some(authority) = uri.authority()
        && !parts.headers.contains_key(header::HOST)
        && let Ok(host) = authority.as_str().parse()
    {
        parts.headers.insert(header::HOST, host);
    }
    // Only the path goes on the wire: the connection is to the origin itself.
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if let Ok(path) = path.parse() {
        parts.uri = path;
    }
    sender.send_request(Request::from_parts(parts, body)).await
}

async fn send_http2(
    stream: Stream,
    request: Request<Body>,
) -> hyper::Result<http::Response<Incoming>> {
    let executor = TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}

/// An answer, whose body arrives piece by piece.
#[derive(Debug)]
pub struct Response {
    answer: http::Response<Incoming>,
}

impl Response {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// Returns the value of a header, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.answer.headers().get(name)?.to_str().ok()
    }

    /// Waits for the next piece of the body; returns `None` at its end.
    ///
    /// # Errors
    /// Returns an error if the body ends too early.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RequestError> {
        while let Some(frame) = self.answer.body_mut().frame().await {
            let frame = frame.map_err(|error| RequestError::new("the body broke off", error))?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Waits for the rest of the body.
    ///
    /// # Errors
    /// Returns an error if the body ends too early.
    pub async fn bytes(self) -> Result<Bytes, RequestError> {
        let collected = self.answer.into_body().collect().await;
        let collected =
            collected.map_err(|error| RequestError::new("the body broke off", error))?;
        Ok(collected.to_bytes())
    }

    /// Waits for the rest of the body, as text.
    ///
    /// # Errors
    /// Returns an error if the body ends too early, or is no text.
    pub async fn text(self) -> Result<String, RequestError> {
        let text = String::from_utf8(self.bytes().await?.to_vec());
        text.map_err(|error| RequestError::new("the body is no text", error))
    }

    /// Waits for the connection that the other end has agreed to switch to another protocol, such as a WebSocket.
    ///
    /// # Errors
    /// Returns an error if it has not agreed.
    pub async fn upgraded(self) -> Result<Stream, RequestError> {
        let upgraded = hyper::upgrade::on(self.answer).await;
        let upgraded = upgraded.map_err(|error| RequestError::new("no upgrade", error))?;
        Ok(Stream::new(TokioIo::new(upgraded)))
    }
}

/// A request without a whole answer.
#[derive(Debug)]
pub struct RequestError {
    message: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl RequestError {
    fn new(message: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            message,
            source: source.into(),
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl Error for RequestError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
