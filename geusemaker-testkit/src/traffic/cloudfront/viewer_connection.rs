//! Connections of viewers: HTTP, or HTTPS with the version of HTTP that both know.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio_rustls::TlsAcceptor;

use super::origin::Edge;
use super::serve;
use crate::aws::Aws;
use crate::traffic::data_plane::DataPlane;
use crate::traffic::source::Source;
use crate::traffic::stream::Stream;

/// More than the headers that an edge accepts, so that it can refuse the others with an answer.
const HEADER_LIST: u32 = 128 * 1024;

/// Accepts a viewer's connection to a distribution, and returns the viewer's end of it.
pub(crate) fn accept(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    source: &Source,
    distribution: &str,
    port: u16,
) -> Stream {
    let (viewer, edge) = Stream::pair();
    let connection = ViewerConnection {
        edge: Edge {
            aws: aws.for_task(),
            plane: Arc::clone(plane),
            connections: Arc::default(),
        },
        source: source.clone(),
        is_https: port == 443,
    };
    let distribution = distribution.to_owned();
    tokio::spawn(async move {
        if connection.is_https {
            connection.serve_https(edge, &distribution).await;
        } else {
            connection.serve_http1(edge).await;
        }
    });
    viewer
}

#[derive(Clone)]
struct ViewerConnection {
    edge: Edge,
    source: Source,
    is_https: bool,
}

impl ViewerConnection {
    /// Does the handshake, and serves what the viewer has chosen.
    async fn serve_https(self, stream: Stream, distribution: &str) {
        let plane = &self.edge.plane;
        let settings = plane.edges.known.current(&self.edge.aws);
        let now = self.edge.aws.clock().now();
        let Some(config) = settings.tls(plane.authority(), distribution, now) else {
            return;
        };
        let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else {
            return;
        };
        let (_, session) = stream.get_ref();
        let is_http2 = session.alpn_protocol() == Some(b"h2");
        let stream = Stream::new(stream);
        if is_http2 {
            self.serve_http2(stream).await;
        } else {
            self.serve_http1(stream).await;
        }
    }

    async fn serve_http1(self, stream: Stream) {
        let service = service_fn(move |request| {
            let this = self.clone();
            async move {
                let response = serve::respond(this.edge, this.source, this.is_https, request);
                Ok::<_, Infallible>(response.await)
            }
        });
        // The viewer notices a broken connection itself.
        let _ = http1::Builder::new()
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
    }

    async fn serve_http2(self, stream: Stream) {
        let service = service_fn(move |request| {
            let this = self.clone();
            async move {
                let response = serve::respond(this.edge, this.source, this.is_https, request);
                Ok::<_, Infallible>(response.await)
            }
        });
        // The viewer notices a broken connection itself.
        let _ = http2::Builder::new(TokioExecutor::new())
            .max_header_list_size(HEADER_LIST)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }
}
