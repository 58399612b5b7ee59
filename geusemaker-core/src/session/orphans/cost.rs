//! The cost of the resources that no journal knows.

use super::Orphans;
use crate::cost::Estimate;
use crate::cost::charge::Charge;
use crate::cost::inventory::{BilledInstance, Inventory};

impl Orphans {
    /// Returns an estimate of what the orphans cost, as far as AWS has described them: the sizes of root volumes are not
    /// known.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, FileSystems, Journals, Session};
    /// # let aws = geusemaker_testkit::Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
    /// # session.plan(spec).await?.launch().await?.commit().await?;
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// let orphans = session.orphans(None).await?;
    /// assert_eq!(orphans.cost().to_string(), "about $1.011/h, $738.03/month");
    /// # session.remove_orphans(&orphans, FileSystems::Delete).await?.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    #[must_use]
    pub fn cost(&self) -> Estimate {
        let mut inventory = Inventory::new(self.region.clone());
        for orphan in self.orphans.iter().filter(|orphan| !orphan.is_going) {
            let billed = &orphan.billed;
            inventory.public_addresses += billed.public_addresses;
            inventory.endpoints += billed.endpoint_zones;
            match Charge::of(orphan.kind) {
                Charge::Instance => {
                    let running = billed.instance.clone();
                    let running = running.map(|(instance_type, purchase)| BilledInstance {
                        instance_type,
                        purchase,
                        max_price: None,
                    });
                    inventory.instances.extend(running);
                    inventory.has_unknown_volumes = true;
                }
                Charge::LoadBalancer => inventory.load_balancers += 1,
                Charge::NatGateway => inventory.nat_gateways += 1,
                Charge::PublicAddress => inventory.public_addresses += 1,
                Charge::FileSystem => inventory.has_file_system = true,
                Charge::Distribution => inventory.has_distribution = true,
                // Endpoints are counted by zone.
                Charge::Endpoint | Charge::Free => {}
            }
        }
        inventory.estimate()
    }
}
