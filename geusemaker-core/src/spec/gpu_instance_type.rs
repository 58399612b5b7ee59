//! The catalog of GPU instance types.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::architecture::Architecture;
use super::described_type::{DescribedGpus, DescribedType, Known};
use super::error::SpecError;
use super::instance_type_name::{family, looks_real, size};
use super::operating_system::OperatingSystem;
use super::price::PriceEstimate;
use crate::price;

/// An instance type with GPUs: one of the catalog, or a newer one with the facts that AWS's DescribeInstanceTypes
/// gives.
///
/// A name is parsed with the catalog alone. Only a plan, which can ask AWS, makes a type that is newer; see
/// [`RequestedType`](super::RequestedType).
///
/// ```
/// use geusemaker_core::spec::{Architecture, GpuInstanceType};
///
/// let instance_type: GpuInstanceType = "g5.12xlarge".parse()?;
/// assert_eq!(instance_type.architecture(), Architecture::X86_64);
/// assert_eq!(instance_type.gpu_model(), "NVIDIA A10G");
/// assert_eq!(instance_type.gpu_count(), 4);
///
/// let error = "g5.xlagre".parse::<GpuInstanceType>().unwrap_err();
/// assert!(error.to_string().contains("did you mean \"g5.xlarge\"?"));
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, Copy)]
pub struct GpuInstanceType(&'static Row);

impl GpuInstanceType {
    /// Returns every type of the catalog, sorted by name.
    ///
    /// The cheapest type with at least 80 GiB of GPU memory in all:
    ///
    /// ```
    /// use geusemaker_core::spec::GpuInstanceType;
    ///
    /// let cheapest = GpuInstanceType::all()
    ///     .filter(|instance_type| instance_type.gpu_memory_mib() >= 80 * 1024)
    ///     .filter_map(|instance_type| Some((instance_type.on_demand_price()?, instance_type)))
    ///     .min();
    /// let (price, instance_type) = cheapest.ok_or("no type has a price")?;
    /// assert_eq!(instance_type.name(), "g7e.2xlarge");
    /// assert_eq!(price.usd_per_hour(), "3.36312");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOG.iter().map(Self)
    }

    /// Returns the type that AWS has described so. The facts are kept for as long as the process runs: it meets few
    /// types.
    pub(super) fn described(described: &DescribedType, gpus: &DescribedGpus) -> Self {
        static KNOWN: Known<Row> = Known::new();
        Self(KNOWN.keep(Row {
            instance_type: described.name.clone(),
            arch: described.architecture,
            vcpus: described.vcpus,
            memory_mib: described.memory_mib,
            gpu_model: gpus.model.clone(),
            gpu_count: gpus.count.max(1),
            gpu_memory_mib_total: gpus.memory_mib,
            sale: Some(Sale {
                as_spot: described.spot,
                in_blocks: described.capacity_block,
            }),
        }))
    }

    /// Returns the facts that AWS has given, for a type that is not in the catalog.
    pub(super) fn description(&self) -> Option<DescribedType> {
        let row = self.0;
        let Sale { as_spot, in_blocks } = row.sale?;
        Some(DescribedType {
            name: row.instance_type.clone(),
            architecture: row.arch,
            vcpus: row.vcpus,
            memory_mib: row.memory_mib,
            spot: as_spot,
            capacity_block: in_blocks,
            gpus: Some(DescribedGpus {
                model: row.gpu_model.clone(),
                count: row.gpu_count,
                memory_mib: row.gpu_memory_mib_total,
            }),
        })
    }

    /// Returns true if the type is in the catalog, and false if its facts come from AWS.
    ///
    /// ```
    /// # use geusemaker_core::spec::GpuInstanceType;
    /// let instance_type: GpuInstanceType = "g5.xlarge".parse()?;
    /// assert!(instance_type.is_in_catalog());
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn is_in_catalog(&self) -> bool {
        self.0.sale.is_none()
    }

    /// Returns the name that AWS gives the type, such as `g5.xlarge`.
    pub fn name(&self) -> &'static str {
        &self.0.instance_type
    }

    /// Returns the part of the name before the dot, such as `g5`.
    pub fn family(&self) -> &'static str {
        family(self.name())
    }

    /// Returns the architecture of the processors, which the image must match.
    pub fn architecture(&self) -> Architecture {
        self.0.arch
    }

    /// Returns the number of virtual processors (vCPUs).
    pub fn vcpus(&self) -> u32 {
        self.0.vcpus
    }

    /// Returns the size of the main memory in MiB.
    pub fn memory_mib(&self) -> u64 {
        self.0.memory_mib
    }

    /// Returns the maker and the model of the GPUs, such as `NVIDIA A10G`.
    pub fn gpu_model(&self) -> &'static str {
        &self.0.gpu_model
    }

    /// Returns the number of GPUs. A fraction of a GPU, as in `g6f`, counts as one.
    pub fn gpu_count(&self) -> u32 {
        self.0.gpu_count
    }

    /// Returns the memory of all GPUs together in MiB, as `DescribeInstanceTypes` reports it.
    pub fn gpu_memory_mib(&self) -> u64 {
        self.0.gpu_memory_mib_total
    }

    /// Returns the memory of each GPU in MiB. For a fraction of a GPU, as in `g6f`, it is the memory of that fraction.
    ///
    /// ```
    /// use geusemaker_core::spec::GpuInstanceType;
    ///
    /// let instance_type: GpuInstanceType = "g6e.12xlarge".parse()?;
    /// assert_eq!(instance_type.gpu_count(), 4);
    /// assert_eq!(instance_type.gpu_memory_mib(), 183_104);
    /// assert_eq!(instance_type.gpu_memory_mib_per_gpu(), 45_776);
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn gpu_memory_mib_per_gpu(&self) -> u64 {
        self.gpu_memory_mib() / u64::from(self.gpu_count())
    }

    /// Returns an estimate of the on-demand price, if the price list has one.
    ///
    /// It is a list price of one Region on one day, which [`PriceEstimate`] names.
    ///
    /// ```
    /// use geusemaker_core::spec::GpuInstanceType;
    ///
    /// let instance_type: GpuInstanceType = "p5.48xlarge".parse()?;
    /// let price = instance_type.on_demand_price();
    /// assert_eq!(price.map(|price| price.usd_per_hour()).as_deref(), Some("55.04"));
    ///
    /// let reserved_only: GpuInstanceType = "p6e-gb200.36xlarge".parse()?;
    /// assert_eq!(reserved_only.on_demand_price(), None);
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn on_demand_price(&self) -> Option<PriceEstimate> {
        price::on_demand(self.name()).map(PriceEstimate::per_hour)
    }

    /// Returns [`DeepLearningAmi::Supported`] if AWS offers a Deep Learning AMI whose driver works on this type;
    /// otherwise the reason why none works.
    ///
    /// Source: the Deep Learning AMI release notes' supported instances, and "Important changes to DLAMI". Fractional
    /// GPUs (`g6f`, `gr6f`) are supported since the images of 2026-09 of Amazon Linux 2023.
    pub fn deep_learning_ami(&self) -> DeepLearningAmi {
        let reason = match self.family() {
            "g4ad" => "there is no Deep Learning AMI for its AMD GPUs",
            _ if !self.has_nvidia_gpus() => "there are Deep Learning AMIs for NVIDIA GPUs alone",
            "p3" | "p3dn" => {
                "its V100 GPUs need the proprietary NVIDIA driver, whose Deep Learning AMI is at its end of life"
            }
            _ => return DeepLearningAmi::Supported,
        };
        DeepLearningAmi::Unsupported { reason }
    }

    /// Returns the operating systems whose Deep Learning AMI lists this type among its supported instances, the usual
    /// one first. For a type that is not in the catalog, they are those that may.
    ///
    /// Source: the Deep Learning AMI release notes of 2026-09 and 2026-10.
    pub(crate) fn operating_systems(&self) -> &'static [OperatingSystem] {
        use OperatingSystem::{AmazonLinux2023, Ubuntu2204, Ubuntu2404};
        match self.family() {
            "g6f" | "gr6f" => &[AmazonLinux2023],
            _ => &[Ubuntu2404, Ubuntu2204, AmazonLinux2023],
        }
    }

    /// Returns true if the type is sold as capacity blocks.
    ///
    /// Source: Amazon EC2 User Guide, "Capacity Blocks for ML"; DescribeInstanceTypes, supported usage classes.
    pub(super) fn is_sold_in_blocks(&self) -> bool {
        match self.0.sale {
            Some(sale) => sale.in_blocks,
            None => matches!(
                self.family(),
                "p4d" | "p4de" | "p5" | "p5e" | "p5en" | "p6-b200" | "p6-b300" | "p6e-gb200"
            ),
        }
    }

    /// Returns true if the type is sold as spot capacity. `p6e-gb200` comes only in reserved UltraServers.
    pub(super) fn is_sold_as_spot(&self) -> bool {
        match self.0.sale {
            Some(sale) => sale.as_spot,
            None => self.family() != "p6e-gb200",
        }
    }

    /// Returns true if `nvidia-smi` can list the GPUs.
    pub(super) fn has_nvidia_gpus(&self) -> bool {
        self.gpu_model().starts_with("NVIDIA ")
    }
}

impl FromStr for GpuInstanceType {
    type Err = SpecError;

    fn from_str(name: &str) -> Result<Self, SpecError> {
        CATALOG
            .binary_search_by_key(&name, |row| &row.instance_type)
            .map(|index| Self(&CATALOG[index]))
            .map_err(|_| SpecError::new(unknown(name)))
    }
}

impl fmt::Display for GpuInstanceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for GpuInstanceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GpuInstanceType")
            .field(&self.name())
            .finish()
    }
}

impl PartialEq for GpuInstanceType {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for GpuInstanceType {}

impl PartialOrd for GpuInstanceType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GpuInstanceType {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Hash for GpuInstanceType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl Serialize for GpuInstanceType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for GpuInstanceType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The support of an instance type by AWS's Deep Learning AMIs.
///
/// ```
/// use geusemaker_core::spec::{DeepLearningAmi, GpuInstanceType};
///
/// let instance_type: GpuInstanceType = "g4ad.xlarge".parse()?;
/// match instance_type.deep_learning_ami() {
///     DeepLearningAmi::Supported => println!("no image needs to be named"),
///     DeepLearningAmi::Unsupported { reason, .. } => assert!(reason.contains("AMD GPUs")),
///     _ => {}
/// }
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeepLearningAmi {
    /// The Deep Learning Base AMI works.
    Supported,
    /// No Deep Learning AMI works, so a spec must name an image.
    #[non_exhaustive]
    Unsupported {
        /// The reason: a clause that begins in lower case.
        reason: &'static str,
    },
}

/// A line of the catalog file, or the same facts from AWS.
#[derive(Deserialize, PartialEq)]
struct Row {
    instance_type: String,
    arch: Architecture,
    vcpus: u32,
    memory_mib: u64,
    gpu_model: String,
    gpu_count: u32,
    gpu_memory_mib_total: u64,
    /// Present if the facts come from AWS.
    #[serde(skip)]
    sale: Option<Sale>,
}

/// The ways in which AWS says that it sells a type, beside on-demand.
#[derive(Clone, Copy, PartialEq)]
struct Sale {
    as_spot: bool,
    in_blocks: bool,
}

/// The catalog, sorted by name.
#[expect(
    clippy::expect_used,
    reason = "the file is part of the program, and a test reads all of it"
)]
static CATALOG: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut rows = csv::Reader::from_reader(include_str!("gpu_catalog.csv").as_bytes())
        .into_deserialize()
        .collect::<Result<Vec<Row>, _>>()
        .expect("the catalog of GPU instance types is well formed");
    rows.sort_by(|a, b| a.instance_type.cmp(&b.instance_type));
    rows
});

/// Returns the error message for a name that is not in the catalog, with the names nearest to it.
fn unknown(name: &str) -> String {
    let has_siblings = GpuInstanceType::all().any(|t| t.family() == family(name));
    let mut message = if !has_siblings && looks_real(name) {
        format!("{name:?} is not in the catalog of GPU instance types")
    } else {
        format!("unknown GPU instance type {name:?}")
    };
    if !has_siblings && nearest(name).is_empty() {
        message.push_str(", such as \"g5.xlarge\"");
    }
    message + &hint(name)
}

/// Returns the end of a message about a name that does not exist: the names of the catalog that are nearest to it, and
/// the sizes of its family there.
pub(crate) fn hint(name: &str) -> String {
    let mut siblings: Vec<GpuInstanceType> = GpuInstanceType::all()
        .filter(|t| t.family() == family(name))
        .collect();
    let mut message = String::new();
    let nearest = nearest(name);
    if !nearest.is_empty() {
        message.push_str("; did you mean ");
        message.push_str(&nearest.join(" or "));
        message.push('?');
    }
    if !siblings.is_empty() {
        siblings.sort_by_key(|t| (t.vcpus(), t.name()));
        let sizes: Vec<&str> = siblings.iter().map(|t| size(t.name())).collect();
        message.push_str(&format!(
            " ({} comes in {})",
            family(name),
            sizes.join(", ")
        ));
    }
    message
}

/// Returns the names nearest to this one, quoted: at most three, all equally near, of the same family if there are any.
fn nearest(name: &str) -> Vec<String> {
    const FARTHEST: usize = 2;
    let rank = |t: &GpuInstanceType| {
        (
            strsim::damerau_levenshtein(name, t.name()),
            t.family() != family(name),
        )
    };
    let Some(best) = GpuInstanceType::all()
        .map(|t| rank(&t))
        .min()
        .filter(|best| best.0 <= FARTHEST)
    else {
        return Vec::new();
    };
    GpuInstanceType::all()
        .filter(|t| rank(t) == best)
        .take(3)
        .map(|t| format!("\"{t}\""))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str) -> String {
        name.parse::<GpuInstanceType>().unwrap_err().to_string()
    }

    /// Every name in the catalog parses to its own type.
    #[test]
    fn catalog_is_read_completely() {
        assert_eq!(GpuInstanceType::all().count(), 74);
        for instance_type in GpuInstanceType::all() {
            assert_eq!(
                instance_type.name().parse::<GpuInstanceType>().unwrap(),
                instance_type
            );
            assert!(
                instance_type.gpu_count() >= 1 && instance_type.vcpus() >= 2,
                "{instance_type}"
            );
            assert!(looks_real(instance_type.name()), "{instance_type}");
        }
        assert!(GpuInstanceType::all().is_sorted());
    }

    /// The price list has no price for the two families that are named.
    #[test]
    fn prices_cover_all_other_families() {
        let priced = |t: &GpuInstanceType| t.on_demand_price().is_some();
        assert_eq!(GpuInstanceType::all().filter(priced).count(), 72);
        let unpriced: Vec<&str> = GpuInstanceType::all()
            .filter(|t| !priced(t))
            .map(|t| t.family())
            .collect();
        assert_eq!(unpriced, ["p5e", "p6e-gb200"]);
        for instance_type in GpuInstanceType::all() {
            if let Some(price) = instance_type.on_demand_price() {
                let range = 100_000..200_000_000;
                assert!(
                    range.contains(&price.microdollars_per_hour()),
                    "{instance_type}: {price}"
                );
            }
        }
    }

    #[test]
    fn gpus_share_memory_evenly() {
        for instance_type in GpuInstanceType::all() {
            let each = instance_type.gpu_memory_mib_per_gpu();
            assert!(each > 0, "{instance_type}");
            assert_eq!(
                each * u64::from(instance_type.gpu_count()),
                instance_type.gpu_memory_mib(),
                "{instance_type}"
            );
        }
    }

    #[test]
    fn type_matches_describe_instance_types() {
        let instance_type: GpuInstanceType = "g5g.16xlarge".parse().unwrap();
        assert_eq!(instance_type.architecture(), Architecture::Arm64);
        assert_eq!(instance_type.architecture().to_string(), "arm64");
        assert_eq!(
            (instance_type.vcpus(), instance_type.memory_mib()),
            (64, 131_072)
        );
        assert_eq!(instance_type.gpu_model(), "NVIDIA T4g");
        assert_eq!(
            (instance_type.gpu_count(), instance_type.gpu_memory_mib()),
            (2, 32_768)
        );
    }

    #[test]
    fn typo_gets_suggestion_and_sizes() {
        assert_eq!(
            error("g5.xlagre"),
            "unknown GPU instance type \"g5.xlagre\"; did you mean \"g5.xlarge\"? \
             (g5 comes in xlarge, 2xlarge, 4xlarge, 8xlarge, 12xlarge, 16xlarge, 24xlarge, 48xlarge)"
        );
        assert!(error("G5.xlarge").contains("did you mean \"g5.xlarge\"?"));
        assert!(error("g5xlarge").contains("did you mean \"g5.xlarge\"?"));
    }

    #[test]
    fn unknown_size_lists_known_sizes() {
        assert!(error("p4d.large").ends_with("(p4d comes in 24xlarge)"));
        assert!(error("g6.huge").ends_with("(g6 comes in xlarge, 2xlarge, 4xlarge, 8xlarge, 12xlarge, 16xlarge, 24xlarge, 48xlarge)"));
    }

    #[test]
    fn type_without_gpu_is_refused() {
        assert_eq!(
            error("t3.micro"),
            "\"t3.micro\" is not in the catalog of GPU instance types, such as \"g5.xlarge\""
        );
        assert!(
            error("c5.xlarge")
                .starts_with("\"c5.xlarge\" is not in the catalog of GPU instance types")
        );
    }

    #[test]
    fn unknown_name_gets_example() {
        assert_eq!(
            error(""),
            "unknown GPU instance type \"\", such as \"g5.xlarge\""
        );
    }

    #[test]
    fn families_without_deep_learning_ami() {
        let unsupported: std::collections::BTreeSet<&str> = GpuInstanceType::all()
            .filter(|t| t.deep_learning_ami() != DeepLearningAmi::Supported)
            .map(|t| t.family())
            .collect();
        assert_eq!(
            unsupported.into_iter().collect::<Vec<_>>(),
            ["g4ad", "p3", "p3dn"]
        );
    }

    #[test]
    fn json_holds_name_and_is_validated() {
        let instance_type: GpuInstanceType = "p5.48xlarge".parse().unwrap();
        let json = serde_json::to_string(&instance_type).unwrap();
        assert_eq!(json, r#""p5.48xlarge""#);
        assert_eq!(
            serde_json::from_str::<GpuInstanceType>(&json).unwrap(),
            instance_type
        );
        assert!(serde_json::from_str::<GpuInstanceType>(r#""p5.49xlarge""#).is_err());
    }
}
