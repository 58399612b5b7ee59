//! The names by which edges and their requests are known.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use http::{HeaderName, Version};

use super::generated_headers;

/// The header with the id of a request, to the origin and to the viewer.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-cf-id");

/// The header with the name of the edge location.
pub(super) const EDGE: HeaderName = HeaderName::from_static("x-amz-cf-pop");

/// The name of the only edge location.
pub(super) const EDGE_NAME: &str = "IAD89-P1";

/// The name of its only server.
const SERVER: &str = "3f1c8a52d94e4b07a6e05d217b9cf8e4";

/// Returns the id of a request by its number.
pub(super) fn request_id(number: u64) -> String {
    let mut random = fastrand::Rng::with_seed(number);
    let bytes: [u8; 40] = std::array::from_fn(|_| random.u8(..));
    BASE64_URL_SAFE.encode(bytes)
}

/// Returns the edge's part of a `Via` header, for a message of a version of HTTP.
pub(super) fn via(version: Version) -> String {
    let version = generated_headers::version(version);
    format!("{version} {SERVER}.cloudfront.net (CloudFront)")
}
