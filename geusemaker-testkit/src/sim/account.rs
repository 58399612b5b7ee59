//! The account: what exists, in which region, at which time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::capacity::Capacity;
use super::cloudfront::CloudFront;
use super::ec2::Ec2;
use super::efs::Efs;
use super::elastic_load_balancing::ElasticLoadBalancing;
use super::limits::Limits;
use super::quota::Quotas;
use super::resource::{Resource, ResourceState};
use super::timings::{Rng, Timings};

/// Everything that a simulated account holds. It is plain data: states are functions of it and of the time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    /// Snapshots name it `dice`.
    #[serde(rename = "dice")]
    pub(crate) rng: Rng,
    pub(crate) regions: BTreeMap<String, Region>,
    pub(crate) cloudfront: CloudFront,
    /// What was there before the program under test began.
    pub(crate) baseline: BTreeSet<Resource>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) quotas: Quotas,
    #[serde(default)]
    pub(crate) capacity: Capacity,
}

/// What the account holds in one region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Region {
    pub(crate) ec2: Ec2,
    pub(crate) efs: Efs,
    pub(crate) elastic_load_balancing: ElasticLoadBalancing,
}

impl Account {
    pub(crate) fn new(seed: u64, timings: Timings) -> Self {
        Self {
            id: "123456789012".to_owned(),
            rng: Rng::new(seed, timings),
            regions: BTreeMap::new(),
            cloudfront: CloudFront::default(),
            baseline: BTreeSet::new(),
            limits: Limits::default(),
            quotas: Quotas::default(),
            capacity: Capacity::default(),
        }
    }

    /// The region's state; an account has a default VPC in each region from the start, so that is laid out on first use.
    pub(crate) fn region(&mut self, name: &str) -> &mut Region {
        let id = &self.id;
        let baseline = &mut self.baseline;
        self.regions.entry(name.to_owned()).or_insert_with(|| {
            let region = Region {
                ec2: Ec2::with_default_vpc(id, name),
                efs: Efs::default(),
                elastic_load_balancing: ElasticLoadBalancing::default(),
            };
            // A default VPC was there before anybody looked.
            baseline.extend(region.ec2.inventory(Timestamp::MIN));
            region
        })
    }

    /// What exists at that time and costs money or is in somebody's way.
    pub(crate) fn inventory(&self, now: Timestamp) -> BTreeSet<Resource> {
        let mut all: BTreeSet<_> = self.cloudfront.inventory(now).into_iter().collect();
        for region in self.regions.values() {
            all.extend(region.ec2.inventory(now));
            all.extend(region.efs.inventory(now));
            all.extend(region.elastic_load_balancing.inventory(now));
        }
        all
    }

    /// The state of everything that has one.
    pub(crate) fn states(&self, now: Timestamp) -> Vec<ResourceState> {
        let mut all: Vec<_> = self.cloudfront.states(now).collect();
        for region in self.regions.values() {
            all.extend(region.ec2.states(now));
            all.extend(region.efs.states(now));
            all.extend(region.elastic_load_balancing.states(&region.ec2, now));
        }
        all
    }

    /// Whether something of that kind is in that state.
    pub(crate) fn is_any_in(&self, kind: &str, state: &str, now: Timestamp) -> bool {
        self.states(now)
            .iter()
            .any(|one| one.resource.kind == kind && one.state == state)
    }

    /// What exists and was not there before.
    pub(crate) fn leftovers(&self, now: Timestamp) -> Vec<Resource> {
        self.inventory(now)
            .difference(&self.baseline)
            .cloned()
            .collect()
    }
}
