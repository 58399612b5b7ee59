//! The regions and their zones, from public data.

use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::partition::Partition;

/// A region of AWS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Region {
    /// The name, such as `us-east-1`.
    #[serde(rename = "region")]
    pub(crate) name: String,
    pub(crate) partition: Partition,
    /// True if an account has to opt in to the region before it can be used.
    #[serde(rename = "opt_in")]
    pub(crate) is_opt_in: bool,
    #[serde(skip)]
    zones: Vec<Zone>,
    #[serde(skip)]
    edge_zones: Vec<Zone>,
}

/// A zone of a region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Zone {
    region: String,
    /// The name, such as `us-east-1a`.
    #[serde(rename = "zone")]
    pub(crate) name: String,
    /// The id, such as `use1-az1`.
    pub(crate) id: String,
    pub(crate) kind: ZoneKind,
    /// The group of zones to which an account opts in.
    pub(crate) group: String,
}

/// The kind of a zone: one of the region's own, or one at its edge that an account has to opt in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    clippy::enum_variant_names,
    reason = "these are AWS's names of the kinds"
)]
pub(crate) enum ZoneKind {
    AvailabilityZone,
    LocalZone,
    WavelengthZone,
}

impl ZoneKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AvailabilityZone => "availability-zone",
            Self::LocalZone => "local-zone",
            Self::WavelengthZone => "wavelength-zone",
        }
    }
}

impl Zone {
    /// Returns the group of zones from which addresses are announced.
    pub(crate) fn border_group(&self) -> &str {
        match self.kind {
            ZoneKind::AvailabilityZone => &self.region,
            ZoneKind::LocalZone => &self.group,
            ZoneKind::WavelengthZone => &self.name,
        }
    }
}

/// Returns all regions of all partitions, by name.
pub(crate) fn regions() -> &'static [Region] {
    &REGIONS
}

/// Returns the region of that name.
pub(crate) fn region(name: &str) -> Option<&'static Region> {
    regions().iter().find(|region| region.name == name)
}

/// Returns the availability zones of a region, by name; none if there is no such region.
pub(crate) fn zones(region: &str) -> &'static [Zone] {
    self::region(region).map_or(&[], |region| &region.zones)
}

/// Returns the local and wavelength zones of a region.
pub(crate) fn edge_zones(region: &str) -> &'static [Zone] {
    self::region(region).map_or(&[], |region| &region.edge_zones)
}

/// Returns true if some region has a zone of that name.
pub(crate) fn has_zone(name: &str) -> bool {
    let mut zones = regions()
        .iter()
        .flat_map(|region| region.zones.iter().chain(&region.edge_zones));
    zones.any(|zone| zone.name == name)
}

/// Reads a table of public data, which is compiled in. Its lines that begin with `#` say where it comes from.
///
/// # Panics
/// Panics if a row cannot be read; tests read all of them.
#[expect(
    clippy::expect_used,
    reason = "the tables are compiled in, and tests read all of them"
)]
pub(super) fn rows<T: DeserializeOwned>(table: &'static str) -> impl Iterator<Item = T> {
    csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(table.as_bytes())
        .into_deserialize()
        .map(|row| row.expect("a row of a table of public data"))
}

static REGIONS: LazyLock<Vec<Region>> = LazyLock::new(|| {
    let mut regions: Vec<Region> = rows(include_str!("regions.csv")).collect();
    for zone in rows::<Zone>(include_str!("zones.csv")) {
        let Some(region) = regions.iter_mut().find(|one| one.name == zone.region) else {
            continue;
        };
        match zone.kind {
            ZoneKind::AvailabilityZone => region.zones.push(zone),
            ZoneKind::LocalZone | ZoneKind::WavelengthZone => region.edge_zones.push(zone),
        }
    }
    regions
});

#[cfg(test)]
mod tests {
    use super::{Zone, edge_zones, region, regions, rows, zones};
    use crate::sim::partition::Partition;

    #[test]
    fn regions_are_in_their_partitions() {
        assert_eq!(regions().len(), 39);
        for region in regions() {
            assert_eq!(Partition::of(&region.name), region.partition);
            assert!((2..=6).contains(&region.zones.len()), "{}", region.name);
        }
        let in_tables: usize = rows::<Zone>(include_str!("zones.csv")).count();
        let known: usize = regions()
            .iter()
            .map(|region| region.zones.len() + region.edge_zones.len())
            .sum();
        assert_eq!(known, in_tables);
    }

    #[test]
    fn zones_of_regions_differ() {
        let names = |region| -> Vec<&str> {
            let zones = zones(region).iter();
            zones.map(|zone| zone.name.as_str()).collect()
        };
        assert_eq!(names("us-west-1"), ["us-west-1a", "us-west-1b"]);
        assert_eq!(names("ca-central-1")[2], "ca-central-1d");
        assert_eq!(names("us-east-1").len(), 6);
        assert_eq!(zones("us-east-1")[0].id, "use1-az2");
        assert_eq!(zones("us-gov-west-1")[0].id, "usgw1-az1");
        assert_eq!(names("moon-1").len(), 0);
        assert_eq!(edge_zones("us-west-2").len(), 3);
    }

    #[test]
    fn opt_in_regions_are_known() {
        assert!(region("ap-east-1").unwrap().is_opt_in);
        assert!(!region("us-west-1").unwrap().is_opt_in);
        assert_eq!(regions().iter().filter(|one| one.is_opt_in).count(), 17);
    }
}
