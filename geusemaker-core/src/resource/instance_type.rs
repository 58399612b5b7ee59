//! Instance types that the catalog does not have, as AWS describes them.

use aws_sdk_ec2::types::{
    ArchitectureType, GpuInfo, InstanceTypeInfo, UsageClassType as UsageClass,
};

use super::filter::filters;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::{Architecture, DescribedGpus, DescribedType, InstanceType, InstanceTypeName};

/// The answer of AWS about a name.
#[derive(Debug)]
pub(crate) enum Described {
    Type(InstanceType),
    /// The type has something, such as `1 x AWS Inferentia2`, that is neither a GPU of NVIDIA or AMD nor nothing.
    Unserved {
        has: String,
    },
    /// The region has no such type.
    Unknown,
}

/// Returns the answers of AWS about these names, in their order.
pub(crate) async fn described(
    aws: &Reader,
    names: &[&InstanceTypeName],
) -> Result<Vec<Described>, AwsError> {
    let values: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    // Names that are unknown make no error in a filter.
    let types: Vec<_> = aws
        .ec2
        .describe_instance_types()
        .filters(filters("instance-type", &values))
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("ec2:DescribeInstanceTypes"))?;
    let of_name = |name: &str| {
        let mut types = types.iter();
        types.find(|it| it.instance_type().is_some_and(|it| it.as_str() == name))
    };
    let answers = values.into_iter().map(|name| match of_name(name) {
        Some(found) => read(name, found),
        None => Ok(Described::Unknown),
    });
    answers.collect()
}

fn read(name: &str, found: &InstanceTypeInfo) -> Result<Described, AwsError> {
    let incomplete = |what| AwsError::incomplete("ec2:DescribeInstanceTypes", what);
    let gpus = match found.gpu_info().map(gpus) {
        Some(Gpus::Served(gpus)) => Some(gpus),
        Some(Gpus::Unserved { has }) => return Ok(Described::Unserved { has }),
        None => None,
    };
    if let (None, Some(has)) = (&gpus, accelerators(found)) {
        return Ok(Described::Unserved { has });
    }
    let architectures = found.processor_info();
    let architectures = architectures.map(|info| info.supported_architectures());
    let mut architectures = architectures.unwrap_or_default().iter();
    let architecture = architectures.find_map(|it| match it {
        ArchitectureType::Arm64 => Some(Architecture::Arm64),
        ArchitectureType::X8664 => Some(Architecture::X86_64),
        // A Mac, or a machine of 32 bits.
        _ => None,
    });
    let Some(architecture) = architecture else {
        let has = "neither 64-bit x86 nor 64-bit Arm processors that run Linux".to_owned();
        return Ok(Described::Unserved { has });
    };
    let vcpus = found.v_cpu_info().and_then(|info| info.default_v_cpus());
    let vcpus = vcpus.and_then(|vcpus| vcpus.try_into().ok());
    let memory = found.memory_info().and_then(|info| info.size_in_mib());
    let memory = memory.and_then(|mib| mib.try_into().ok());
    let is_sold = |class: &UsageClass| found.supported_usage_classes().contains(class);
    let described = DescribedType {
        name: name.to_owned(),
        architecture,
        vcpus: vcpus.ok_or_else(|| incomplete("number of vCPUs"))?,
        memory_mib: memory.ok_or_else(|| incomplete("memory"))?,
        spot: is_sold(&UsageClass::Spot),
        capacity_block: is_sold(&UsageClass::CapacityBlock),
        gpus,
    };
    Ok(Described::Type(described.into()))
}

enum Gpus {
    Served(DescribedGpus),
    Unserved { has: String },
}

fn gpus(info: &GpuInfo) -> Gpus {
    let devices = info.gpus();
    let first = devices.first();
    let maker = first.and_then(|gpu| gpu.manufacturer()).unwrap_or_default();
    let name = first.and_then(|gpu| gpu.name()).unwrap_or_default();
    // A fraction of a GPU, of which AWS counts 0, is a GPU for those who use it.
    let count: i32 = devices.iter().filter_map(|gpu| gpu.count()).sum();
    let count = u32::try_from(count).unwrap_or_default().max(1);
    let memory = info.total_gpu_memory_in_mib().unwrap_or_default();
    match maker {
        "NVIDIA" | "AMD" => Gpus::Served(DescribedGpus {
            model: format!("{maker} {name}"),
            count,
            memory_mib: memory.try_into().unwrap_or_default(),
        }),
        _ => Gpus::Unserved {
            has: counted(count, maker, name),
        },
    }
}

/// Returns the accelerators of a type that are no GPUs: `1 x AWS Inferentia2`.
fn accelerators(found: &InstanceTypeInfo) -> Option<String> {
    let count = |count: Option<i32>| u32::try_from(count.unwrap_or_default()).unwrap_or_default();
    if let Some(info) = found.neuron_info() {
        let device = info.neuron_devices().first();
        let name = device.and_then(|device| device.name()).unwrap_or("Neuron");
        return Some(counted(
            count(device.and_then(|it| it.count())),
            "AWS",
            name,
        ));
    }
    if let Some(info) = found.inference_accelerator_info() {
        let device = info.accelerators().first();
        let maker = device.and_then(|it| it.manufacturer()).unwrap_or_default();
        let name = device.and_then(|it| it.name()).unwrap_or("accelerator");
        return Some(counted(
            count(device.and_then(|it| it.count())),
            maker,
            name,
        ));
    }
    if let Some(info) = found.fpga_info() {
        let device = info.fpgas().first();
        let maker = device.and_then(|it| it.manufacturer()).unwrap_or_default();
        let name = device.and_then(|it| it.name()).unwrap_or("FPGA");
        return Some(counted(
            count(device.and_then(|it| it.count())),
            maker,
            name,
        ));
    }
    let info = found.media_accelerator_info()?;
    let device = info.accelerators().first();
    let maker = device.and_then(|it| it.manufacturer()).unwrap_or_default();
    let name = device
        .and_then(|it| it.name())
        .unwrap_or("media accelerator");
    Some(counted(
        count(device.and_then(|it| it.count())),
        maker,
        name,
    ))
}

/// Returns `8 x Xilinx U30`. Some names of devices begin with that of their maker.
fn counted(count: u32, maker: &str, name: &str) -> String {
    let name = name.strip_prefix(maker).unwrap_or(name).trim();
    let devices = format!("{maker} {name}");
    format!("{} x {}", count.max(1), devices.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{GpuDeviceInfo, MemoryInfo, ProcessorInfo, VCpuInfo};

    fn info() -> aws_sdk_ec2::types::builders::InstanceTypeInfoBuilder {
        let processors = ProcessorInfo::builder();
        let processors = processors
            .supported_architectures(ArchitectureType::I386)
            .supported_architectures(ArchitectureType::X8664);
        InstanceTypeInfo::builder()
            .processor_info(processors.build())
            .v_cpu_info(VCpuInfo::builder().default_v_cpus(4).build())
            .memory_info(MemoryInfo::builder().size_in_mib(16_384).build())
    }

    fn gpu(maker: &str, count: i32) -> GpuInfo {
        let device = GpuDeviceInfo::builder().manufacturer(maker).name("X1");
        let info = GpuInfo::builder().gpus(device.count(count).build());
        info.total_gpu_memory_in_mib(6_000).build()
    }

    /// A fraction of a GPU counts as one, as in the catalog.
    #[test]
    fn gpus_of_nvidia_and_amd_are_served() {
        for (maker, count, wanted) in [("NVIDIA", 2, 2), ("AMD", 1, 1), ("NVIDIA", 0, 1)] {
            let found = read("g99.large", &info().gpu_info(gpu(maker, count)).build());
            let Described::Type(InstanceType::Gpu(read)) = found.unwrap() else {
                panic!("{maker}")
            };
            assert_eq!(read.gpu_model(), format!("{maker} X1"));
            assert_eq!((read.gpu_count(), read.gpu_memory_mib()), (wanted, 6_000));
        }
        let found = read("dl1.24xlarge", &info().gpu_info(gpu("Habana", 8)).build());
        assert!(matches!(found.unwrap(), Described::Unserved { has } if has == "8 x Habana X1"));
    }

    #[test]
    fn incomplete_description_is_error() {
        let without_memory = info().set_memory_info(None).build();
        let error = read("m99.large", &without_memory).unwrap_err();
        assert!(error.to_string().contains("memory"), "{error}");
        let mac = ProcessorInfo::builder().supported_architectures(ArchitectureType::Arm64Mac);
        let mac = info().processor_info(mac.build()).build();
        assert!(matches!(
            read("mac9.metal", &mac).unwrap(),
            Described::Unserved { .. }
        ));
    }
}
