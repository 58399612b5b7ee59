//! Application Load Balancers: reverse proxies that do as their listeners and rules say.

mod answer;
mod forward;
mod target;

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::data_plane::DataPlane;
use super::source::Source;
use super::stream::Stream;
use crate::aws::Aws;

/// The state of the load balancers' nodes: turns, connections to targets.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    pub(super) turns: target::Turns,
}

/// A connection to a listener.
pub(super) struct Connection {
    pub(super) aws: Aws,
    pub(super) plane: Arc<DataPlane>,
    pub(super) source: Source,
    /// The ARN of the load balancer.
    pub(super) load_balancer: String,
    pub(super) port: u16,
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
    let connection = Arc::new(Connection {
        aws: aws.clone(),
        plane: Arc::clone(plane),
        source: source.clone(),
        load_balancer: load_balancer.to_owned(),
        port,
    });
    tokio::spawn(serve(connection, node));
    client
}

async fn serve(connection: Arc<Connection>, stream: Stream) {
    let service = service_fn(move |request| {
        let connection = Arc::clone(&connection);
        async move { forward::answer(&connection, request).await }
    });
    // The client notices a broken connection itself.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}
