//! The way in which the load balancer treats the instances that serve a service.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::spec::duration::BoundedDuration;
use crate::spec::error::SpecError;
use crate::spec::is_default::is_default;

/// The way in which the load balancer chooses the instance for a request.
///
/// ```
/// use geusemaker_core::spec::Algorithm;
///
/// let json = serde_json::to_string(&Algorithm::LeastOutstandingRequests).unwrap();
/// assert_eq!(json, r#""least-outstanding-requests""#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Algorithm {
    /// The instance that has the fewest requests to answer. It suits models, whose answers take seconds to minutes.
    LeastOutstandingRequests,
    /// One instance after the other.
    RoundRobin,
    /// An instance at random, fewer requests for one that answers with errors.
    WeightedRandom,
}

impl Algorithm {
    /// Returns AWS's name of the algorithm.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LeastOutstandingRequests => "least_outstanding_requests",
            Self::RoundRobin => "round_robin",
            Self::WeightedRandom => "weighted_random",
        }
    }
}

/// The protocol in which the load balancer speaks to a service.
///
/// ```
/// use geusemaker_core::spec::TargetProtocol;
///
/// assert_eq!(TargetProtocol::default(), TargetProtocol::Http);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TargetProtocol {
    /// HTTP. The default.
    #[default]
    Http,
    /// HTTPS. The load balancer does not check the certificate of the service.
    Https,
}

/// The version of HTTP in which the load balancer speaks to a service.
///
/// ```
/// use geusemaker_core::spec::TargetVersion;
///
/// assert_eq!(TargetVersion::default(), TargetVersion::Http1);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TargetVersion {
    /// HTTP/1.1, also for requests that come in HTTP/2. The default.
    #[default]
    Http1,
    /// HTTP/2, for requests that come in it.
    Http2,
    /// gRPC.
    Grpc,
}

type Stickiness = BoundedDuration<1, 604_800, 86_400>;
type DeregistrationDelay = BoundedDuration<0, 3600, 300>;
type SlowStart = BoundedDuration<30, 900, 30>;

/// The way in which the load balancer treats the instances that serve a service.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::spec::{Algorithm, Compute, DeploymentSpec, Service, Target, Tier};
///
/// let target = Target::builder()
///     .stickiness(Duration::from_secs(3600))
///     .deregistration_delay(Duration::from_secs(30));
/// let ui = Service::builder("ui".parse()?, 8080, "ghcr.io/open-webui/open-webui:main".parse()?).target(target);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, compute).service(ui).build()?;
/// let target = spec.services()[0].target();
/// assert_eq!(target.stickiness(), Some(Duration::from_secs(3600)));
/// assert_eq!(target.algorithm(), Algorithm::LeastOutstandingRequests);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table, as in { stickiness = \"1h\" }"
)]
pub struct Target {
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<Algorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stickiness: Option<Stickiness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deregistration_delay: Option<DeregistrationDelay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_start: Option<SlowStart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_zone: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    protocol: TargetProtocol,
    #[serde(skip_serializing_if = "is_default")]
    version: TargetVersion,
}

impl Target {
    /// Starts the settings from their defaults.
    pub fn builder() -> TargetBuilder {
        TargetBuilder::default()
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> TargetBuilder {
        TargetBuilder {
            algorithm: self.algorithm,
            stickiness: self.stickiness(),
            deregistration_delay: self.deregistration_delay.map(BoundedDuration::value),
            slow_start: self.slow_start(),
            cross_zone: self.cross_zone,
            protocol: self.protocol,
            version: self.version,
        }
    }

    /// Returns the way in which an instance is chosen: the fewest outstanding requests by default, or one after the other
    /// with a slow start, which AWS offers with that alone.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(match self.slow_start {
            Some(_) => Algorithm::RoundRobin,
            None => Algorithm::LeastOutstandingRequests,
        })
    }

    /// Returns the time for which the requests of one browser go to one instance, if they do.
    pub fn stickiness(&self) -> Option<Duration> {
        self.stickiness.map(BoundedDuration::value)
    }

    /// Returns the time that an instance which leaves has to finish its answers.
    pub fn deregistration_delay(&self) -> Duration {
        self.deregistration_delay.unwrap_or_default().value()
    }

    /// Returns the time in which a new instance gets more and more requests, if there is one.
    pub fn slow_start(&self) -> Option<Duration> {
        self.slow_start.map(BoundedDuration::value)
    }

    /// Returns true if requests go to instances in other zones too, as they do by default.
    pub fn cross_zone(&self) -> bool {
        self.cross_zone.unwrap_or(true)
    }

    /// Returns the protocol in which the load balancer speaks to the service.
    pub fn protocol(&self) -> TargetProtocol {
        self.protocol
    }

    /// Returns the version of HTTP in which the load balancer speaks to the service.
    pub fn version(&self) -> TargetVersion {
        self.version
    }

    /// Returns the key that contradicts another one, with the reason.
    pub(super) fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let slow = self.slow_start.is_some();
        match self.algorithm {
            Some(Algorithm::LeastOutstandingRequests | Algorithm::WeightedRandom) if slow => {
                Some((
                    "slow_start",
                    "works with algorithm = \"round-robin\" alone: leave one of the two keys out",
                ))
            }
            Some(Algorithm::WeightedRandom) if self.stickiness.is_some() => Some((
                "stickiness",
                "does not work with algorithm = \"weighted-random\": choose another algorithm, or leave one of the two \
                 keys out",
            )),
            Some(_) | None => None,
        }
    }
}

/// A builder of the [`Target`] of a service: from [`Target::builder`], for
/// [`ServiceBuilder::target`](super::ServiceBuilder::target).
///
/// ```
/// use geusemaker_core::spec::{Algorithm, Service, Target};
///
/// let target = Target::builder().algorithm(Algorithm::RoundRobin);
/// let ui = Service::builder("ui".parse()?, 8080, "ghcr.io/open-webui/open-webui:main".parse()?).target(target);
/// # let _ = ui;
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`algorithm`](Self::algorithm) | the fewest outstanding requests | weighted with stickiness; other than round robin with a slow start |
/// | [`stickiness`](Self::stickiness) | none | outside of 1 s to 7 days, or not whole seconds |
/// | [`deregistration_delay`](Self::deregistration_delay) | 5 min | outside of 0 s to 1 h, or not whole seconds |
/// | [`slow_start`](Self::slow_start) | none | outside of 30 s to 15 min, or not whole seconds |
/// | [`cross_zone`](Self::cross_zone) | true | never |
/// | [`protocol`](Self::protocol) | HTTP | never |
/// | [`version`](Self::version) | HTTP/1.1 | other than HTTP/1.1 without HTTPS in front, or behind a CDN |
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Target")]
#[must_use = "a builder does nothing until it is given to the builder of a service"]
pub struct TargetBuilder {
    algorithm: Option<Algorithm>,
    stickiness: Option<Duration>,
    deregistration_delay: Option<Duration>,
    slow_start: Option<Duration>,
    cross_zone: Option<bool>,
    protocol: TargetProtocol,
    version: TargetVersion,
}

impl TargetBuilder {
    /// Sets the way in which an instance is chosen for a request.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// Sends the requests of one browser to one instance for this time, in whole seconds: 1 s to 7 days.
    pub fn stickiness(mut self, time: Duration) -> Self {
        self.stickiness = Some(time);
        self
    }

    /// Sets the time that an instance which leaves has to finish its answers, in whole seconds: 0 s to 1 h, 5 min by
    /// default.
    pub fn deregistration_delay(mut self, time: Duration) -> Self {
        self.deregistration_delay = Some(time);
        self
    }

    /// Sets the time in which a new instance gets more and more requests, in whole seconds: 30 s to 15 min.
    pub fn slow_start(mut self, time: Duration) -> Self {
        self.slow_start = Some(time);
        self
    }

    /// Keeps requests in the zone in which they arrive, if it is false.
    pub fn cross_zone(mut self, crosses: bool) -> Self {
        self.cross_zone = Some(crosses);
        self
    }

    /// Sets the protocol in which the load balancer speaks to the service.
    pub fn protocol(mut self, protocol: TargetProtocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Sets the version of HTTP in which the load balancer speaks to the service.
    pub fn version(mut self, version: TargetVersion) -> Self {
        self.version = version;
        self
    }

    /// Checks the bounds.
    pub(super) fn checked(self) -> Result<Target, SpecError> {
        Ok(Target {
            algorithm: self.algorithm,
            stickiness: self
                .stickiness
                .map(BoundedDuration::new)
                .transpose()
                .map_err(|error| error.at("stickiness"))?,
            deregistration_delay: self
                .deregistration_delay
                .map(BoundedDuration::new)
                .transpose()
                .map_err(|error| error.at("deregistration_delay"))?,
            slow_start: self
                .slow_start
                .map(BoundedDuration::new)
                .transpose()
                .map_err(|error| error.at("slow_start"))?,
            cross_zone: self.cross_zone,
            protocol: self.protocol,
            version: self.version,
        })
    }
}

/// A file has the settings, whose bounds were checked.
impl Serialize for TargetBuilder {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checked = self.clone().checked().map_err(serde::ser::Error::custom)?;
        checked.serialize(serializer)
    }
}

impl From<Target> for TargetBuilder {
    fn from(target: Target) -> Self {
        target.to_builder()
    }
}
