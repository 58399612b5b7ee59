//! The way from CloudFront to the load balancer.

use serde::{Deserialize, Serialize};

/// The way from CloudFront to the load balancer.
///
/// ```
/// use geusemaker_core::spec::{Cdn, CdnOrigin, DeploymentSpec, SpecError};
///
/// assert_eq!(Cdn::default().origin(), CdnOrigin::Internet);
/// let spec = DeploymentSpec::from_toml(
///     r#"
///     name = "llm-prod"
///     tier = 3
///     compute.instance_type = "g5.xlarge"
///     cdn.origin = "vpc"
///     [[service]]
///     name = "ollama"
///     port = 11434
///     image = "ollama/ollama:latest"
///     "#,
/// )?;
/// assert_eq!(spec.cdn().origin(), CdnOrigin::Vpc);
/// # Ok::<(), SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CdnOrigin {
    /// The internet: the load balancer has public addresses, admits those of CloudFront alone, and asks for a secret
    /// header. The default.
    #[default]
    Internet,
    /// A VPC origin: the load balancer is internal, and CloudFront reaches it through network interfaces of its own in
    /// the VPC.
    Vpc,
}
