//! The oldest version of TLS that viewers may speak.

use serde::{Deserialize, Serialize};

/// The oldest version of TLS with which the distribution answers under the names of the stack.
///
/// ```
/// use geusemaker_core::spec::{Cdn, MinimumTls};
///
/// assert_eq!(Cdn::default().minimum_tls(), MinimumTls::V1_3);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MinimumTls {
    /// TLS 1.2, for programs of before 2018 or so, with the ciphers of 2025.
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3. The default.
    #[default]
    #[serde(rename = "1.3")]
    V1_3,
}

impl MinimumTls {
    /// Returns CloudFront's name of the version with its newest ciphers.
    ///
    /// Source: Amazon CloudFront Developer Guide, "Supported protocols and ciphers between viewers and CloudFront".
    pub(crate) fn security_policy(self) -> &'static str {
        match self {
            Self::V1_2 => "TLSv1.2_2025",
            Self::V1_3 => "TLSv1.3_2025",
        }
    }
}
