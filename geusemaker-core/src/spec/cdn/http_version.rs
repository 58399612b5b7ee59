//! The newest versions of HTTP that viewers may use.

use serde::{Deserialize, Serialize};

/// The newest versions of HTTP that viewers may use. Every one includes HTTP/1.1.
///
/// ```
/// use geusemaker_core::spec::{Cdn, CdnHttpVersion};
///
/// assert_eq!(Cdn::default().http_version(), CdnHttpVersion::Http2And3);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CdnHttpVersion {
    /// HTTP/1.1.
    #[serde(rename = "http1.1")]
    Http1,
    /// HTTP/2.
    #[serde(rename = "http2")]
    Http2,
    /// HTTP/3.
    #[serde(rename = "http3")]
    Http3,
    /// HTTP/2 and HTTP/3. The default.
    #[default]
    #[serde(rename = "http2and3")]
    Http2And3,
}
