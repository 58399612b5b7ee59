//! Instances: the programs that answer on their ports.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::body::{self, Body};
use super::data_plane::DataPlane;
use super::stream::Stream;
use crate::aws::Aws;
use crate::sim::guest::Software;

/// The programs on the instances.
#[derive(Debug, Default)]
pub(crate) struct Programs {}

/// Connects to a port of an instance, and returns the client's end of the connection.
///
/// # Errors
/// Returns an error if no program listens on the port.
pub(crate) async fn accept(
    aws: &Aws,
    _plane: &Arc<DataPlane>,
    region: &str,
    id: &str,
    port: u16,
) -> io::Result<Stream> {
    let serves = aws.read(|account, now| {
        let region = account.regions.get(region)?;
        let instance = region.ec2.instance(id)?;
        let software = Software {
            guest: &**aws.guest(),
            timings: account.rng.timings(),
        };
        let boot = software.boot(&region.ec2, instance, now);
        let is_up = now >= instance.services_up_at() && instance.has_working_guest(now);
        Some(is_up && aws.guest().serves(&boot, port))
    });
    if serves != Some(true) {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    let (client, server) = Stream::pair();
    let id = id.to_owned();
    tokio::spawn(async move {
        let service = service_fn(move |request| {
            let id = id.clone();
            async move { Ok::<_, Infallible>(echo(&id, &request)) }
        });
        // The client notices a broken connection itself.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(server), service)
            .with_upgrades()
            .await;
    });
    Ok(client)
}

fn echo(instance: &str, request: &Request<Incoming>) -> Response<Body> {
    let headers: serde_json::Map<_, _> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value.into())
        })
        .collect();
    let text = serde_json::json!({
        "instance": instance,
        "method": request.method().as_str(),
        "path": request.uri().path(),
        "query": request.uri().query(),
        "headers": headers,
    });
    let mut response = Response::new(body::full(format!("{text}\n")));
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}
