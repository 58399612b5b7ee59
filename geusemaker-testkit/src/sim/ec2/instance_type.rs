//! Instance types, and the places that offer them.

use std::ops::RangeInclusive;

use super::selection::{Described, Field, Selection};
use super::{Code, Ec2};
use crate::sim::catalog::{self, AcceleratorList, Accelerators, Gpus, Hypervisor, InstanceType};
use crate::sim::context::RequestContext;
use crate::sim::regions::Zone;
use crate::wire::params::Params;
use crate::wire::xml::Element;
use crate::wire::{Reply, ServiceError};

impl Described for InstanceType {
    const IDS: Option<&'static str> = Some("InstanceType");
    const PAGE_SIZES: RangeInclusive<usize> = 5..=100;
    const USUAL_PAGE: usize = 100;
    const PAGES_OF_IDS: bool = false;
    const SET: Option<&'static str> = Some("instanceTypesSet");
    const FIELDS: &'static [Field<Self>] = &[
        ("instance-type", |_, _, known| vec![known.name.clone()]),
        ("burstable-performance-supported", |_, _, known| {
            vec![is_burstable(known).to_string()]
        }),
        ("hypervisor", |_, _, known| {
            hypervisor(known).map(str::to_owned).into_iter().collect()
        }),
        ("supported-root-device-type", |_, _, _| {
            vec!["ebs".to_owned()]
        }),
        ("supported-usage-class", |_, _, known| {
            usage_classes(known)
                .iter()
                .map(|it| (*it).to_owned())
                .collect()
        }),
        ("supported-virtualization-type", |_, _, _| {
            vec!["hvm".to_owned()]
        }),
        ("vcpu-info.default-cores", |_, _, known| {
            vec![cores(known).to_string()]
        }),
        ("vcpu-info.default-threads-per-core", |_, _, known| {
            vec![known.threads_per_core.to_string()]
        }),
        ("bare-metal", |_, _, known| {
            vec![is_bare_metal(known).to_string()]
        }),
        ("processor-info.supported-architecture", |_, _, known| {
            vec![known.architecture.clone()]
        }),
        ("vcpu-info.default-vcpus", |_, _, known| {
            vec![known.vcpus.to_string()]
        }),
        ("memory-info.size-in-mib", |_, _, known| {
            vec![known.memory_mib.to_string()]
        }),
    ];

    fn handle(&self) -> &str {
        &self.name
    }

    fn unknown(name: &str) -> ServiceError {
        let message = format!("The following supplied instance types do not exist: [{name}]");
        ServiceError::new(Code::InvalidInstanceType, message)
    }
}

/// An instance type in a place that offers it.
struct Offering {
    instance_type: String,
    location: String,
}

impl Described for Offering {
    const IDS: Option<&'static str> = None;
    const USUAL_PAGE: usize = 1000;
    const FIELDS: &'static [Field<Self>] = &[
        ("instance-type", |_, _, offering| {
            vec![offering.instance_type.clone()]
        }),
        ("location", |_, _, offering| vec![offering.location.clone()]),
    ];

    fn handle(&self) -> &str {
        &self.instance_type
    }

    fn unknown(name: &str) -> ServiceError {
        InstanceType::unknown(name)
    }
}

pub(crate) fn describe(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let selection = Selection::read(params, "DescribeInstanceTypes")?;
    let page = selection.choose(ec2, context.now, instance_types(context))?;
    Ok(page.reply("instanceTypeSet", element))
}

/// Returns the types that AWS has, and those that only this account has.
fn instance_types<'a>(context: &RequestContext<'a>) -> impl Iterator<Item = &'a InstanceType> {
    catalog::instance_types().iter().chain(context.newer_types)
}

pub(crate) fn describe_offerings(
    ec2: &Ec2,
    context: &RequestContext<'_>,
    params: &mut Params,
) -> Result<Reply, ServiceError> {
    let location_type = params
        .optional("LocationType")
        .unwrap_or_else(|| "region".to_owned());
    let selection = Selection::<Offering>::read(params, "DescribeInstanceTypeOfferings")?;
    let location: fn(&Zone) -> String = match location_type.as_str() {
        "region" | "availability-zone" => |zone| zone.name.clone(),
        "availability-zone-id" => |zone| zone.id.clone(),
        other => {
            let message = format!("Value ({other}) for parameter locationType is invalid.");
            return Err(ServiceError::new(Code::InvalidParameterValue, message));
        }
    };
    let mut offerings = Vec::new();
    for known in instance_types(context) {
        let open = ec2.open_zones();
        let mut zones = open
            .iter()
            .copied()
            .filter(|zone| known.is_offered_in(&zone.name));
        let offering = |location| Offering {
            instance_type: known.name.clone(),
            location,
        };
        if location_type == "region" {
            offerings.extend(zones.next().map(|_| offering(context.region.to_owned())));
        } else {
            offerings.extend(zones.map(|zone| offering(location(zone))));
        }
    }
    let page = selection.choose(ec2, context.now, &offerings)?;
    Ok(page.reply("instanceTypeOfferingSet", |offering| {
        Element::new("item")
            .with("instanceType", &offering.instance_type)
            .with("locationType", &location_type)
            .with("location", &offering.location)
    }))
}

fn is_burstable(known: &InstanceType) -> bool {
    known.family().starts_with('t')
}

fn cores(known: &InstanceType) -> u32 {
    known.vcpus / known.threads_per_core.max(1)
}

fn hypervisor(known: &InstanceType) -> Option<&'static str> {
    match known.hypervisor() {
        Hypervisor::Nitro => Some("nitro"),
        Hypervisor::Xen => Some("xen"),
        Hypervisor::BareMetal => None,
    }
}

fn is_bare_metal(known: &InstanceType) -> bool {
    known.hypervisor() == Hypervisor::BareMetal
}

fn element(known: &InstanceType) -> Element {
    let list = |name, values: &[&str]| {
        let items = values.iter().map(|value| Element::leaf("item", value));
        Element::list(name, "item", items)
    };
    let element = Element::new("item")
        .with("instanceType", &known.name)
        .with("bareMetal", is_bare_metal(known))
        .with_some("hypervisor", hypervisor(known))
        .with("burstablePerformanceSupported", is_burstable(known))
        .child(list("supportedUsageClasses", usage_classes(known)))
        .child(list("supportedRootDeviceTypes", &["ebs"]))
        .child(list("supportedVirtualizationTypes", &["hvm"]))
        .child(
            Element::new("processorInfo")
                .child(list("supportedArchitectures", &[&known.architecture])),
        )
        .child(
            Element::new("vCpuInfo")
                .with("defaultVCpus", known.vcpus)
                .with("defaultCores", cores(known))
                .with("defaultThreadsPerCore", known.threads_per_core),
        )
        .child(Element::new("memoryInfo").with("sizeInMiB", known.memory_mib));
    let element = match &known.gpus {
        Some(gpus) => element.child(gpu_info(known, gpus)),
        None => element,
    };
    match &known.accelerators {
        Some(accelerators) => accelerators.lists.iter().fold(element, |element, list| {
            element.child(accelerator_info(accelerators, *list))
        }),
        None => element,
    }
}

/// Returns one of the lists of accelerators. Those of inference have members where the others have items (botocore).
fn accelerator_info(accelerators: &Accelerators, list: AcceleratorList) -> Element {
    let (info, devices, item, total) = match list {
        AcceleratorList::Fpga => ("fpgaInfo", "fpgas", "item", "totalFpgaMemoryInMiB"),
        AcceleratorList::Inference => (
            "inferenceAcceleratorInfo",
            "accelerators",
            "member",
            "totalInferenceMemoryInMiB",
        ),
        AcceleratorList::Media => (
            "mediaAcceleratorInfo",
            "accelerators",
            "item",
            "totalMediaMemoryInMiB",
        ),
        AcceleratorList::Neuron => (
            "neuronInfo",
            "neuronDevices",
            "item",
            "totalNeuronDeviceMemoryInMiB",
        ),
    };
    let maker = (list != AcceleratorList::Neuron).then_some(&accelerators.maker);
    let memory = accelerators.memory_mib_each;
    let device = Element::new(item)
        .with("count", accelerators.count)
        .with("name", &accelerators.device)
        .with_some("manufacturer", maker)
        .child(Element::new("memoryInfo").with("sizeInMiB", memory));
    Element::new(info)
        .child(Element::list(devices, item, [device]))
        .with(total, memory * u64::from(accelerators.count))
}

fn usage_classes(known: &InstanceType) -> &'static [&'static str] {
    match known.family() {
        // AWS facts, GPU families: UltraServers come as capacity blocks only, the p types in all three ways.
        "p6e-gb200" => &["capacity-block"],
        // The data of moto has trn1 so.
        "p4d" | "p4de" | "p5" | "p5e" | "p5en" | "p6-b200" | "p6-b300" | "trn1" => {
            &["on-demand", "spot", "capacity-block"]
        }
        _ => &["on-demand", "spot"],
    }
}

fn gpu_info(known: &InstanceType, gpus: &Gpus) -> Element {
    let count = gpus.count.max(1);
    let device = Element::new("item")
        .with("name", &gpus.model)
        .with("manufacturer", &gpus.manufacturer)
        // A part of a GPU counts as no whole GPU, and as one logical GPU.
        .with(
            "count",
            if known.has_fractional_gpu() {
                0
            } else {
                gpus.count
            },
        )
        .with("logicalGpuCount", gpus.count)
        .child(
            Element::new("memoryInfo").with("sizeInMiB", gpus.memory_mib_total / u64::from(count)),
        );
    Element::new("gpuInfo")
        .child(Element::list("gpus", "item", [device]))
        .with("totalGpuMemoryInMiB", gpus.memory_mib_total)
}
