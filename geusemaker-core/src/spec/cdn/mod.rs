//! The CDN in front of the load balancer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration::BoundedDuration;
use super::error::SpecError;

/// The settings of the CDN.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::Cdn;
///
/// assert_eq!(Cdn::default().wait_timeout(), Duration::from_secs(30 * 60));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Cdn {
    wait_timeout: BoundedDuration<60, 5400, 1800>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_timeout: Option<BoundedDuration<1, 120, 120>>,
    keep_alive: BoundedDuration<1, 120, 60>,
}

impl Cdn {
    /// Starts the settings from their defaults.
    pub fn builder() -> CdnBuilder {
        CdnBuilder::default()
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> CdnBuilder {
        self.clone().into()
    }

    /// Returns the longest wait for the distribution to be deployed.
    pub fn wait_timeout(&self) -> Duration {
        self.wait_timeout.value()
    }

    /// Returns the longest time without data from the load balancer, if the spec has one. Otherwise it is the load
    /// balancer's own idle timeout, or two minutes if that is longer.
    pub fn read_timeout(&self) -> Option<Duration> {
        self.read_timeout.map(|timeout| timeout.value())
    }

    /// Returns the time for which CloudFront keeps an unused connection to the load balancer.
    pub fn keep_alive(&self) -> Duration {
        self.keep_alive.value()
    }
}

/// A builder of the [`Cdn`] of a spec: from [`Cdn::builder`], for
/// [`DeploymentSpecBuilder::cdn`](super::DeploymentSpecBuilder::cdn).
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::{Cdn, Compute, DeploymentSpec, Service, Tier};
///
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Cdn, Compute::builder("g5.xlarge".parse()?))
///     .service(Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?))
///     .cdn(Cdn::builder().wait_timeout(Duration::from_secs(60 * 60)))
///     .build()?;
/// assert_eq!(spec.cdn().wait_timeout(), Duration::from_secs(60 * 60));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`wait_timeout`](Self::wait_timeout) | 30 min | outside of 1 min to 90 min, or not whole seconds |
/// | [`read_timeout`](Self::read_timeout) | as the load balancer, at most 2 min | outside of 1 s to 2 min, or longer than the load balancer's idle timeout |
/// | [`keep_alive`](Self::keep_alive) | 1 min | outside of 1 s to 2 min, or not whole seconds |
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct CdnBuilder {
    wait_timeout: Duration,
    read_timeout: Option<Duration>,
    keep_alive: Duration,
}

impl CdnBuilder {
    /// Sets the longest wait for the distribution to be deployed, in whole seconds: 1 min to 90 min, 30 min by default.
    pub fn wait_timeout(mut self, wait: Duration) -> Self {
        self.wait_timeout = wait;
        self
    }

    /// Sets the longest time without data from the load balancer, in whole seconds: 1 s to 2 min. It is the load
    /// balancer's idle timeout by default, but at most 2 min.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = Some(timeout);
        self
    }

    /// Sets the time for which an unused connection to the load balancer is kept, in whole seconds: 1 s to 2 min, 1 min
    /// by default.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.keep_alive = time;
        self
    }

    /// Checks the bounds.
    pub(super) fn checked(self) -> Result<Cdn, SpecError> {
        Ok(Cdn {
            wait_timeout: BoundedDuration::new(self.wait_timeout)
                .map_err(|error| error.at("wait_timeout"))?,
            read_timeout: self
                .read_timeout
                .map(BoundedDuration::new)
                .transpose()
                .map_err(|error| error.at("read_timeout"))?,
            keep_alive: BoundedDuration::new(self.keep_alive)
                .map_err(|error| error.at("keep_alive"))?,
        })
    }
}

impl Default for CdnBuilder {
    fn default() -> Self {
        Cdn::default().into()
    }
}

impl From<Cdn> for CdnBuilder {
    fn from(cdn: Cdn) -> Self {
        Self {
            wait_timeout: cdn.wait_timeout(),
            read_timeout: cdn.read_timeout(),
            keep_alive: cdn.keep_alive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_timeout_has_default_and_bounds() {
        assert_eq!(Cdn::default().wait_timeout(), Duration::from_secs(1800));
        let minutes = |m: u64| Duration::from_secs(m * 60);
        let with = |wait| Cdn::builder().wait_timeout(wait).checked();
        for wait in [minutes(1), minutes(90)] {
            assert_eq!(with(wait).unwrap().wait_timeout(), wait);
        }
        assert_eq!(
            with(minutes(91)).unwrap_err().to_string(),
            "wait_timeout: must be from 1m to 90m, not 91m"
        );
    }
}
