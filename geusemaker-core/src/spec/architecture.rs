//! The architectures of processors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The architecture of an instance's processors.
///
/// ```
/// use geusemaker_core::spec::{Architecture, GpuInstanceType};
///
/// let arm: Vec<&str> = GpuInstanceType::all()
///     .filter(|instance_type| instance_type.architecture() == Architecture::Arm64)
///     .map(|instance_type| instance_type.name())
///     .collect();
/// assert!(arm.contains(&"g5g.xlarge"));
/// assert_eq!(Architecture::Arm64.to_string(), "arm64");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Architecture {
    /// 64-bit Arm: AWS Graviton and NVIDIA Grace.
    #[serde(rename = "arm64")]
    Arm64,
    /// 64-bit x86: Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
}

impl fmt::Display for Architecture {
    /// Writes the name that EC2 uses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        })
    }
}
