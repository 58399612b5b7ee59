//! The tiers of a stack.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounded::WholeNumber;
use super::error::SpecError;

/// The tier of a deployment: how much of the stack is deployed. Each tier includes the one before it.
///
/// A spec gives the tier as a number.
///
/// ```
/// use geusemaker_core::spec::Tier;
///
/// assert_eq!(Tier::try_from(2)?, Tier::LoadBalancer);
/// assert_eq!(Tier::Cdn.number(), 3);
/// assert!(Tier::Instances < Tier::LoadBalancer);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// 1: GPU instances with shared storage.
    Instances = 1,
    /// 2: a load balancer in front of the instances.
    LoadBalancer = 2,
    /// 3: a CDN in front of the load balancer.
    Cdn = 3,
}

impl Tier {
    /// Returns the tier's number: 1, 2 or 3.
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl TryFrom<u8> for Tier {
    type Error = SpecError;

    fn try_from(number: u8) -> Result<Self, SpecError> {
        from_number(number.into())
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

impl Serialize for Tier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Tier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
        from_number(number).map_err(D::Error::custom)
    }
}

fn from_number(number: i128) -> Result<Tier, SpecError> {
    match number {
        1 => Ok(Tier::Instances),
        2 => Ok(Tier::LoadBalancer),
        3 => Ok(Tier::Cdn),
        _ => Err(SpecError::new(format!(
            "there is no tier {number}: expected 1 (instances), 2 (with a load balancer) or 3 (with a CDN too)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tier_round_trips_as_number() {
        for (tier, number) in [
            (Tier::Instances, "1"),
            (Tier::LoadBalancer, "2"),
            (Tier::Cdn, "3"),
        ] {
            assert_eq!(serde_json::to_string(&tier).unwrap(), number);
            assert_eq!(serde_json::from_str::<Tier>(number).unwrap(), tier);
            assert_eq!(tier.to_string(), number);
            assert_eq!(Tier::try_from(tier.number()).unwrap(), tier);
        }
    }

    #[test]
    fn unknown_number_is_refused_with_tiers() {
        for number in ["0", "4", "-1"] {
            let error = serde_json::from_str::<Tier>(number)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(&format!(
                    "there is no tier {number}: expected 1 (instances)"
                )),
                "{error}"
            );
        }
    }

    #[test]
    fn higher_tier_compares_greater() {
        assert!(Tier::Instances < Tier::LoadBalancer && Tier::LoadBalancer < Tier::Cdn);
    }
}
