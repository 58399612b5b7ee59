//! The load balancer in front of the instances.

use std::time::Duration;

use bon::Builder;
use serde::{Deserialize, Serialize};

use super::bounded::Bounded;
use super::duration::BoundedDuration;
use super::error::SpecError;

/// The health checks of the load balancer, and how long to wait for healthy targets.
///
/// The bounds of the health check are those of `CreateTargetGroup` in the Elastic Load Balancing API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct LoadBalancer {
    /// The longest wait for the targets to be healthy: 10 s to 1 h, 5 min by default.
    #[builder(default, with = |wait: Duration| -> Result<_, SpecError> {
        BoundedDuration::new(wait).map_err(|error| error.at("load_balancer.wait_timeout"))
    })]
    wait_timeout: BoundedDuration<10, 3600, 300>,
    /// The time between two health checks of one target: 5 s to 300 s, 30 s by default.
    #[builder(default, with = |interval: Duration| -> Result<_, SpecError> {
        BoundedDuration::new(interval).map_err(|error| error.at("load_balancer.health_check_interval"))
    })]
    health_check_interval: BoundedDuration<5, 300, 30>,
    /// The number of consecutive passed checks that make an unhealthy target healthy: 2 to 10, 2 by default.
    #[builder(default, with = |checks: u32| -> Result<_, SpecError> {
        Bounded::new(checks).map_err(|error| error.at("load_balancer.healthy_threshold"))
    })]
    healthy_threshold: Bounded<2, 10, 2>,
    /// The number of consecutive failed checks that make a healthy target unhealthy: 2 to 10, 3 by default.
    #[builder(default, with = |checks: u32| -> Result<_, SpecError> {
        Bounded::new(checks).map_err(|error| error.at("load_balancer.unhealthy_threshold"))
    })]
    unhealthy_threshold: Bounded<2, 10, 3>,
}

impl LoadBalancer {
    /// Returns the longest wait for the targets to be healthy.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builder_names_field_out_of_bounds() {
        let error = LoadBalancer::builder().healthy_threshold(1).err().unwrap();
        assert_eq!(
            error.to_string(),
            "load_balancer.healthy_threshold: must be from 2 to 10, not 1"
        );
        let error = LoadBalancer::builder()
            .unhealthy_threshold(11)
            .err()
            .unwrap();
        assert_eq!(error.field(), Some("load_balancer.unhealthy_threshold"));
        let error = LoadBalancer::builder()
            .wait_timeout(Duration::from_secs(9))
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            "load_balancer.wait_timeout: must be from 10s to 1h, not 9s"
        );
        let error = LoadBalancer::builder()
            .health_check_interval(Duration::from_secs(301))
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            "load_balancer.health_check_interval: must be from 5s to 5m, not 301s"
        );
    }

    #[test]
    fn builder_and_empty_table_share_defaults() {
        let built = LoadBalancer::builder().build();
        assert_eq!(built, serde_json::from_str("{}").unwrap());
        assert_eq!(built.wait_timeout(), Duration::from_secs(300));
        assert_eq!(built.health_check_interval(), Duration::from_secs(30));
        assert_eq!(
            (built.healthy_threshold(), built.unhealthy_threshold()),
            (2, 3)
        );
    }
}
