//! Connections to targets, which are kept and used again.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::group::{Candidate, Group};
use super::settings::Balancer;
use crate::aws::Aws;
use crate::lock::lock;
use crate::sim::elastic_load_balancing::target_group::ProtocolVersion;
use crate::traffic::body::Body;
use crate::traffic::connect;
use crate::traffic::data_plane::DataPlane;
use crate::traffic::destination::Destination;
use crate::traffic::source::Source;
use crate::traffic::stream::Stream;

/// The time that a connection to a target, or its TLS handshake, can take (ELB docs, "HTTP 504").
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The idle connections, by target and target group.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<HashMap<Key, Vec<http1::SendRequest<Body>>>>);

type Key = (Candidate, bool);

/// A port of an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoint<'a> {
    pub(super) region: &'a str,
    pub(super) instance: &'a str,
    pub(super) port: u16,
    pub(super) is_https: bool,
}

impl<'a> Endpoint<'a> {
    fn of(group: &'a Group, target: &'a Candidate) -> Self {
        Self {
            region: &group.region,
            instance: &target.instance,
            port: target.port,
            is_https: group.is_https,
        }
    }
}

/// A request that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The target refused the connection, broke it, or answered with something else than HTTP.
    BadGateway,
    /// The target did not accept the connection in time.
    Timeout,
}

/// Sends a request to a target, on a connection that is idle or on a new one.
pub(super) async fn send(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    balancer: &Balancer,
    group: &Group,
    target: &Candidate,
    mut request: Request<Body>,
) -> Result<Response<Incoming>, Failure> {
    if group.version != ProtocolVersion::Http1 {
        return send_http2(aws, plane, balancer, group, target, request).await;
    }
    let key = (target.clone(), group.is_https);
    let pool = &plane.nodes.pool;
    while let Some(mut sender) = pool.take(&key) {
        match sender.try_send_request(request).await {
            Ok(response) => {
                pool.keep(plane, key, sender);
                return Ok(response);
            }
            // The target has closed the idle connection before it saw the request.
            Err(mut error) => match error.take_message() {
                Some(unsent) => request = unsent,
                None => return Err(Failure::BadGateway),
            },
        }
    }
    let endpoint = Endpoint::of(group, target);
    let stream = connect(aws, plane, &balancer.source, &endpoint, "http/1.1").await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Failure::BadGateway)?;
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await;
    let response = response.map_err(|_| Failure::BadGateway)?;
    pool.keep(plane, key, sender);
    Ok(response)
}

async fn send_http2(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    balancer: &Balancer,
    group: &Group,
    target: &Candidate,
    request: Request<Body>,
) -> Result<Response<Incoming>, Failure> {
    let endpoint = Endpoint::of(group, target);
    let stream = connect(aws, plane, &balancer.source, &endpoint, "h2").await?;
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|_| Failure::BadGateway)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await;
    response.map_err(|_| Failure::BadGateway)
}

/// Connects to a target. Its certificate is not checked (ELB docs, "Security policies").
pub(super) async fn connect(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    source: &Source,
    target: &Endpoint<'_>,
    protocol: &str,
) -> Result<Stream, Failure> {
    let instance = Destination::Instance {
        region: target.region.to_owned(),
        id: target.instance.to_owned(),
    };
    let connecting = connect::to(aws, plane, source, &instance, target.port);
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
    let stream = connected
        .map_err(|_| Failure::Timeout)?
        .map_err(|_: io::Error| Failure::BadGateway)?;
    if !target.is_https {
        return Ok(stream);
    }
    let config = unchecked(protocol).map_err(|_| Failure::BadGateway)?;
    let name = ServerName::try_from("target").map_err(|_| Failure::BadGateway)?;
    let handshake = TlsConnector::from(config).connect(name, stream);
    let secured = tokio::time::timeout(CONNECT_TIMEOUT, handshake).await;
    let secured = secured.map_err(|_| Failure::Timeout)?;
    Ok(Stream::new(secured.map_err(|_| Failure::BadGateway)?))
}

impl Pool {
    /// Returns an idle connection.
    fn take(&self, key: &Key) -> Option<http1::SendRequest<Body>> {
        let mut idle = lock(&self.0);
        let senders = idle.get_mut(key)?;
        loop {
            let sender = senders.pop()?;
            if sender.is_ready() {
                return Some(sender);
            }
        }
    }

    /// Keeps a connection for later, once its answer has been read.
    fn keep(&self, plane: &Arc<DataPlane>, key: Key, mut sender: http1::SendRequest<Body>) {
        let plane = Arc::downgrade(plane);
        tokio::spawn(async move {
            if sender.ready().await.is_ok()
                && let Some(plane) = plane.upgrade()
            {
                lock(&plane.nodes.pool.0)
                    .entry(key)
                    .or_default()
                    .push(sender);
            }
        });
    }
}

fn unchecked(protocol: &str) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let schemes = provider
        .signature_verification_algorithms
        .supported_schemes();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unchecked { schemes }))
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Ok(Arc::new(config))
}

/// A verifier that accepts every certificate, as a load balancer does of its targets.
#[derive(Debug)]
struct Unchecked {
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
