//! The partitions of AWS, which share neither accounts nor names.

use std::fmt;

use serde::Deserialize;

/// A partition. botocore 1.44.5, partitions: its name, which its ARNs begin with, and the end of its host names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Partition {
    #[serde(rename = "aws")]
    Aws,
    #[serde(rename = "aws-cn")]
    China,
    #[serde(rename = "aws-eusc")]
    EuropeanSovereign,
    #[serde(rename = "aws-us-gov")]
    GovCloud,
}

impl Partition {
    /// Returns the partition of a region, by the region's name.
    pub(crate) fn of(region: &str) -> Self {
        match region {
            _ if region.starts_with("cn-") => Self::China,
            _ if region.starts_with("eusc-") => Self::EuropeanSovereign,
            _ if region.starts_with("us-gov-") => Self::GovCloud,
            _ => Self::Aws,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::EuropeanSovereign => "aws-eusc",
            Self::GovCloud => "aws-us-gov",
        }
    }

    /// Returns the end of the host names, such as `amazonaws.com`.
    pub(crate) fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::GovCloud => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
            Self::EuropeanSovereign => "amazonaws.eu",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
