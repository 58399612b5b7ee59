//! Requests as an edge looks at them.

use http::{HeaderMap, HeaderName, Method, Request, Version, header};

use super::behavior::{Behavior, Encodings};
use crate::traffic::source::Source;

/// The sender of a request, and the way that it came.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) source: Source,
    pub(super) is_https: bool,
    pub(super) version: Version,
    /// The value of the `Host` header.
    pub(super) host: String,
    /// The id of the request.
    pub(super) request_id: String,
}

/// The object that a request asks for: the request without its body.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: HeaderMap,
}

impl Asked {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().map(str::to_owned),
            headers: request.headers().clone(),
        }
    }

    /// Returns the value of a header, if it is text.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the cookies, each as it was sent: `name=value`.
    pub(super) fn cookies(&self) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all(header::COOKIE).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .map(str::trim)
            .filter(|cookie| !cookie.is_empty())
    }

    /// Returns the encodings that the viewer accepts, as far as the behavior looks at them.
    pub(super) fn encodings(&self, behavior: &Behavior, version: Version) -> Encodings {
        if version <= Version::HTTP_10 {
            return Encodings::default();
        }
        let accepted = self.header(&header::ACCEPT_ENCODING).unwrap_or_default();
        accepted_encodings(accepted).and(behavior.encodings)
    }

    /// Returns true if the viewer asks for a WebSocket. Other protocols are not known.
    pub(super) fn is_web_socket(&self, version: Version) -> bool {
        let has = |name: &HeaderName, item: &str| {
            let list = self.header(name).unwrap_or_default();
            names(list).any(|one| one.eq_ignore_ascii_case(item))
        };
        version == Version::HTTP_11
            && self.method == Method::GET
            && has(&header::UPGRADE, "websocket")
            && has(&header::CONNECTION, "upgrade")
    }
}

/// Returns the items of a list in a header.
pub(super) fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

/// Reads an `Accept-Encoding` header. A weight of zero refuses an encoding.
fn accepted_encodings(value: &str) -> Encodings {
    let accepts = |encoding: &str| {
        names(value).any(|item| {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = parameters.trim().strip_prefix("q=").unwrap_or("1");
            let is_refused = weight.parse() == Ok(0.0_f32);
            name.trim().eq_ignore_ascii_case(encoding) && !is_refused
        })
    };
    Encodings {
        brotli: accepts("br"),
        gzip: accepts("gzip"),
    }
}

#[cfg(test)]
mod tests {
    use super::accepted_encodings;

    #[test]
    fn weight_of_zero_refuses_encoding() {
        let read = |text| {
            let read = accepted_encodings(text);
            (read.brotli, read.gzip)
        };
        assert_eq!(read("gzip, deflate, br"), (true, true));
        assert_eq!(read("gzip;q=0.5, br;q=0"), (false, true));
        assert_eq!(read("identity"), (false, false));
        assert_eq!(read(""), (false, false));
    }
}
