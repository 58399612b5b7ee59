//! The requests and answers that the load balancer does not pass on (ELB docs, "Quotas" and "Troubleshoot").

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use super::request_headers::{MOST_ADDRESSES, addresses};

const LONGEST_LINE: usize = 16 * 1024;
const LONGEST_HEADER: usize = 16 * 1024;
const LONGEST_REQUEST_HEADERS: usize = 64 * 1024;
const LONGEST_RESPONSE_HEADERS: usize = 32 * 1024;

/// Returns the status with which a request is refused, if it is.
pub(super) fn refusal(parts: &Parts) -> Option<StatusCode> {
    let line = parts
        .uri
        .path_and_query()
        .map_or(1, |url| url.as_str().len());
    if line > LONGEST_LINE {
        return Some(StatusCode::URI_TOO_LONG);
    }
    let is_long = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() > LONGEST_HEADER
    };
    if parts.headers.iter().any(is_long) || size(&parts.headers) > LONGEST_REQUEST_HEADERS {
        return Some(StatusCode::BAD_REQUEST);
    }
    if addresses(&parts.headers) > MOST_ADDRESSES {
        return StatusCode::from_u16(463).ok();
    }
    if parts.method == Method::TRACE {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    None
}

/// Returns true if the headers of a target's answer are more than the load balancer passes on.
pub(super) fn is_too_long(headers: &HeaderMap) -> bool {
    size(headers) > LONGEST_RESPONSE_HEADERS
}

fn size(headers: &HeaderMap) -> usize {
    // Each line has a colon, a space and an end of two bytes.
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}
