//! The operating systems of AWS's Deep Learning AMIs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The operating system of the Deep Learning AMI that the instances boot.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, OperatingSystem, Tier};
///
/// let compute = Compute::builder("g5.xlarge".parse()?).os(OperatingSystem::AmazonLinux2023);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute).build()?;
/// assert_eq!(spec.compute().os(), OperatingSystem::AmazonLinux2023);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OperatingSystem {
    /// Ubuntu 24.04. The default.
    #[serde(rename = "ubuntu-24.04")]
    Ubuntu2404,
    /// Ubuntu 22.04.
    #[serde(rename = "ubuntu-22.04")]
    Ubuntu2204,
    /// Amazon Linux 2023. The default for fractional GPUs, since its image is the one that lists them.
    #[serde(rename = "amazon-linux-2023")]
    AmazonLinux2023,
}

impl OperatingSystem {
    /// Returns the name as the names of Deep Learning AMIs have it: `Ubuntu 24.04`.
    pub(crate) fn in_image_name(self) -> &'static str {
        match self {
            Self::Ubuntu2404 => "Ubuntu 24.04",
            Self::Ubuntu2204 => "Ubuntu 22.04",
            Self::AmazonLinux2023 => "Amazon Linux 2023",
        }
    }
}

impl fmt::Display for OperatingSystem {
    /// Writes the value of `compute.os`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ubuntu2404 => "ubuntu-24.04",
            Self::Ubuntu2204 => "ubuntu-22.04",
            Self::AmazonLinux2023 => "amazon-linux-2023",
        })
    }
}
