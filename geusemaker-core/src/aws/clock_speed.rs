//! The speed of a simulated account's time, and the check that an account is a simulated one.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

/// Beyond these speeds, the time between two calls is nothing or forever.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.001..=1_000_000.0;

/// The services that a deployment uses, by the ids that the SDK looks their endpoints up with.
const SERVICES: [&str; 5] = [
    "STS",
    "EC2",
    "EFS",
    "Elastic Load Balancing v2",
    "CloudFront",
];

/// The speed of an account's time: the seconds that pass there while one passes here.
///
/// Time at AWS passes as it does here. An account that is simulated by another process on this machine may be faster;
/// see [`SessionBuilder::clock_speed`](crate::SessionBuilder::clock_speed).
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_core::ClockSpeed;
///
/// // As `gm sandbox serve --speed 60` has it.
/// let speed: ClockSpeed = "60".parse()?;
/// assert_eq!(speed.in_account(Duration::from_secs(1)), Duration::from_secs(60));
/// # Ok::<(), geusemaker_core::InvalidClockSpeed>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockSpeed(f64);

/// Error returned when a text is no speed of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from 0.001 to 1000000")]
#[non_exhaustive]
pub struct InvalidClockSpeed;

/// Error returned when a speed is given for an account that is not simulated on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotSimulated {
    /// Calls go to AWS.
    #[error("calls of {service} go to AWS, where time passes as it does here")]
    #[non_exhaustive]
    Aws {
        /// The service, by its name in the SDK.
        service: String,
    },
    /// Calls go to another machine.
    #[error("calls of {service} go to {endpoint}, which is not on this machine")]
    #[non_exhaustive]
    OtherMachine {
        /// The service, by its name in the SDK.
        service: String,
        /// The configured endpoint.
        endpoint: String,
    },
}

impl ClockSpeed {
    /// The speed of time at AWS.
    pub(crate) const OF_AWS: Self = Self(1.0);

    /// Returns the speed as a multiple of real time.
    #[must_use]
    pub fn factor(self) -> f64 {
        self.0
    }

    /// Returns the time that passes in the account during a time that passes here.
    #[must_use]
    pub fn in_account(self, here: Duration) -> Duration {
        self.scaled(here, self.0)
    }

    /// Returns the time that passes here during a time that passes in the account.
    pub(crate) fn here(self, in_account: Duration) -> Duration {
        self.scaled(in_account, 1.0 / self.0)
    }

    fn scaled(self, duration: Duration, factor: f64) -> Duration {
        if self == Self::OF_AWS {
            // Without the rounding of floating-point numbers.
            return duration;
        }
        Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
    }
}

impl FromStr for ClockSpeed {
    type Err = InvalidClockSpeed;

    fn from_str(text: &str) -> Result<Self, InvalidClockSpeed> {
        let factor: f64 = text.parse().map_err(|_| InvalidClockSpeed)?;
        if SPEEDS.contains(&factor) {
            Ok(Self(factor))
        } else {
            Err(InvalidClockSpeed)
        }
    }
}

impl fmt::Display for ClockSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Checks that the calls of every service stay on this machine.
pub(crate) fn ensure_simulated(config: &SdkConfig) -> Result<(), NotSimulated> {
    for service in SERVICES {
        let Some(endpoint) = endpoint(config, service) else {
            return Err(NotSimulated::Aws {
                service: service.to_owned(),
            });
        };
        if !is_on_this_machine(&endpoint) {
            return Err(NotSimulated::OtherMachine {
                service: service.to_owned(),
                endpoint,
            });
        }
    }
    Ok(())
}

/// Returns the endpoint of a service as its client chooses it: the one that a program has set for all services, or else
/// its own in the environment, or else the environment's for all services.
fn endpoint(config: &SdkConfig, service: &str) -> Option<String> {
    if config.get_origin("endpoint_url").is_client_config() {
        return config.endpoint_url().map(str::to_owned);
    }
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let own = config
        .service_config()
        .and_then(|configured| configured.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// Returns true if the host of a URL is this machine, by its name or by an address that no other machine answers.
fn is_on_this_machine(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // What stands before an @ is a name and a password, not a host.
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(endpoint: &str) -> SdkConfig {
        SdkConfig::builder().endpoint_url(endpoint).build()
    }

    #[test]
    fn only_positive_numbers_are_speeds() {
        for text in ["", "0", "-60", "NaN", "inf", "1e9", "60x", "fast", " 60"] {
            assert_eq!(text.parse::<ClockSpeed>(), Err(InvalidClockSpeed), "{text}");
        }
        for text in ["60", "0.5", "1", "1000000"] {
            assert_eq!(text.parse::<ClockSpeed>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn speed_converts_in_both_directions() {
        let speed: ClockSpeed = "60".parse().unwrap();
        let minute = Duration::from_secs(60);
        assert_eq!(speed.here(minute), Duration::from_secs(1));
        assert_eq!(speed.in_account(Duration::from_secs(1)), minute);
        let odd = Duration::new(1, 1);
        assert_eq!(ClockSpeed::OF_AWS.here(odd), odd);
        assert_eq!(ClockSpeed::OF_AWS.in_account(odd), odd);
    }

    #[test]
    fn only_local_endpoints_are_simulated() {
        for endpoint in [
            "http://127.0.0.1:4566",
            "http://localhost:4566/",
            "https://LOCALHOST",
            "http://[::1]:4566",
            "http://0.0.0.0:4566",
        ] {
            assert_eq!(ensure_simulated(&config(endpoint)), Ok(()), "{endpoint}");
        }
        for endpoint in [
            "https://ec2.us-east-1.amazonaws.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com:4566",
            "http://localhost@example.com",
            "http://example.com#@localhost",
            "http://192.168.1.5:4566",
            "localhost:4566",
            "",
        ] {
            let refused = ensure_simulated(&config(endpoint)).unwrap_err();
            assert!(
                matches!(refused, NotSimulated::OtherMachine { .. }),
                "{endpoint}"
            );
        }
        let aws = ensure_simulated(&SdkConfig::builder().build());
        assert!(matches!(aws, Err(NotSimulated::Aws { .. })));
    }

    /// The endpoint of one service alone.
    #[derive(Debug)]
    struct Ec2At(&'static str);

    impl aws_types::service_config::LoadServiceConfig for Ec2At {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            (key.service_id() == "EC2").then(|| self.0.to_owned())
        }
    }

    /// One service that leaves the machine is enough.
    #[test]
    fn services_must_all_be_local() {
        let both = |all: &str, ec2| {
            let config = config(all).into_builder().service_config(Ec2At(ec2));
            ensure_simulated(&config.build())
        };
        assert_eq!(both("http://localhost:1", "http://localhost:2"), Ok(()));
        for (all, ec2) in [
            ("http://localhost", "https://ec2.eu-west-1.amazonaws.com"),
            ("https://example.com", "http://localhost"),
        ] {
            both(all, ec2).unwrap_err();
        }
    }
}
