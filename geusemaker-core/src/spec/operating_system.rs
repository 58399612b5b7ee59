//! The operating systems of the images that AWS and Canonical publish.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;

/// The operating system of the image that the instances boot: of a Deep Learning AMI, or without GPUs of the plain
/// image.
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

    /// Returns the public parameter of Systems Manager that names the newest image of the plain system, without
    /// drivers.
    ///
    /// Source: Amazon Linux 2023 User Guide, "AL2023 on Amazon EC2"; Ubuntu on AWS documentation, "Find Ubuntu images
    /// on AWS".
    pub(crate) fn image_parameter(self, architecture: Architecture) -> String {
        let (volume, version) = match self {
            Self::AmazonLinux2023 => {
                return format!(
                    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
                );
            }
            Self::Ubuntu2404 => ("gp3", "24.04"),
            Self::Ubuntu2204 => ("gp2", "22.04"),
        };
        let machine = match architecture {
            Architecture::Arm64 => "arm64",
            Architecture::X86_64 => "amd64",
        };
        format!(
            "/aws/service/canonical/ubuntu/server/{version}/stable/current/{machine}/hvm/ebs-{volume}/ami-id"
        )
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
