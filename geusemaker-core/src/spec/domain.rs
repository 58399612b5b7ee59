//! The name under which a stack is reached.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::domain_name::DomainName;
use super::duration::BoundedDuration;
use super::error::SpecError;
use super::hosted_zone::HostedZone;

/// The label in front of the stack's name that makes the name of a load balancer behind a CDN.
const ORIGIN: &str = "origin";

/// The name under which a stack is reached, with HTTPS.
///
/// With a hosted zone, certificates are requested and validated, and records lead from the names to the stack. Without
/// one, the spec names certificates that exist, and somebody else makes the records.
///
/// ```
/// use geusemaker_core::spec::Domain;
///
/// let domain = Domain::builder("llm.example.com".parse()?).hosted_zone("example.com".parse()?);
/// # use geusemaker_core::spec::{Compute, DeploymentSpec, Service, Tier};
/// # let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Cdn, Compute::builder("g5.xlarge".parse()?))
/// #     .service(Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?));
/// let spec = spec.domain(domain).build()?;
/// let domain = spec.domain().unwrap();
/// assert_eq!(domain.name().as_str(), "llm.example.com");
/// // The name under which the CDN reaches the load balancer.
/// assert_eq!(domain.origin_name().as_str(), "origin.llm.example.com");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Domain {
    name: DomainName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hosted_zone: Option<HostedZone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin_name: Option<DomainName>,
    #[serde(default)]
    wait_timeout: BoundedDuration<60, 10800, 2700>,
}

impl Domain {
    /// The time limit of a spec that has none.
    pub(crate) const WAIT_TIMEOUT: Duration = Duration::from_secs(2700);

    /// Starts the settings with the name.
    pub fn builder(name: DomainName) -> DomainBuilder {
        DomainBuilder {
            name,
            hosted_zone: None,
            origin_name: None,
            wait_timeout: Self::WAIT_TIMEOUT,
        }
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> DomainBuilder {
        self.clone().into()
    }

    /// Returns the name.
    pub fn name(&self) -> &DomainName {
        &self.name
    }

    /// Returns the hosted zone that the name is in, if this program makes its records.
    pub fn hosted_zone(&self) -> Option<&HostedZone> {
        self.hosted_zone.as_ref()
    }

    /// Returns the name under which a CDN reaches the load balancer: `origin.` and the name by default.
    pub fn origin_name(&self) -> DomainName {
        let given = self.origin_name.clone();
        given.unwrap_or_else(|| self.name.below(ORIGIN))
    }

    /// Returns the name of the load balancer behind the CDN, if the spec has one.
    pub(super) fn given_origin_name(&self) -> Option<&DomainName> {
        self.origin_name.as_ref()
    }

    /// Returns the longest wait for a certificate to be issued.
    pub fn wait_timeout(&self) -> Duration {
        self.wait_timeout.value()
    }
}

/// A builder of the [`Domain`] of a spec: from [`Domain::builder`], for
/// [`DeploymentSpecBuilder::domain`](super::DeploymentSpecBuilder::domain).
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Domain, Service, Tier};
///
/// let domain = Domain::builder("llm.example.com".parse()?)
///     .hosted_zone("example.com".parse()?)
///     .wait_timeout(Duration::from_secs(60 * 60));
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, Compute::builder("g5.xlarge".parse()?))
///     .service(Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?))
///     .domain(domain)
///     .build()?;
/// assert_eq!(spec.domain().unwrap().wait_timeout(), Duration::from_secs(60 * 60));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`hosted_zone`](Self::hosted_zone) | none: certificates must be named | if the name is not in it |
/// | [`origin_name`](Self::origin_name) | `origin.` and the name | below tier 3, without a hosted zone, or outside of it |
/// | [`wait_timeout`](Self::wait_timeout) | 45 min | outside of 1 min to 3 h, or not whole seconds |
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct DomainBuilder {
    name: DomainName,
    hosted_zone: Option<HostedZone>,
    origin_name: Option<DomainName>,
    wait_timeout: Duration,
}

impl DomainBuilder {
    /// Sets the hosted zone of Route 53 that the name is in: certificates are requested, and records are made there.
    pub fn hosted_zone(mut self, zone: HostedZone) -> Self {
        self.hosted_zone = Some(zone);
        self
    }

    /// Sets the name under which a CDN reaches the load balancer.
    pub fn origin_name(mut self, name: DomainName) -> Self {
        self.origin_name = Some(name);
        self
    }

    /// Sets the longest wait for a certificate to be issued, in whole seconds: 1 min to 3 h, 45 min by default.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.wait_timeout = wait;
        self
    }

    /// Checks the bounds.
    pub(super) fn checked(self) -> Result<Domain, SpecError> {
        Ok(Domain {
            name: self.name,
            hosted_zone: self.hosted_zone,
            origin_name: self.origin_name,
            wait_timeout: BoundedDuration::new(self.wait_timeout)
                .map_err(|error| error.at("wait_timeout"))?,
        })
    }
}

impl From<Domain> for DomainBuilder {
    fn from(domain: Domain) -> Self {
        Self {
            wait_timeout: domain.wait_timeout(),
            name: domain.name,
            hosted_zone: domain.hosted_zone,
            origin_name: domain.origin_name,
        }
    }
}
