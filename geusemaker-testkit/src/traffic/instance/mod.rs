//! Instances: the programs that answer on their ports.

mod connection;
mod echo;
mod endpoint;
mod event_stream;
mod forward;
mod language_model;
mod marred_body;
mod ollama;
mod opening;
mod placing;
mod program;
mod socket;
mod web_socket;

use std::io;
use std::sync::Arc;

pub(crate) use self::endpoint::Endpoint;
pub(crate) use self::program::Programs;
pub use self::program::Stub;
use super::data_plane::DataPlane;
use super::stream::Stream;
use crate::aws::Aws;

/// Connects to a port of an instance, and returns the client's end of the connection. It breaks when the instance ends.
///
/// # Errors
/// Returns an error if no program listens on the port.
pub(crate) async fn accept(
    aws: &Aws,
    plane: &Arc<DataPlane>,
    region: &str,
    id: &str,
    port: u16,
) -> io::Result<Stream> {
    let endpoint = Endpoint::of(aws, region, id, port);
    let endpoint = endpoint.ok_or(io::ErrorKind::ConnectionRefused)?;
    connection::open(aws, plane, endpoint).await
}
