//! The instance types and the zones, and the types that each zone offers.

use std::sync::LazyLock;

use serde::Deserialize;

/// The regions that every account has enabled (AWS account management guide).
pub(crate) const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// An instance type, as DescribeInstanceTypes reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstanceType {
    /// The name, such as `g5.xlarge`.
    pub(crate) name: String,
    /// Either `x86_64` or `arm64`.
    pub(crate) architecture: String,
    pub(crate) vcpus: u32,
    pub(crate) threads_per_core: u32,
    pub(crate) memory_mib: u64,
    pub(crate) gpus: Option<Gpus>,
}

/// The GPUs of an instance type, all of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gpus {
    /// The manufacturer, such as `NVIDIA`.
    pub(crate) manufacturer: String,
    /// The model, such as `A10G`.
    pub(crate) model: String,
    /// The number of whole GPUs, or 1 for a part of one.
    pub(crate) count: u32,
    pub(crate) memory_mib_total: u64,
}

/// The hypervisor below an instance's operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hypervisor {
    Nitro,
    Xen,
    BareMetal,
}

/// An availability zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// The name, such as `us-east-1a`.
    pub(crate) name: String,
    /// The id, such as `use1-az1`.
    pub(crate) id: String,
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
        // From public offering data of us-east-1. For families without such data, and for other regions, it is assumed.
        let Some(letter) = zone.strip_prefix("us-east-1") else {
            return true;
        };
        let letters = match self.family() {
            "g4dn" | "g5" | "g6" => "abcdf",
            "g7e" | "p5en" | "p6-b300" => "ac",
            "p4de" => "bc",
            "p6-b200" => "c",
            "p3dn" => "cd",
            _ if self.gpus.is_none() => "abcdf",
            _ => "abcd",
        };
        letters.contains(letter)
    }
}

/// Returns all instance types: the GPU types, and the usual families without GPU.
pub(crate) fn instance_types() -> &'static [InstanceType] {
    &INSTANCE_TYPES
}

/// Returns the instance type of that name.
pub(crate) fn instance_type(name: &str) -> Option<&'static InstanceType> {
    instance_types().iter().find(|known| known.name == name)
}

/// Returns the zones of a region: six in us-east-1, three elsewhere.
pub(crate) fn zones(region: &str) -> Vec<Zone> {
    let letters = if region == "us-east-1" {
        "abcdef"
    } else {
        "abc"
    };
    let prefix = zone_id_prefix(region);
    letters
        .chars()
        .zip(1..)
        .map(|(letter, number)| Zone {
            name: format!("{region}{letter}"),
            id: format!("{prefix}-az{number}"),
        })
        .collect()
}

/// Returns the prefix of a region's zone ids, such as `use1` for `us-east-1` and `apse2` for `ap-southeast-2`.
fn zone_id_prefix(region: &str) -> String {
    let (area, place) = region.split_once('-').unwrap_or((region, ""));
    let mut place = place.replace('-', "");
    for direction in ["gov", "north", "south", "east", "west", "central"] {
        place = place.replace(direction, &direction[..1]);
    }
    format!("{area}{place}")
}

static INSTANCE_TYPES: LazyLock<Vec<InstanceType>> = LazyLock::new(|| {
    let mut types = gpu_types();
    types.extend(general_types());
    types
});

#[derive(Deserialize)]
struct GeneralRow {
    instance_type: String,
    arch: String,
    vcpus: u32,
    threads_per_core: u32,
    memory_mib: u64,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in, and a test reads all of it"
)]
fn general_types() -> impl Iterator<Item = InstanceType> {
    csv::Reader::from_reader(include_str!("general_catalog.csv").as_bytes())
        .into_deserialize()
        .map(|row| {
            let row: GeneralRow = row.expect("a row of the catalog of types without GPU");
            InstanceType {
                name: row.instance_type,
                architecture: row.arch,
                vcpus: row.vcpus,
                threads_per_core: row.threads_per_core,
                memory_mib: row.memory_mib,
                gpus: None,
            }
        })
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
    csv::Reader::from_reader(include_str!("gpu_catalog.csv").as_bytes())
        .deserialize()
        .map(|row| {
            let row: Row = row.expect("a row of the GPU catalog");
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
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Hypervisor, instance_type, instance_types, zones};

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
    fn us_east_1e_offers_no_types() {
        let offered = instance_types()
            .iter()
            .filter(|known| known.is_offered_in("us-east-1e"));
        assert_eq!(offered.count(), 0);
        assert!(
            instance_type("g5.xlarge")
                .unwrap()
                .is_offered_in("us-east-1f")
        );
        assert!(
            !instance_type("g6e.xlarge")
                .unwrap()
                .is_offered_in("us-east-1f")
        );
    }

    #[test]
    fn zone_ids_match_those_of_aws() {
        let id = |region| zones(region)[0].id.clone();
        assert_eq!(id("us-east-1"), "use1-az1");
        assert_eq!(id("ap-southeast-2"), "apse2-az1");
        assert_eq!(id("us-gov-west-1"), "usgw1-az1");
        assert_eq!(zones("eu-central-1").len(), 3);
    }

    #[test]
    fn p3_types_are_on_xen_before_p3dn() {
        let hypervisor = |name| instance_type(name).unwrap().hypervisor();
        assert_eq!(hypervisor("p3.2xlarge"), Hypervisor::Xen);
        assert_eq!(hypervisor("p3dn.24xlarge"), Hypervisor::Nitro);
        assert_eq!(hypervisor("g4dn.metal"), Hypervisor::BareMetal);
    }
}
