//! The CDN in front of the load balancer.

use std::time::Duration;

use bon::Builder;
use serde::{Deserialize, Serialize};

use super::duration::BoundedDuration;
use super::error::SpecError;

/// The settings of the CDN.
#[derive(Debug, Clone, Default, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Cdn {
    /// The longest wait for the distribution to be deployed: 1 min to 90 min, 30 min by default.
    #[builder(default, with = |wait: Duration| -> Result<_, SpecError> {
        BoundedDuration::new(wait).map_err(|error| error.at("cdn.wait_timeout"))
    })]
    wait_timeout: BoundedDuration<60, 5400, 1800>,
}

impl Cdn {
    /// Returns the longest wait for the distribution to be deployed.
    pub fn wait_timeout(&self) -> Duration {
        self.wait_timeout.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_timeout_has_default_and_bounds() {
        assert_eq!(Cdn::default().wait_timeout(), Duration::from_secs(1800));
        let minutes = |m: u64| Duration::from_secs(m * 60);
        for wait in [minutes(1), minutes(90)] {
            assert_eq!(
                Cdn::builder()
                    .wait_timeout(wait)
                    .unwrap()
                    .build()
                    .wait_timeout(),
                wait
            );
        }
        let error = Cdn::builder().wait_timeout(minutes(91)).err().unwrap();
        assert_eq!(
            error.to_string(),
            "cdn.wait_timeout: must be from 1m to 90m, not 91m"
        );
    }
}
