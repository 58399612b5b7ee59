//! The methods that a cache behavior admits.

use serde::{Deserialize, Serialize};

/// The methods of requests that CloudFront passes on. It answers all others with 403.
///
/// ```
/// use geusemaker_core::spec::CdnMethods;
///
/// assert_eq!(CdnMethods::Read.names(), ["GET", "HEAD"]);
/// assert_eq!(CdnMethods::All.names().len(), 7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CdnMethods {
    /// GET and HEAD.
    Read,
    /// GET, HEAD and OPTIONS.
    ReadOptions,
    /// All seven methods that CloudFront knows.
    All,
}

impl CdnMethods {
    /// Returns the names of the methods.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Read => &["GET", "HEAD"],
            Self::ReadOptions => &["GET", "HEAD", "OPTIONS"],
            Self::All => &["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        }
    }
}
