//! Instance types whose facts are known.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::architecture::Architecture;
use super::cpu_instance_type::CpuInstanceType;
use super::described_type::DescribedType;
use super::gpu_instance_type::GpuInstanceType;
use super::price::PriceEstimate;
use crate::price;

/// An instance type whose facts are known: from the catalog, or from AWS.
///
/// Everything that is about GPUs hangs on the first variant, so that nothing of it can be reached with the second.
///
/// ```
/// use geusemaker_core::spec::{GpuInstanceType, InstanceType};
///
/// let gpu: GpuInstanceType = "g5.xlarge".parse()?;
/// let instance_type = InstanceType::from(gpu);
/// assert_eq!((instance_type.name(), instance_type.vcpus()), ("g5.xlarge", 4));
/// match instance_type {
///     InstanceType::Gpu(gpu) => println!("{} x {}", gpu.gpu_count(), gpu.gpu_model()),
///     InstanceType::Cpu(cpu) => println!("{} vCPUs, no GPU", cpu.vcpus()),
///     _ => {}
/// }
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum InstanceType {
    /// A type with GPUs.
    Gpu(GpuInstanceType),
    /// A type without GPUs.
    Cpu(CpuInstanceType),
}

impl InstanceType {
    /// Returns the name that AWS gives the type, such as `g5.xlarge`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Gpu(gpu) => gpu.name(),
            Self::Cpu(cpu) => cpu.name(),
        }
    }

    /// Returns the architecture of the processors, which the image must match.
    pub fn architecture(&self) -> Architecture {
        match self {
            Self::Gpu(gpu) => gpu.architecture(),
            Self::Cpu(cpu) => cpu.architecture(),
        }
    }

    /// Returns the number of virtual processors (vCPUs).
    pub fn vcpus(&self) -> u32 {
        match self {
            Self::Gpu(gpu) => gpu.vcpus(),
            Self::Cpu(cpu) => cpu.vcpus(),
        }
    }

    /// Returns the size of the main memory in MiB.
    pub fn memory_mib(&self) -> u64 {
        match self {
            Self::Gpu(gpu) => gpu.memory_mib(),
            Self::Cpu(cpu) => cpu.memory_mib(),
        }
    }

    /// Returns an estimate of the on-demand price, if the price list has one.
    pub fn on_demand_price(&self) -> Option<PriceEstimate> {
        price::on_demand(self.name()).map(PriceEstimate::per_hour)
    }

    /// Returns true if the type is sold as spot capacity.
    pub(super) fn is_sold_as_spot(&self) -> bool {
        match self {
            Self::Gpu(gpu) => gpu.is_sold_as_spot(),
            Self::Cpu(cpu) => cpu.description().spot,
        }
    }

    /// Returns true if the type is sold in capacity blocks.
    pub(super) fn is_sold_in_blocks(&self) -> bool {
        match self {
            Self::Gpu(gpu) => gpu.is_sold_in_blocks(),
            Self::Cpu(cpu) => cpu.description().capacity_block,
        }
    }
}

impl From<GpuInstanceType> for InstanceType {
    fn from(gpu: GpuInstanceType) -> Self {
        Self::Gpu(gpu)
    }
}

impl From<CpuInstanceType> for InstanceType {
    fn from(cpu: CpuInstanceType) -> Self {
        Self::Cpu(cpu)
    }
}

impl From<DescribedType> for InstanceType {
    fn from(described: DescribedType) -> Self {
        match &described.gpus {
            Some(gpus) => Self::Gpu(GpuInstanceType::described(&described, gpus)),
            None => Self::Cpu(CpuInstanceType::described(described)),
        }
    }
}

impl fmt::Display for InstanceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for InstanceType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// An instance type in a journal, which has to say what the catalog does not know: the stack must be read without AWS.
/// It is flattened into what contains it.
#[derive(Serialize, Deserialize)]
struct Stored {
    instance_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    described_type: Option<DescribedType>,
}

/// Writes the name, and the facts if they are not in the catalog.
pub(crate) fn store<S: Serializer>(
    instance_type: &InstanceType,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let stored = Stored {
        instance_type: instance_type.name().to_owned(),
        described_type: match instance_type {
            InstanceType::Gpu(gpu) => gpu.description(),
            InstanceType::Cpu(cpu) => Some(cpu.description().clone()),
        },
    };
    stored.serialize(serializer)
}

/// Reads what [`store`] has written. The catalog may know the type by now.
pub(crate) fn read_stored<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<InstanceType, D::Error> {
    let Stored {
        instance_type: name,
        described_type,
    } = Stored::deserialize(deserializer)?;
    match (name.parse::<GpuInstanceType>(), described_type) {
        (Ok(listed), _) => Ok(listed.into()),
        (Err(_), Some(described)) => Ok(DescribedType { name, ..described }.into()),
        (Err(error), None) => Err(serde::de::Error::custom(error)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::described_type::DescribedGpus;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(flatten, serialize_with = "store", deserialize_with = "read_stored")]
        instance_type: InstanceType,
        zone: String,
    }

    fn described(name: &str, gpus: Option<DescribedGpus>) -> InstanceType {
        let described = DescribedType {
            name: name.to_owned(),
            architecture: Architecture::Arm64,
            vcpus: 8,
            memory_mib: 32_768,
            spot: false,
            capacity_block: true,
            gpus,
        };
        described.into()
    }

    /// A type of the catalog is stored by its name alone, as it always was.
    #[test]
    fn stored_type_is_read_without_aws() {
        let gpus = DescribedGpus {
            model: "NVIDIA X1".to_owned(),
            count: 2,
            memory_mib: 98_304,
        };
        let listed: GpuInstanceType = "g5.xlarge".parse().unwrap();
        for (instance_type, is_listed) in [
            (listed.into(), true),
            (described("g99.xlarge", Some(gpus)), false),
            (described("m99.xlarge", None), false),
        ] {
            let holder = Holder {
                instance_type,
                zone: "a".to_owned(),
            };
            let json = serde_json::to_value(&holder).unwrap();
            assert_eq!(json["instance_type"], instance_type.name());
            assert_eq!(json.get("described_type").is_none(), is_listed, "{json}");
            let read: Holder = serde_json::from_value(json).unwrap();
            assert_eq!(read, holder);
            let read = read.instance_type;
            assert_eq!(read.architecture(), instance_type.architecture());
            assert_eq!(read.vcpus(), instance_type.vcpus());
            assert_eq!(read.memory_mib(), instance_type.memory_mib());
            assert_eq!(read.is_sold_as_spot(), instance_type.is_sold_as_spot());
            assert_eq!(read.is_sold_in_blocks(), instance_type.is_sold_in_blocks());
            if let (InstanceType::Gpu(read), InstanceType::Gpu(gpu)) = (read, instance_type) {
                assert_eq!(read.gpu_memory_mib_per_gpu(), gpu.gpu_memory_mib_per_gpu());
                assert_eq!(read.gpu_model(), gpu.gpu_model());
            }
        }
        let old = json!({ "instance_type": "m99.xlarge", "zone": "a" });
        assert!(serde_json::from_value::<Holder>(old).is_err());
    }

    /// The process keeps the facts for good, so they must not be many.
    #[test]
    fn same_facts_are_kept_once() {
        let InstanceType::Cpu(one) = described("m98.xlarge", None) else {
            panic!()
        };
        let InstanceType::Cpu(two) = described("m98.xlarge", None) else {
            panic!()
        };
        assert!(std::ptr::eq(one.description(), two.description()));
    }
}
