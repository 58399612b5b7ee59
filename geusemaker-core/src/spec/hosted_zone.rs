//! The hosted zone of Route 53 in which the names of a stack are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::domain_name::DomainName;
use super::error::SpecError;
use crate::id::HostedZoneId;

/// A public hosted zone of Route 53, by its name or by its id.
///
/// ```
/// use geusemaker_core::spec::HostedZone;
///
/// let by_name: HostedZone = "example.com".parse()?;
/// assert!(matches!(by_name, HostedZone::Name(_)));
/// let by_id: HostedZone = "Z0123456789ABCDEFGHIJ".parse()?;
/// assert!(matches!(by_id, HostedZone::Id(_)));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostedZone {
    /// The zone of this name. The account must have one public zone of it.
    Name(DomainName),
    /// The zone with this id.
    Id(HostedZoneId),
}

impl fmt::Display for HostedZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl FromStr for HostedZone {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        if text.contains('.') {
            return text.parse().map(Self::Name);
        }
        let id = text.strip_prefix("/hostedzone/").unwrap_or(text);
        id.parse().map(Self::Id).map_err(|_| {
            SpecError::new(format!(
                "{text:?} is not a hosted zone: expected its name, such as example.com, or its id, such as Z0123456789ABC"
            ))
        })
    }
}

impl Serialize for HostedZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HostedZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_is_name_or_id() {
        for text in [
            "example.com",
            "a.b.example.com",
            "Z1",
            "Z0123456789ABCDEFGHIJ",
        ] {
            let zone: HostedZone = text.parse().unwrap();
            assert_eq!(zone.to_string(), text);
            let json = serde_json::to_string(&zone).unwrap();
            assert_eq!(serde_json::from_str::<HostedZone>(&json).unwrap(), zone);
        }
        let prefixed: HostedZone = "/hostedzone/Z1".parse().unwrap();
        assert_eq!(prefixed.to_string(), "Z1");
        for text in ["", "com", "z123", "Example.com", "example.com."] {
            assert!(text.parse::<HostedZone>().is_err(), "{text}");
        }
    }
}
