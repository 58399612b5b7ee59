//! A viewer: opens connections, and makes requests on them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::internet::{Authorities, Internet, Stream};
use super::place::Place;
use super::trouble::Trouble;
use crate::aws::clock::Clock;

/// The time that a connection may take.
pub(super) const TO_CONNECT: Duration = Duration::from_secs(10);

/// The time until an answer must begin.
const TO_ANSWER: Duration = Duration::from_secs(30);

/// The name by which servers know this program.
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("geusemaker/", env!("CARGO_PKG_VERSION")));

/// A viewer on the internet.
#[derive(Clone)]
pub(super) struct Viewer {
    internet: Internet,
    clock: Clock,
    tls: Arc<OnceLock<Result<TlsConnector, String>>>,
}

/// A request, without the place that it goes to.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    /// The host that the request is for, if it is not that of the place.
    pub(super) host: Option<String>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<String>,
}

impl Asked {
    pub(super) fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            host: None,
            headers: Vec::new(),
            body: None,
        }
    }

    /// Returns the value of the Host header.
    pub(super) fn authority(&self, place: &Place) -> String {
        self.host.clone().unwrap_or_else(|| place.authority())
    }

    /// Returns the URL that the request is for.
    pub(super) fn url(&self, place: &Place) -> String {
        let scheme = if place.is_secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(place), self.path)
    }
}

/// The head of an answer, and the body that may still arrive.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) latency: Duration,
    pub(super) body: Incoming,
    _driven: AbortOnDropHandle<hyper::Result<()>>,
}

impl Answer {
    /// Returns the text of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Viewer {
    pub(super) fn new(internet: Internet, clock: Clock) -> Self {
        Self {
            internet,
            clock,
            tls: Arc::default(),
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Makes a request, and returns the head of the answer.
    pub(super) async fn ask(&self, place: &Place, asked: &Asked) -> Result<Answer, Trouble> {
        let start = self.clock.now();
        let stream = self.open(place).await?;
        let broken = |error: &dyn std::fmt::Display| Trouble::Broken(error.to_string());
        let shake = http1::handshake(TokioIo::new(stream));
        let (mut sender, connection) = shake.await.map_err(|error| broken(&error))?;
        let driven = AbortOnDropHandle::new(tokio::spawn(connection));
        let mut request = Request::builder()
            .method(&asked.method)
            .uri(&asked.path)
            .header(HOST, asked.authority(place))
            .header(USER_AGENT, AGENT);
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        let body = asked.body.clone().unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| broken(&error))?;
        let answer = self.within(TO_ANSWER, sender.send_request(request)).await;
        let answer = answer.ok_or(Trouble::Unanswered(TO_ANSWER))?;
        let answer = answer.map_err(|error| broken(&error_of(&error)))?;
        let (head, body) = answer.into_parts();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            latency: self.clock.since(start),
            body,
            _driven: driven,
        })
    }

    /// Opens a connection, with TLS if the place speaks it.
    pub(super) async fn open(&self, place: &Place) -> Result<Stream, Trouble> {
        let connecting = self.internet.connect(&place.host, place.port);
        let stream = match self.within(TO_CONNECT, connecting).await {
            Some(connected) => connected.map_err(Trouble::Unconnected)?,
            None => return Err(Trouble::Silence(TO_CONNECT)),
        };
        if !place.is_secure {
            return Ok(stream);
        }
        let invalid =
            |error: &dyn std::fmt::Display| Trouble::Tls(io::Error::other(error.to_string()));
        let connector = match self.tls.get_or_init(|| connector(&self.internet)) {
            Ok(connector) => connector,
            Err(error) => return Err(invalid(error)),
        };
        let name = ServerName::try_from(place.name.clone()).map_err(|error| invalid(&error))?;
        match self
            .within(TO_CONNECT, connector.connect(name, stream))
            .await
        {
            Some(Ok(secure)) => Ok(Box::new(secure)),
            Some(Err(error)) => Err(Trouble::Tls(error)),
            None => Err(Trouble::Unanswered(TO_CONNECT)),
        }
    }

    /// Returns the output of a future; none if it takes longer.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = self.clock.sleep(limit) => None,
        }
    }
}

/// Returns the reason of an error of HTTP, which says it in its source.
fn error_of(error: &hyper::Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    match source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn connector(internet: &Internet) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    match internet.authorities() {
        Authorities::OfSystem => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err("this machine has no certificate authorities: install its package ca-certificates".to_owned());
            }
        }
        Authorities::Only(certificates) => {
            for certificate in certificates.iter() {
                let added = roots.add(certificate.clone());
                added.map_err(|error| error.to_string())?;
            }
        }
    }
    // The one that the AWS SDK uses.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| error.to_string())?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
