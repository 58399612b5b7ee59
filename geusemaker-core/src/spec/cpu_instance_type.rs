//! Instance types without GPUs.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::architecture::Architecture;
use super::described_type::{DescribedType, Known};

/// An instance type without GPUs or other accelerators, with the facts that AWS's DescribeInstanceTypes gives.
///
/// It comes from a plan, and has nothing of a [`GpuInstanceType`](super::GpuInstanceType): no GPU driver, no GPU check
/// and no devices for containers.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # let aws = geusemaker_testkit::Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// use geusemaker_core::spec::InstanceType;
///
/// let spec = DeploymentSpec::from_toml("name = 'web'\ntier = 1\ncompute.instance_type = 'm7i.large'")?;
/// let planned = session.plan(spec).await?;
/// let InstanceType::Cpu(cpu) = planned.state().plan.candidates[0].instance_type else {
///     panic!("m7i.large has no GPU")
/// };
/// assert_eq!((cpu.vcpus(), cpu.memory_mib()), (2, 8192));
/// # drop(planned);
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct CpuInstanceType(&'static DescribedType);

impl CpuInstanceType {
    /// Returns the type that AWS has described so.
    pub(super) fn described(described: DescribedType) -> Self {
        static KNOWN: Known<DescribedType> = Known::new();
        Self(KNOWN.keep(described))
    }

    /// Returns the facts that AWS has given.
    pub(super) fn description(&self) -> &'static DescribedType {
        self.0
    }

    /// Returns the name that AWS gives the type, such as `m7i.xlarge`.
    pub fn name(&self) -> &'static str {
        &self.0.name
    }

    /// Returns the architecture of the processors, which the image must match.
    pub fn architecture(&self) -> Architecture {
        self.0.architecture
    }

    /// Returns the number of virtual processors (vCPUs).
    pub fn vcpus(&self) -> u32 {
        self.0.vcpus
    }

    /// Returns the size of the main memory in MiB.
    pub fn memory_mib(&self) -> u64 {
        self.0.memory_mib
    }
}

impl fmt::Display for CpuInstanceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for CpuInstanceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CpuInstanceType")
            .field(&self.name())
            .finish()
    }
}

impl PartialEq for CpuInstanceType {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for CpuInstanceType {}

impl PartialOrd for CpuInstanceType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CpuInstanceType {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Hash for CpuInstanceType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}
