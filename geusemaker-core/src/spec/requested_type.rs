//! The instance types that a spec asks for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::SpecError;
use super::gpu_instance_type::GpuInstanceType;
use super::instance_type_name::InstanceTypeName;

/// An instance type that a spec asks for: one of the catalog, or a name that only AWS knows.
///
/// Of a listed type, everything is checked while the spec is read. An unlisted name is looked up at AWS when the stack
/// is planned: it may be a newer GPU type, a type without GPUs, or none at all.
///
/// ```
/// use geusemaker_core::spec::RequestedType;
///
/// assert!(matches!("g5.xlarge".parse()?, RequestedType::Listed(gpu) if gpu.gpu_count() == 1));
/// assert!(matches!("m7i.xlarge".parse()?, RequestedType::Unlisted(_)));
///
/// let error = "g5.xlagre".parse::<RequestedType>().unwrap_err();
/// assert!(error.to_string().contains("did you mean \"g5.xlarge\"?"));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RequestedType {
    /// A type of the catalog of GPU instance types.
    Listed(GpuInstanceType),
    /// A name that the catalog does not have.
    Unlisted(InstanceTypeName),
}

impl RequestedType {
    /// Returns the name, such as `g5.xlarge`.
    pub fn name(&self) -> &str {
        match self {
            Self::Listed(gpu) => gpu.name(),
            Self::Unlisted(name) => name.as_str(),
        }
    }

    /// Returns the type if it is in the catalog.
    pub fn listed(&self) -> Option<GpuInstanceType> {
        match self {
            Self::Listed(gpu) => Some(*gpu),
            Self::Unlisted(_) => None,
        }
    }
}

impl From<GpuInstanceType> for RequestedType {
    fn from(gpu: GpuInstanceType) -> Self {
        // The name of a type of the catalog is no name that only AWS knows.
        match gpu.name().parse() {
            Ok(unlisted) => Self::Unlisted(unlisted),
            Err(_) => Self::Listed(gpu),
        }
    }
}

impl FromStr for RequestedType {
    type Err = SpecError;

    fn from_str(name: &str) -> Result<Self, SpecError> {
        match (name.parse(), name.parse()) {
            (Ok(listed), _) => Ok(Self::Listed(listed)),
            (Err(_), Ok(unlisted)) => Ok(Self::Unlisted(unlisted)),
            (Err(unknown), Err(_)) => Err(unknown),
        }
    }
}

impl fmt::Display for RequestedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for RequestedType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for RequestedType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_name_alone() {
        for name in ["p5.48xlarge", "m7i.large", "c7i.metal-24xl"] {
            let requested: RequestedType = name.parse().unwrap();
            let json = serde_json::to_value(&requested).unwrap();
            assert_eq!(json, name);
            let read: RequestedType = serde_json::from_value(json).unwrap();
            assert_eq!(read, requested);
        }
    }

    #[test]
    fn name_without_format_is_refused() {
        for name in ["g5.xlagre", "g5xlarge", "G5.xlarge", "", "gpu"] {
            let error = name.parse::<RequestedType>().unwrap_err().to_string();
            assert!(error.starts_with("unknown GPU instance type"), "{error}");
        }
    }
}
