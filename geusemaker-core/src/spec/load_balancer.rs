//! The load balancer in front of the instances.

use super::SpecError;
use super::bounded::Bounded;
use super::duration::BoundedDuration;
use bon::Builder;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How the load balancer decides that a service is healthy, and how long that may take.
///
/// The bounds of the health check are those of `CreateTargetGroup` in the Elastic Load Balancing API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct LoadBalancer {
    /// How long to wait for the load balancer to be active and its targets healthy: 10 s to 1 h, 5 min by default.
    #[builder(default, with = |wait: Duration| -> Result<_, SpecError> {
        BoundedDuration::new(wait).map_err(|error| error.at("load_balancer.wait_timeout"))
    })]
    wait_timeout: BoundedDuration<10, 3600, 300>,
    /// The time between two health checks of one target: 5 s to 300 s, 30 s by default.
    #[builder(default, with = |interval: Duration| -> Result<_, SpecError> {
        BoundedDuration::new(interval).map_err(|error| error.at("load_balancer.health_check_interval"))
    })]
    health_check_interval: BoundedDuration<5, 300, 30>,
    /// How many checks in a row must pass before an unhealthy target is healthy: 2 to 10, 2 by default.
    #[builder(default, with = |checks: u32| -> Result<_, SpecError> {
        Bounded::new(checks).map_err(|error| error.at("load_balancer.healthy_threshold"))
    })]
    healthy_threshold: Bounded<2, 10, 2>,
    /// How many checks in a row must fail before a healthy target is unhealthy: 2 to 10, 3 by default.
    #[builder(default, with = |checks: u32| -> Result<_, SpecError> {
        Bounded::new(checks).map_err(|error| error.at("load_balancer.unhealthy_threshold"))
    })]
    unhealthy_threshold: Bounded<2, 10, 3>,
}

impl LoadBalancer {
    /// How long to wait for the load balancer to be active and its targets healthy.
    pub fn wait_timeout(&self) -> Duration {
        self.wait_timeout.value()
    }

    /// The time between two health checks of one target, in whole seconds.
    pub fn health_check_interval(&self) -> Duration {
        self.health_check_interval.value()
    }

    /// How many checks in a row must pass before an unhealthy target is healthy.
    pub fn healthy_threshold(&self) -> u32 {
        self.healthy_threshold.value()
    }

    /// How many checks in a row must fail before a healthy target is unhealthy.
    pub fn unhealthy_threshold(&self) -> u32 {
        self.unhealthy_threshold.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_refuses_what_is_out_of_bounds_and_names_the_field() {
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
    fn the_builder_and_an_empty_table_have_the_same_defaults() {
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
