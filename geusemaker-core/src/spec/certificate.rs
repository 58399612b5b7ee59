//! The certificates that a spec needs, and the names that they are for.

use super::DeploymentSpec;
use super::domain_name::DomainName;
use super::tier::Tier;
use crate::id::CertificateArn;

/// A certificate of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WantedCertificate {
    /// A certificate that exists, which must cover these names.
    Adopted {
        arn: CertificateArn,
        names: Vec<DomainName>,
    },
    /// A certificate that is requested for these names, of which there is at least one.
    Requested { names: Vec<DomainName> },
}

impl DeploymentSpec {
    /// Returns the names under which people reach the stack: that of the domain, and those that only the CDN has.
    ///
    /// ```
    /// use geusemaker_core::spec::DeploymentSpec;
    ///
    /// let spec = DeploymentSpec::from_toml(
    ///     r#"
    ///     name = "llm-prod"
    ///     tier = 3
    ///     compute.instance_type = "g5.xlarge"
    ///     domain = { name = "llm.example.com", hosted_zone = "example.com" }
    ///     cdn.aliases = ["chat.example.com"]
    ///     [[service]]
    ///     name = "ollama"
    ///     port = 11434
    ///     image = "ollama/ollama:latest"
    ///     "#,
    /// )?;
    /// let names: Vec<_> = spec.names().iter().map(ToString::to_string).collect();
    /// assert_eq!(names, ["llm.example.com", "chat.example.com"]);
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn names(&self) -> Vec<DomainName> {
        let domain = self.domain().map(|domain| domain.name().clone());
        let aliases = match self.tier() {
            Tier::Instances | Tier::LoadBalancer => &[][..],
            Tier::Cdn => self.cdn().aliases(),
        };
        domain.into_iter().chain(aliases.iter().cloned()).collect()
    }

    /// Returns the name under which the CDN reaches the load balancer, if it has one of its own.
    pub(crate) fn origin_name(&self) -> Option<DomainName> {
        let domain = self.domain().filter(|_| self.tier() == Tier::Cdn)?;
        domain.hosted_zone().map(|_| domain.origin_name())
    }

    /// Returns the certificate of the load balancer, if it has one.
    pub(crate) fn balancer_certificate(&self) -> Option<WantedCertificate> {
        if self.tier() < Tier::LoadBalancer {
            return None;
        }
        // CloudFront checks that it covers the name of the origin, or the one that the viewer has asked for.
        let names = match self.origin_name() {
            Some(name) => vec![name],
            None => self.names(),
        };
        if let Some(arn) = self.load_balancer().certificate_arn().cloned() {
            return Some(WantedCertificate::Adopted { arn, names });
        }
        self.domain()?.hosted_zone()?;
        Some(WantedCertificate::Requested { names })
    }

    /// Returns the certificate of the CDN, if it has one.
    pub(crate) fn cdn_certificate(&self) -> Option<WantedCertificate> {
        if self.tier() < Tier::Cdn {
            return None;
        }
        let names = self.names();
        if let Some(arn) = self.cdn().certificate_arn().cloned() {
            return Some(WantedCertificate::Adopted { arn, names });
        }
        self.domain()?.hosted_zone()?;
        Some(WantedCertificate::Requested { names })
    }
}
