//! The health check of a service.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::port::read_port_number;
use super::text::{HealthMatcher, HealthPath};
use crate::spec::duration::BoundedDuration;
use crate::spec::error::SpecError;

/// The longest grace is as long as the longest start that is known of, with a large image and a large model.
type Grace = BoundedDuration<0, 7200, 0>;

/// The check with which the load balancer learns that a service is healthy.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Service, Tier};
///
/// let vllm = Service::builder("vllm".parse()?, 8000, "vllm/vllm-openai:v0.11.0".parse()?)
///     .health_path("/health".parse()?)
///     .health_matcher("200-299".parse()?)
///     .health_grace(Duration::from_secs(15 * 60));
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, compute)
///     .service(vllm)
///     .build()?;
/// let health = spec.services()[0].health();
/// assert_eq!((health.path().as_str(), health.matcher().as_str()), ("/health", "200-299"));
/// assert_eq!(health.port(), None);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    path: HealthPath,
    matcher: HealthMatcher,
    port: Option<u16>,
    grace: Grace,
}

impl Health {
    /// Returns the path that the load balancer requests.
    pub fn path(&self) -> &HealthPath {
        &self.path
    }

    /// Returns the statuses that a healthy service answers with.
    pub fn matcher(&self) -> &HealthMatcher {
        &self.matcher
    }

    /// Returns the port of the instance that is checked, if it is not the one that serves.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns the time that is added to the load balancer's wait for healthy targets, for a service that loads for
    /// long.
    pub fn grace(&self) -> Duration {
        self.grace.value()
    }

    /// Returns true if a path alone describes it.
    pub(super) fn is_path_alone(&self) -> bool {
        let path = HealthPath::default();
        Self {
            path,
            ..self.clone()
        } == Self::default()
    }
}

/// The keys of a health check in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, as in { path = \"/health\", grace = \"15m\" }"
)]
pub(super) struct HealthFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<HealthPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) matcher: Option<HealthMatcher>,
    #[serde(
        default,
        deserialize_with = "read_port_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) port: Option<u16>,
    #[serde(
        default,
        deserialize_with = "read_grace",
        serialize_with = "write_grace",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) grace: Option<Duration>,
}

impl HealthFields {
    /// Checks the values that can be wrong by themselves.
    pub(super) fn checked(self) -> Result<Health, SpecError> {
        Ok(Health {
            path: self.path.unwrap_or_default(),
            matcher: self.matcher.unwrap_or_default(),
            port: self.port,
            grace: Grace::new(self.grace.unwrap_or_default()).map_err(|error| error.at("grace"))?,
        })
    }
}

impl From<&Health> for HealthFields {
    fn from(health: &Health) -> Self {
        let usual = Health::default();
        let other = |is_other: bool| is_other.then_some(());
        Self {
            path: Some(health.path.clone()),
            matcher: other(health.matcher != usual.matcher).map(|()| health.matcher.clone()),
            port: health.port,
            grace: other(health.grace != usual.grace).map(|()| health.grace()),
        }
    }
}

fn read_grace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Grace::deserialize(deserializer).map(|grace| Some(grace.value()))
}

fn write_grace<S: Serializer>(grace: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    let grace = grace.unwrap_or_default();
    Grace::new(grace)
        .map_err(serde::ser::Error::custom)?
        .serialize(serializer)
}
