//! The load balancer in front of the instances.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::access_logs::AccessLogs;
use super::auth::Auth;
use super::bounded::Bounded;
use super::duration::BoundedDuration;
use super::error::SpecError;
use super::is_default::is_default;
use super::scheme::Scheme;
use crate::id::CertificateArn;

/// The health checks of the load balancer, its patience with the targets, and how long to wait for healthy ones.
///
/// The bounds of the health check are those of `CreateTargetGroup` in the Elastic Load Balancing API.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::LoadBalancer;
///
/// let checks = LoadBalancer::default();
/// assert_eq!(checks.wait_timeout(), Duration::from_secs(600));
/// assert_eq!((checks.healthy_threshold(), checks.unhealthy_threshold()), (2, 3));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct LoadBalancer {
    wait_timeout: BoundedDuration<10, 3600, 600>,
    health_check_interval: BoundedDuration<5, 300, 30>,
    healthy_threshold: Bounded<2, 10, 2>,
    unhealthy_threshold: Bounded<2, 10, 3>,
    idle_timeout: BoundedDuration<1, 4000, 120>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_arn: Option<CertificateArn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme: Option<Scheme>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http2: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    deletion_protection: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_logs: Option<AccessLogs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Auth>,
}

impl LoadBalancer {
    /// Starts the settings from their defaults.
    pub fn builder() -> LoadBalancerBuilder {
        LoadBalancerBuilder::default()
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> LoadBalancerBuilder {
        self.clone().into()
    }

    /// Returns the longest wait for the load balancer to be active and its targets to be healthy, together.
    pub fn wait_timeout(&self) -> Duration {
        self.wait_timeout.value()
    }

    /// Returns the time between two health checks of one target, in whole seconds.
    pub fn health_check_interval(&self) -> Duration {
        self.health_check_interval.value()
    }

    /// Returns the number of consecutive passed checks that make an unhealthy target healthy.
    pub fn healthy_threshold(&self) -> u32 {
        self.healthy_threshold.value()
    }

    /// Returns the number of consecutive failed checks that make a healthy target unhealthy.
    pub fn unhealthy_threshold(&self) -> u32 {
        self.unhealthy_threshold.value()
    }

    /// Returns the time without data after which a connection is ended, in whole seconds.
    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout.value()
    }

    /// Returns the certificate of the load balancer, if the spec names one that exists.
    pub fn certificate_arn(&self) -> Option<&CertificateArn> {
        self.certificate_arn.as_ref()
    }

    /// Returns the network from which the load balancer is reached, unless `cdn.origin = "vpc"` makes it internal.
    pub fn scheme(&self) -> Scheme {
        self.scheme.unwrap_or_default()
    }

    /// Returns the scheme, if the spec names one.
    pub(super) fn given_scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// Returns true if the load balancer speaks HTTP/2 where it speaks HTTPS.
    pub fn http2(&self) -> bool {
        self.http2.unwrap_or(true)
    }

    /// Returns true if AWS refuses to delete the load balancer once the stack is committed.
    pub fn deletion_protection(&self) -> bool {
        self.deletion_protection
    }

    /// Returns the place of the access logs, if there are any.
    pub fn access_logs(&self) -> Option<&AccessLogs> {
        self.access_logs.as_ref()
    }

    /// Returns the proof that those who send requests must give, if there is one.
    pub fn auth(&self) -> Option<&Auth> {
        self.auth.as_ref()
    }
}

/// A builder of the [`LoadBalancer`] of a spec: from [`LoadBalancer::builder`], for
/// [`DeploymentSpecBuilder::load_balancer`](super::DeploymentSpecBuilder::load_balancer).
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::{Compute, DeploymentSpec, LoadBalancer, Service, Tier};
///
/// let checks = LoadBalancer::builder()
///     .wait_timeout(Duration::from_secs(20 * 60))
///     .healthy_threshold(3);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, compute)
///     .service(Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?))
///     .load_balancer(checks)
///     .build()?;
/// assert_eq!(spec.load_balancer().healthy_threshold(), 3);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`wait_timeout`](Self::wait_timeout) | 10 min | outside of 10 s to 1 h, or not whole seconds |
/// | [`health_check_interval`](Self::health_check_interval) | 30 s | outside of 5 s to 5 min, or not whole seconds |
/// | [`healthy_threshold`](Self::healthy_threshold) | 2 | outside of 2 to 10 |
/// | [`unhealthy_threshold`](Self::unhealthy_threshold) | 3 | outside of 2 to 10 |
/// | [`idle_timeout`](Self::idle_timeout) | 2 min | outside of 1 s to 4000 s, or not whole seconds |
/// | [`certificate_arn`](Self::certificate_arn) | requested, with a hosted zone | of another Region, or behind a CDN without a name |
/// | [`scheme`](Self::scheme) | internet-facing, or internal behind a VPC origin | internal behind a CDN without a VPC origin, internet-facing behind one |
/// | [`http2`](Self::http2) | true | never |
/// | [`deletion_protection`](Self::deletion_protection) | false | never |
/// | [`access_logs`](Self::access_logs) | none | never |
/// | [`auth`](Self::auth) | none | in tier 1, or a sign-in without HTTPS |
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct LoadBalancerBuilder {
    wait_timeout: Duration,
    health_check_interval: Duration,
    healthy_threshold: u32,
    unhealthy_threshold: u32,
    idle_timeout: Duration,
    certificate_arn: Option<CertificateArn>,
    scheme: Option<Scheme>,
    http2: Option<bool>,
    deletion_protection: bool,
    access_logs: Option<AccessLogs>,
    auth: Option<Auth>,
}

impl LoadBalancerBuilder {
    /// Sets the longest wait for the load balancer to be active and its targets to be healthy, together, in whole seconds:
    /// 10 s to 1 h, 10 min by default.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.wait_timeout = wait;
        self
    }

    /// Sets the time between two health checks of one target, in whole seconds: 5 s to 5 min, 30 s by default.
    pub fn health_check_interval(mut self, interval: Duration) -> Self {
        self.health_check_interval = interval;
        self
    }

    /// Sets the number of consecutive passed checks that make an unhealthy target healthy: 2 to 10, 2 by default.
    pub fn healthy_threshold(mut self, checks: u32) -> Self {
        self.healthy_threshold = checks;
        self
    }

    /// Sets the number of consecutive failed checks that make a healthy target unhealthy: 2 to 10, 3 by default.
    pub fn unhealthy_threshold(mut self, checks: u32) -> Self {
        self.unhealthy_threshold = checks;
        self
    }

    /// Sets the time without data after which a connection is ended, in whole seconds: 1 s to 4000 s, 2 min by default.
    ///
    /// A model that answers all at once must be done within this time.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the certificate with which the load balancer answers on port 443: one of its Region that exists. Port 80
    /// redirects there.
    pub fn certificate_arn(mut self, arn: CertificateArn) -> Self {
        self.certificate_arn = Some(arn);
        self
    }

    /// Sets the network from which the load balancer is reached; the internet by default.
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Switches HTTP/2 off, if it is false. It has a meaning for HTTPS alone.
    pub fn http2(mut self, speaks: bool) -> Self {
        self.http2 = Some(speaks);
        self
    }

    /// Makes AWS refuse to delete the load balancer once the stack is committed. Somebody has to lift the protection
    /// before the stack can be removed: this program does not.
    pub fn deletion_protection(mut self, protects: bool) -> Self {
        self.deletion_protection = protects;
        self
    }

    /// Sets the place of the access logs.
    pub fn access_logs(mut self, logs: AccessLogs) -> Self {
        self.access_logs = Some(logs);
        self
    }

    /// Sets the proof that those who send requests must give: a bearer token, or a sign-in.
    pub fn auth(mut self, auth: impl Into<Auth>) -> Self {
        self.auth = Some(auth.into());
        self
    }

    /// Checks the bounds of all values.
    pub(super) fn checked(self) -> Result<LoadBalancer, SpecError> {
        Ok(LoadBalancer {
            wait_timeout: BoundedDuration::new(self.wait_timeout)
                .map_err(|error| error.at("wait_timeout"))?,
            health_check_interval: BoundedDuration::new(self.health_check_interval)
                .map_err(|error| error.at("health_check_interval"))?,
            healthy_threshold: Bounded::new(self.healthy_threshold)
                .map_err(|error| error.at("healthy_threshold"))?,
            unhealthy_threshold: Bounded::new(self.unhealthy_threshold)
                .map_err(|error| error.at("unhealthy_threshold"))?,
            idle_timeout: BoundedDuration::new(self.idle_timeout)
                .map_err(|error| error.at("idle_timeout"))?,
            certificate_arn: self.certificate_arn,
            scheme: self.scheme,
            http2: self.http2,
            deletion_protection: self.deletion_protection,
            access_logs: self.access_logs,
            auth: self.auth,
        })
    }
}

impl Default for LoadBalancerBuilder {
    fn default() -> Self {
        LoadBalancer::default().into()
    }
}

impl From<LoadBalancer> for LoadBalancerBuilder {
    fn from(load_balancer: LoadBalancer) -> Self {
        Self {
            wait_timeout: load_balancer.wait_timeout(),
            health_check_interval: load_balancer.health_check_interval(),
            healthy_threshold: load_balancer.healthy_threshold(),
            unhealthy_threshold: load_balancer.unhealthy_threshold(),
            idle_timeout: load_balancer.idle_timeout(),
            certificate_arn: load_balancer.certificate_arn,
            scheme: load_balancer.scheme,
            http2: load_balancer.http2,
            deletion_protection: load_balancer.deletion_protection,
            access_logs: load_balancer.access_logs,
            auth: load_balancer.auth,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builder_and_empty_table_share_defaults() {
        let built = LoadBalancer::builder().checked().unwrap();
        assert_eq!(built, serde_json::from_str("{}").unwrap());
        assert_eq!(built.wait_timeout(), Duration::from_secs(600));
        assert_eq!(built.health_check_interval(), Duration::from_secs(30));
        assert_eq!(built.idle_timeout(), Duration::from_secs(120));
        assert_eq!(
            (built.healthy_threshold(), built.unhealthy_threshold()),
            (2, 3)
        );
    }
}
