//! The load balancer in front of the instances.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bounded::Bounded;
use super::duration::BoundedDuration;
use super::error::SpecError;

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
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct LoadBalancerBuilder {
    wait_timeout: Duration,
    health_check_interval: Duration,
    healthy_threshold: u32,
    unhealthy_threshold: u32,
    idle_timeout: Duration,
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
