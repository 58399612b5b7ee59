//! The account: its resources by region, at any time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::acm::Acm;
use super::capacity::Capacity;
use super::catalog::InstanceType;
use super::cloudfront::CloudFront;
use super::ec2::{self, Ec2};
use super::efs::Efs;
use super::elastic_load_balancing::ElasticLoadBalancing;
use super::guest::{Guest, Software};
use super::iam::Iam;
use super::limits::Limits;
use super::opt_in::{self, OptIns};
use super::quota::Quotas;
use super::regions;
use super::resource::{Resource, ResourceState};
use super::route53::{self, Route53};
use super::secrets_manager::SecretsManager;
use super::service_quotas::ServiceQuotas;
use super::ssm::Ssm;
use super::timings::{Rng, Timings};
use crate::wire::{Call, Input, Service, ServiceError};

/// The whole content of a simulated account. It is plain data: states are functions of it and of the time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    /// Snapshots name it `dice`.
    #[serde(rename = "dice")]
    pub(crate) rng: Rng,
    pub(crate) regions: BTreeMap<String, Region>,
    pub(crate) cloudfront: CloudFront,
    #[serde(default)]
    pub(crate) iam: Iam,
    #[serde(default)]
    pub(crate) route53: Route53,
    /// The resources that existed before the program under test began.
    pub(crate) baseline: BTreeSet<Resource>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) quotas: Quotas,
    #[serde(default)]
    pub(crate) capacity: Capacity,
    #[serde(default)]
    pub(crate) opt_ins: OptIns,
    /// The instance types that only this account has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) newer_types: Vec<InstanceType>,
}

/// The content of an account in one region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Region {
    #[serde(default)]
    pub(crate) acm: Acm,
    pub(crate) ec2: Ec2,
    pub(crate) efs: Efs,
    pub(crate) elastic_load_balancing: ElasticLoadBalancing,
    #[serde(default)]
    pub(crate) secrets_manager: SecretsManager,
    #[serde(default)]
    pub(crate) service_quotas: ServiceQuotas,
    #[serde(default)]
    pub(crate) ssm: Ssm,
}

impl Account {
    pub(crate) fn new(seed: u64, timings: Timings) -> Self {
        Self {
            id: "123456789012".to_owned(),
            rng: Rng::new(seed, timings),
            regions: BTreeMap::new(),
            cloudfront: CloudFront::default(),
            iam: Iam::default(),
            route53: Route53::default(),
            baseline: BTreeSet::new(),
            limits: Limits::default(),
            quotas: Quotas::default(),
            capacity: Capacity::default(),
            opt_ins: OptIns::default(),
            newer_types: Vec::new(),
        }
    }

    /// Refuses a call in a region that does not exist, or that the account has not opted in to. A region with content
    /// is open: a snapshot may be from the time when none was refused.
    pub(crate) fn admit_region(&self, name: &str, service: Service) -> Result<(), ServiceError> {
        match regions::region(name) {
            _ if self.regions.contains_key(name) => Ok(()),
            None => Err(ServiceError::unsupported(format_args!("the region {name}"))),
            Some(region) if self.opt_ins.allow(region) => Ok(()),
            Some(_) => Err(opt_in::refusal(service)),
        }
    }

    /// Returns the instance type and the zone of a launch; `None` if the call is none.
    pub(crate) fn launch(&self, call: &Call) -> Option<(String, Option<String>)> {
        let Input::Query(params) = &call.input else {
            return None;
        };
        (call.operation == "RunInstances").then(|| {
            let ec2 = self.regions.get(&call.region).map(|region| &region.ec2);
            ec2::launch_target(ec2, &call.region, params)
        })
    }

    /// Returns a region's state. An account has a default VPC in each region from the start, which is created on first
    /// use.
    pub(crate) fn region(&mut self, name: &str) -> &mut Region {
        let id = &self.id;
        let baseline = &mut self.baseline;
        self.regions.entry(name.to_owned()).or_insert_with(|| {
            let region = Region {
                acm: Acm::default(),
                ec2: Ec2::with_default_vpc(id, name),
                efs: Efs::default(),
                elastic_load_balancing: ElasticLoadBalancing::default(),
                secrets_manager: SecretsManager::default(),
                service_quotas: ServiceQuotas::default(),
                ssm: Ssm::default(),
            };
            // A default VPC counts as older than the first use of its region.
            baseline.extend(region.ec2.inventory(Timestamp::MIN));
            region
        })
    }

    /// Adds a hosted zone that is older than the program under test.
    ///
    /// # Panics
    /// Panics if the text is no domain name, because no record could be in the zone.
    pub(crate) fn add_hosted_zone(&mut self, name: &str, now: Timestamp) {
        let parsed = route53::parse_name(name);
        let name = parsed.unwrap_or_else(|problem| panic!("hosted zone {name:?}: {problem}"));
        self.route53.add_zone(&name, &self.id, now);
        let zone = self.route53.zone_of(&name).map(str::to_owned);
        let zone = zone.map(|id| Resource::new("Route53::HostedZone", &id));
        self.baseline.extend(zone);
    }

    /// Returns the id of the hosted zone of that name.
    pub(crate) fn hosted_zone_id(&self, name: &str) -> Option<String> {
        let name = route53::parse_name(name).ok()?;
        self.route53.zone_of(&name).map(str::to_owned)
    }

    /// Returns the ARN of the certificate that [`Self::add_issued_certificate`] has added.
    pub(crate) fn issued_certificate(&self, name: &str, region: &str) -> Option<String> {
        self.regions
            .get(region)?
            .acm
            .issued(name)
            .map(str::to_owned)
    }

    /// Adds a certificate that was issued before the program under test began.
    ///
    /// # Panics
    /// Panics if the account does not have the region.
    pub(crate) fn add_issued_certificate(&mut self, name: &str, region: &str, now: Timestamp) {
        let is_open = regions::region(region).is_some_and(|known| self.opt_ins.allow(known));
        assert!(is_open, "the account does not have the region {region}");
        let id = self.id.clone();
        let acm = &mut self.region(region).acm;
        acm.add_issued(name, &id, region, now);
        let arn = acm.issued(name).map(str::to_owned);
        let certificate = arn.map(|arn| Resource::new("CertificateManager::Certificate", &arn));
        self.baseline.extend(certificate);
    }

    /// Returns the resources that exist at that time and cost money or stand in the way of others.
    pub(crate) fn inventory(&self, now: Timestamp) -> BTreeSet<Resource> {
        let mut all: BTreeSet<_> = self.cloudfront.inventory(now).into_iter().collect();
        all.extend(self.iam.inventory());
        all.extend(self.route53.inventory());
        for region in self.regions.values() {
            all.extend(region.acm.inventory());
            all.extend(region.ec2.inventory(now));
            all.extend(region.efs.inventory(now));
            all.extend(region.elastic_load_balancing.inventory(now));
            all.extend(region.secrets_manager.inventory());
            all.extend(region.ssm.inventory());
        }
        all
    }

    /// Returns the state of every resource that has one.
    pub(crate) fn states(&self, guest: &dyn Guest, now: Timestamp) -> Vec<ResourceState> {
        let software = Software {
            guest,
            timings: self.rng.timings(),
        };
        let mut all: Vec<_> = self.cloudfront.states(now).collect();
        all.extend(self.route53.states(now));
        for region in self.regions.values() {
            all.extend(region.acm.states(now));
            all.extend(region.ec2.states(now));
            all.extend(region.efs.states(now));
            all.extend(
                region
                    .elastic_load_balancing
                    .states(&region.ec2, software, now),
            );
            all.extend(region.ssm.states(&region.ec2, &self.iam, now));
        }
        all
    }

    /// Returns true if a resource of that kind is in that state.
    pub(crate) fn is_any_in(
        &self,
        kind: &str,
        state: &str,
        guest: &dyn Guest,
        now: Timestamp,
    ) -> bool {
        self.states(guest, now)
            .iter()
            .any(|one| one.resource.kind == kind && one.state == state)
    }

    /// Returns the resources that exist and are not in the baseline.
    pub(crate) fn leftovers(&self, now: Timestamp) -> Vec<Resource> {
        self.inventory(now)
            .difference(&self.baseline)
            .cloned()
            .collect()
    }
}
