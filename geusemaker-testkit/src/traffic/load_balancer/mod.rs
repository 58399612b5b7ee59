//! Application Load Balancers: reverse proxies that do as their listeners and rules say.
//!
//! The sources of the behavior are the guide "Application Load Balancers" and the ELB model; `docs/fidelity.md` has the
//! list.

mod answer;
mod authentication;
mod backend;
mod choice;
mod condition;
mod cookie;
mod draining;
mod forward;
mod group;
pub(super) mod idle;
mod limits;
mod redirect;
mod request;
mod request_headers;
mod route;
mod rule;
mod settings;
mod transform;
mod upgrade;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use self::settings::Balancer;
use super::body::Body;
use super::data_plane::DataPlane;
use super::source::Source;
use super::stream::Stream;
use crate::aws::Aws;
use crate::lock::lock;

/// The streams that a client of HTTP/2 can have at a time (ELB guide, "How it works").
const MOST_STREAMS: u32 = 128;

/// The state of the load balancers' nodes: their settings, turns, connections to targets.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    balancers: Mutex<HashMap<String, (u64, Arc<Balancer>)>>,
    groups: group::Groups,
    pool: backend::Pool,
    turns: choice::Turns,
}

/// A connection to a listener.
struct Connection {
    aws: Aws,
    plane: Arc<DataPlane>,
    source: Source,
    /// The ARN of the load balancer.
    load_balancer: String,
    port: u16,
    is_https: bool,
    tls: Option<TlsDetails>,
    opened_at: Instant,
}

/// The properties of a TLS connection that targets can be told.
struct TlsDetails {
    version: &'static str,
    cipher_suite: String,
}

impl Nodes {
    /// Returns the settings of a load balancer; `None` if it accepts no connections.
    fn balancer(&self, aws: &Aws, plane: &DataPlane, arn: &str) -> Option<Arc<Balancer>> {
        let generation = aws.generation();
        let mut known = lock(&self.balancers);
        if let Some((of, balancer)) = known.get(arn)
            && *of == generation
        {
            return Some(Arc::clone(balancer));
        }
        let authority = plane.authority();
        let compiled = aws.read(|account, now| Balancer::compile(account, arn, now, authority));
        let Some(compiled) = compiled else {
            known.remove(arn);
            return None;
        };
        let balancer = Arc::new(compiled);
        known.insert(arn.to_owned(), (generation, Arc::clone(&balancer)));
        Some(balancer)
    }
}

/// Connects a load balancer to a port of one of its targets, as health checks need it; returns `None` if the target
/// does not accept the connection.
pub(super) async fn connect_to_target(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    load_balancer: &str,
    instance: &str,
    port: u16,
    is_https: bool,
    protocol: &str,
) -> Option<Stream> {
    let balancer = plane.nodes.balancer(aws, plane, load_balancer)?;
    let target = backend::Endpoint {
        region: &balancer.region,
        instance,
        port,
        is_https,
    };
    backend::connect(aws, plane, &balancer.source, &target, protocol)
        .await
        .ok()
}

/// Accepts a connection to a listener, and returns the client's end of it.
pub(crate) fn accept(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    source: &Source,
    load_balancer: &str,
    port: u16,
) -> Stream {
    let (client, node) = Stream::pair();
    let connection = Connection {
        aws: aws.for_task(),
        plane: Arc::clone(plane),
        source: source.clone(),
        load_balancer: load_balancer.to_owned(),
        port,
        is_https: false,
        tls: None,
        opened_at: Instant::now(),
    };
    tokio::spawn(serve(connection, node));
    client
}

async fn serve(mut connection: Connection, stream: Stream) {
    let (aws, plane) = (&connection.aws, &connection.plane);
    let balancer = plane.nodes.balancer(aws, plane, &connection.load_balancer);
    let Some(balancer) = balancer else {
        return;
    };
    let Some(listener) = balancer.listeners.get(&connection.port) else {
        return;
    };
    let Some(config) = &listener.tls else {
        return serve_http1(connection, &balancer, stream).await;
    };
    // A client that does not speak TLS, or trusts nobody here, ends its connection itself.
    let Ok(stream) = TlsAcceptor::from(Arc::clone(config)).accept(stream).await else {
        return;
    };
    let (_, session) = stream.get_ref();
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    connection.is_https = true;
    connection.tls = Some(TlsDetails {
        version: match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "TLSv1.2",
        },
        cipher_suite: session
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            .unwrap_or_default()
            .to_owned(),
    });
    let stream = Stream::new(stream);
    if is_http2 {
        serve_http2(connection, stream).await;
    } else {
        serve_http1(connection, &balancer, stream).await;
    }
}

async fn serve_http1(connection: Connection, balancer: &Balancer, stream: Stream) {
    let connection = Arc::new(connection);
    let service = service_fn(move |request| respond(Arc::clone(&connection), request));
    // The client notices a broken connection itself.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        // It also ends a connection on which no further request comes.
        .header_read_timeout(balancer.idle_timeout)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn serve_http2(connection: Connection, stream: Stream) {
    let connection = Arc::new(connection);
    let service = service_fn(move |request| respond(Arc::clone(&connection), request));
    let _ = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Answers a request. An error breaks the connection.
async fn respond(
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Closed> {
    let (aws, plane) = (&connection.aws, &connection.plane);
    let balancer = plane.nodes.balancer(aws, plane, &connection.load_balancer);
    let balancer = balancer.ok_or(Closed)?;
    route::answer(&connection, &balancer, request).await
}

/// The end of a connection, because the load balancer or its listener is gone.
#[derive(Clone, Copy, Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the load balancer has closed the connection")
    }
}

impl std::error::Error for Closed {}
