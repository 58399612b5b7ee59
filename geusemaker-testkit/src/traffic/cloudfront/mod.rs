//! CloudFront: edges that answer viewers from a cache, or pass their requests on to an origin.

use std::sync::Arc;

use super::data_plane::DataPlane;
use super::source::Source;
use super::stream::Stream;
use crate::aws::Aws;

/// The state of the edges: their caches.
#[derive(Debug, Default)]
pub(crate) struct Edges {}

/// Accepts a viewer's connection to a distribution, and returns the viewer's end of it.
pub(crate) fn accept(
    _aws: &Aws,
    _plane: &Arc<DataPlane>,
    _source: &Source,
    _distribution: &str,
    _port: u16,
) -> Stream {
    let (viewer, edge) = Stream::pair();
    drop(edge);
    viewer
}
