//! Answers to viewers.

use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::identity;
use crate::traffic::body::Body;
use crate::traffic::hop_by_hop;

/// An answer, without the headers that each has.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) outcome: Outcome,
    /// The seconds since the origin has sent it, if it comes from the cache.
    pub(super) age: Option<u64>,
    /// True if the viewer's connection ends with it.
    pub(super) closes: bool,
}

/// The way in which an answer came about, which `X-Cache` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Error,
    Hit,
    Miss,
    Redirect,
    RefreshHit,
}

impl Outcome {
    fn as_header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Error => "Error from cloudfront",
            Self::Hit => "Hit from cloudfront",
            Self::Miss => "Miss from cloudfront",
            Self::Redirect => "Redirect from cloudfront",
            Self::RefreshHit => "RefreshHit from cloudfront",
        })
    }
}

impl Answer {
    /// Returns the response, with the headers that each has.
    pub(super) fn into_response(self, request_id: &str, now: Timestamp) -> Response<Body> {
        let mut headers = self.headers;
        if self.status != StatusCode::SWITCHING_PROTOCOLS {
            hop_by_hop::remove(&mut headers);
        }
        if self.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let via = identity::via(Version::HTTP_11);
        let before = headers.get(header::VIA).and_then(|via| via.to_str().ok());
        let via = before.map_or(via.clone(), |before| format!("{before}, {via}"));
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(header::VIA, &via);
        set(identity::REQUEST_ID, request_id);
        set(identity::EDGE, identity::EDGE_NAME);
        if let Some(age) = self.age {
            set(header::AGE, &age.to_string());
        }
        if let Ok(date) = date.unwrap_or_default().parse() {
            headers.entry(header::DATE).or_insert(date);
        }
        headers.insert("x-cache", self.outcome.as_header());
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = headers;
        response
    }
}
