//! The instance types, and the zones that offer them, from public data.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::regions;

/// An instance type, as DescribeInstanceTypes reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstanceType {
    /// The name, such as `g5.xlarge`.
    pub(crate) name: String,
    /// Either `x86_64` or `arm64`.
    pub(crate) architecture: String,
    pub(crate) vcpus: u32,
    pub(crate) threads_per_core: u32,
    pub(crate) memory_mib: u64,
    pub(crate) gpus: Option<Gpus>,
    #[serde(skip)]
    pub(crate) accelerators: Option<Accelerators>,
    /// True if every Availability Zone offers the type: one that a test has added.
    pub(crate) is_everywhere: bool,
}

/// The GPUs of an instance type, all of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gpus {
    /// The manufacturer, such as `NVIDIA`.
    pub(crate) manufacturer: String,
    /// The model, such as `A10G`.
    pub(crate) model: String,
    /// The number of whole GPUs, or 1 for a part of one.
    pub(crate) count: u32,
    pub(crate) memory_mib_total: u64,
}

/// The accelerators of an instance type that are no GPUs, all of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accelerators {
    /// The lists of the description in which they stand.
    pub(crate) lists: Vec<AcceleratorList>,
    pub(crate) maker: String,
    pub(crate) device: String,
    pub(crate) count: u32,
    pub(crate) memory_mib_each: u64,
}

/// A list of accelerators in the description of an instance type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AcceleratorList {
    Fpga,
    Inference,
    Media,
    Neuron,
}

/// The hypervisor below an instance's operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hypervisor {
    Nitro,
    Xen,
    BareMetal,
}

impl InstanceType {
    /// Returns the family, such as `g5` for `g5.xlarge`.
    pub(crate) fn family(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }

    /// Returns the hypervisor. Of the GPU types, all are on Nitro except the older ones of the p3 family (AWS facts,
    /// GPU families); of the others, all except those from before 2017.
    pub(crate) fn hypervisor(&self) -> Hypervisor {
        match self.name.as_str() {
            name if name.ends_with(".metal") => Hypervisor::BareMetal,
            "p3.2xlarge" | "p3.8xlarge" | "p3.16xlarge" => Hypervisor::Xen,
            _ if matches!(self.family(), "c4" | "m1" | "m4" | "t2") => Hypervisor::Xen,
            _ => Hypervisor::Nitro,
        }
    }

    /// Returns true if the type's GPU is a part of a whole one.
    pub(crate) fn has_fractional_gpu(&self) -> bool {
        matches!(self.family(), "g6f" | "gr6f")
    }

    /// Returns true if a zone offers the type.
    pub(crate) fn is_offered_in(&self, zone: &str) -> bool {
        let is_listed = || {
            OFFERINGS
                .get(zone)
                .is_some_and(|types| types.contains(self.name.as_str()))
        };
        self.is_everywhere || is_listed()
    }
}

/// Returns all instance types: the GPU types, the usual families without GPU, and a few with other accelerators.
pub(crate) fn instance_types() -> &'static [InstanceType] {
    &INSTANCE_TYPES
}

/// Returns the instance type of that name, also one that only some accounts have.
pub(crate) fn instance_type(name: &str) -> Option<&'static InstanceType> {
    let known = instance_types().iter().find(|known| known.name == name);
    known.or_else(|| {
        let added = ADDED.lock().unwrap_or_else(PoisonError::into_inner);
        added.iter().copied().find(|added| added.name == name)
    })
}

/// Makes a type that an account has beside those of the catalog known by its name.
///
/// # Panics
/// Panics if the name stands for another type.
pub(crate) fn add(added: &InstanceType) {
    match instance_type(&added.name) {
        Some(known) => assert_eq!(known, added, "{} is another instance type", added.name),
        None => {
            let mut all = ADDED.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(Box::leak(Box::new(added.clone())));
        }
    }
}

/// The types that accounts of this process have beside those of the catalog. They stay for good: there are few.
static ADDED: Mutex<Vec<&'static InstanceType>> = Mutex::new(Vec::new());

static INSTANCE_TYPES: LazyLock<Vec<InstanceType>> = LazyLock::new(|| {
    let mut types = gpu_types();
    types.extend(general_types());
    types.extend(accelerated_types());
    types
});

/// The names of the types that each zone offers, by the zone's name.
static OFFERINGS: LazyLock<HashMap<String, HashSet<&str>>> = LazyLock::new(|| {
    let mut places: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in regions::rows::<OfferingRow>(include_str!("offerings.csv")) {
        let types = places.entry(row.place).or_default();
        types.insert(row.types, row.zones);
    }
    let mut offerings: HashMap<String, HashSet<&str>> = HashMap::new();
    for (place, types) in &places {
        for known in instance_types() {
            let whole = types.get(&known.name);
            let letters = whole.or_else(|| types.get(known.family()));
            for letter in letters.map(String::as_str).unwrap_or_default().chars() {
                let zone = offerings.entry(format!("{place}{letter}")).or_default();
                zone.insert(&known.name);
            }
        }
    }
    offerings
});

#[derive(Deserialize)]
struct OfferingRow {
    /// The name of a zone without its letter.
    place: String,
    /// A family, or a whole type, which takes precedence.
    types: String,
    /// The letters of the zones.
    zones: String,
}

#[derive(Deserialize)]
struct GeneralRow {
    instance_type: String,
    arch: String,
    vcpus: u32,
    threads_per_core: u32,
    memory_mib: u64,
}

fn general_types() -> impl Iterator<Item = InstanceType> {
    regions::rows(include_str!("general_catalog.csv")).map(|row: GeneralRow| InstanceType {
        name: row.instance_type,
        architecture: row.arch,
        vcpus: row.vcpus,
        threads_per_core: row.threads_per_core,
        memory_mib: row.memory_mib,
        gpus: None,
        accelerators: None,
        is_everywhere: false,
    })
}

#[derive(Deserialize)]
struct AcceleratedRow {
    instance_type: String,
    arch: String,
    vcpus: u32,
    threads_per_core: u32,
    memory_mib: u64,
    lists: String,
    maker: String,
    device: String,
    count: u32,
    memory_mib_each: u64,
}

fn accelerated_types() -> impl Iterator<Item = InstanceType> {
    regions::rows(include_str!("accelerator_catalog.csv")).map(|row: AcceleratedRow| InstanceType {
        name: row.instance_type,
        architecture: row.arch,
        vcpus: row.vcpus,
        threads_per_core: row.threads_per_core,
        memory_mib: row.memory_mib,
        gpus: None,
        accelerators: Some(Accelerators {
            lists: row.lists.split('+').map(accelerator_list).collect(),
            maker: row.maker,
            device: row.device,
            count: row.count,
            memory_mib_each: row.memory_mib_each,
        }),
        is_everywhere: false,
    })
}

fn accelerator_list(name: &str) -> AcceleratorList {
    match name {
        "fpga" => AcceleratorList::Fpga,
        "inference" => AcceleratorList::Inference,
        "media" => AcceleratorList::Media,
        "neuron" => AcceleratorList::Neuron,
        other => unreachable!("the table of accelerators has no list {other}"),
    }
}

#[derive(Deserialize)]
struct Row {
    instance_type: String,
    arch: String,
    vcpus: u32,
    memory_mib: u64,
    gpu_model: String,
    gpu_count: u32,
    gpu_memory_mib_total: u64,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in, and a test reads all of it"
)]
fn gpu_types() -> Vec<InstanceType> {
    regions::rows(include_str!("gpu_catalog.csv"))
        .map(|row: Row| {
            let (manufacturer, model) = row
                .gpu_model
                .split_once(' ')
                .expect("a manufacturer before the GPU's model");
            // Graviton has one thread per core, and so has the g7 family.
            let has_one_thread = row.arch == "arm64" || row.instance_type.starts_with("g7.");
            InstanceType {
                name: row.instance_type,
                architecture: row.arch,
                vcpus: row.vcpus,
                threads_per_core: if has_one_thread { 1 } else { 2 },
                memory_mib: row.memory_mib,
                gpus: Some(Gpus {
                    manufacturer: manufacturer.to_owned(),
                    model: model.to_owned(),
                    count: row.gpu_count,
                    memory_mib_total: row.gpu_memory_mib_total,
                }),
                accelerators: None,
                is_everywhere: false,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Hypervisor, InstanceType, OfferingRow, instance_type, instance_types};
    use crate::sim::regions;

    #[test]
    fn catalog_has_all_gpu_types() {
        let gpu_types = instance_types().iter().filter(|known| known.gpus.is_some());
        assert_eq!(gpu_types.count(), 74);
        let gpus = instance_type("g5.12xlarge").unwrap().gpus.clone().unwrap();
        assert_eq!(
            (gpus.manufacturer.as_str(), gpus.model.as_str()),
            ("NVIDIA", "A10G")
        );
        assert_eq!((gpus.count, gpus.memory_mib_total), (4, 91_552));
    }

    #[test]
    fn catalog_has_usual_types_without_gpu() {
        let micro = instance_type("t2.micro").unwrap();
        assert_eq!((micro.vcpus, micro.memory_mib), (1, 1_024));
        assert_eq!(micro.hypervisor(), Hypervisor::Xen);
        assert_eq!(instance_type("c5.9xlarge").unwrap().threads_per_core, 2);
        assert_eq!(instance_type("m6g.large").unwrap().architecture, "arm64");
    }

    #[test]
    fn offerings_name_known_types_and_zones() {
        for row in regions::rows::<OfferingRow>(include_str!("offerings.csv")) {
            let is_known =
                |known: &InstanceType| known.name == row.types || known.family() == row.types;
            assert!(instance_types().iter().any(is_known), "{}", row.types);
            for letter in row.zones.chars() {
                let zone = format!("{}{letter}", row.place);
                assert!(regions::has_zone(&zone), "{zone}");
            }
        }
    }

    #[test]
    fn offerings_differ_between_zones() {
        let zones = |name: &str, region| -> Vec<&str> {
            let known = instance_type(name).unwrap();
            let zones = regions::zones(region).iter();
            let offering = zones.filter(|zone| known.is_offered_in(&zone.name));
            offering.map(|zone| zone.name.as_str()).collect()
        };
        assert_eq!(zones("g5.xlarge", "us-west-1").len(), 0);
        assert_eq!(zones("g4dn.xlarge", "us-west-1").len(), 2);
        assert_eq!(
            zones("p4de.24xlarge", "us-east-1"),
            ["us-east-1b", "us-east-1c"]
        );
        assert_eq!(zones("g6.xlarge", "us-east-1").len(), 5);
        assert_eq!(zones("p5.4xlarge", "ap-northeast-2").len(), 0);
        assert_eq!(zones("p5.48xlarge", "ap-northeast-2"), ["ap-northeast-2a"]);
        assert_eq!(zones("g4dn.xlarge", "cn-north-1").len(), 2);
        assert!(
            instance_type("g4dn.xlarge")
                .unwrap()
                .is_offered_in("us-west-2-lax-1a")
        );
    }

    /// Else nobody could launch it anywhere.
    #[test]
    fn types_are_all_offered_somewhere() {
        for known in instance_types() {
            let mut zones = regions::regions()
                .iter()
                .flat_map(|region| regions::zones(&region.name));
            assert!(
                zones.any(|zone| known.is_offered_in(&zone.name)),
                "{}",
                known.name
            );
        }
    }

    #[test]
    fn p3_types_are_on_xen_before_p3dn() {
        let hypervisor = |name| instance_type(name).unwrap().hypervisor();
        assert_eq!(hypervisor("p3.2xlarge"), Hypervisor::Xen);
        assert_eq!(hypervisor("p3dn.24xlarge"), Hypervisor::Nitro);
        assert_eq!(hypervisor("g4dn.metal"), Hypervisor::BareMetal);
    }
}
