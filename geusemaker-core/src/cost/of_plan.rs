//! The cost of a plan.

use super::Estimate;
use super::inventory::{BilledInstance, Inventory};
use crate::plan::network::PlannedNetwork;
use crate::plan::{Candidate, Plan};
use crate::resource::vpc_endpoint_service::INTERFACES;
use crate::spec::{Egress, Scheme, Tier};

impl Plan {
    /// Returns an estimate of what the stack will cost with the instances that are tried first. AWS is not asked.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # let aws = geusemaker_testkit::Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = "name = 'llm'\ntier = 1\n[compute]\ninstance_type = 'g5.xlarge'\nfallback = ['g6e.xlarge']";
    /// # let spec = DeploymentSpec::from_toml(spec)?;
    /// let planned = session.plan(spec).await?;
    /// let plan = &planned.state().plan;
    /// assert_eq!(plan.cost().to_string(), "about $1.033/h, $754.03/month");
    /// // With the dearest of the types of compute.fallback:
    /// let dearest = plan.highest_cost().ok_or("no other type is dearer").unwrap();
    /// assert!(dearest.per_hour() > plan.cost().per_hour());
    /// # drop(planned);
    /// # session.close().await.into_result()
    /// # }
    /// ```
    #[must_use]
    pub fn cost(&self) -> Estimate {
        self.cost_with(self.candidates.first())
    }

    /// Returns an estimate with the dearest instances that are tried, if it is higher than [`cost`](Self::cost).
    #[must_use]
    pub fn highest_cost(&self) -> Option<Estimate> {
        let all = self.candidates.iter().skip(1);
        let all = all.map(|candidate| self.cost_with(Some(candidate)));
        let highest = all.max_by_key(Estimate::list_per_month)?;
        (highest.list_per_month() > self.cost().list_per_month()).then_some(highest)
    }

    fn cost_with(&self, candidate: Option<&Candidate>) -> Estimate {
        let compute = self.spec.compute();
        let count = compute.count();
        let mut inventory = self.network_inventory();
        if let Some(candidate) = candidate {
            let instance = BilledInstance {
                instance_type: candidate.instance_type.name().to_owned(),
                purchase: candidate.purchase,
                max_price: compute.max_price(),
            };
            inventory.instances = vec![instance; count as usize];
            inventory.root_volumes_gib = vec![compute.root_volume_gib(); count as usize];
            if self.has_public_address(candidate) {
                inventory.public_addresses += count;
            }
        }
        if self.spec.tier() >= Tier::LoadBalancer {
            inventory.load_balancers = 1;
            inventory.public_addresses += self.balancer_addresses();
        }
        inventory.has_file_system = self.adopted_file_system.is_none();
        inventory.has_distribution = self.spec.tier() == Tier::Cdn;
        inventory.has_hosted_zone = self.hosted_zone.is_some();
        inventory.estimate()
    }

    /// Returns the parts of a new network that AWS bills for.
    fn network_inventory(&self) -> Inventory {
        let mut inventory = Inventory::new(self.region.clone());
        let PlannedNetwork::New { new_network } = &self.network else {
            return inventory;
        };
        match new_network.egress {
            Some(Egress::Nat) => {
                inventory.nat_gateways = 1;
                inventory.public_addresses = 1;
            }
            Some(Egress::Endpoints) => {
                inventory.endpoints = saturating(INTERFACES.len()) * self.zone_count();
            }
            None => {}
        }
        inventory
    }

    fn has_public_address(&self, candidate: &Candidate) -> bool {
        match &self.network {
            PlannedNetwork::Existing { .. } => {
                candidate.subnet.as_ref().is_some_and(|it| it.is_public)
            }
            PlannedNetwork::New { new_network } => new_network.egress.is_none(),
        }
    }

    /// Returns the number of public addresses that AWS gives the load balancer at least: one in each zone.
    pub(crate) fn balancer_addresses(&self) -> u32 {
        match self.spec.balancer_scheme() {
            Scheme::InternetFacing => self.zone_count(),
            Scheme::Internal => 0,
        }
    }

    /// Returns the number of zones of the network.
    pub(crate) fn zone_count(&self) -> u32 {
        saturating(self.network.zones().count())
    }
}

/// The numbers of zones and services are small.
fn saturating(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
