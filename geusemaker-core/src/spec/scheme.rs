//! The network from which a load balancer is reached.

use serde::{Deserialize, Serialize};

/// The network from which a load balancer is reached.
///
/// ```
/// use geusemaker_core::spec::{LoadBalancer, Scheme};
///
/// assert_eq!(LoadBalancer::default().scheme(), Scheme::InternetFacing);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scheme {
    /// The internet. The default.
    #[default]
    InternetFacing,
    /// The VPC, and what is connected with it.
    Internal,
}
