//! The cost of a stack that exists.

use super::status::{DeploymentStatus, ResourceState, ResourceStatus};
use crate::cost::Estimate;
use crate::cost::charge::Charge;
use crate::cost::inventory::{BilledInstance, Inventory};
use crate::journal::state::JournalState;
use crate::plan::Plan;
use crate::resource::instance::RunningInstance;
use crate::spec::{Purchase, Tier};

/// The facts on which the price of a stack depends, beside its resources.
#[derive(Clone, Debug)]
pub(crate) struct CostBasis {
    pub(crate) plan: Box<Plan>,
    /// The instances that have been launched.
    pub(crate) instances: Vec<RunningInstance>,
}

impl CostBasis {
    pub(super) fn of(plan: &Plan, state: &JournalState) -> Self {
        let reached = state.reached.as_ref();
        Self {
            plan: Box::new(plan.clone()),
            instances: reached.map_or_else(Vec::new, |it| it.ec2().instances.clone()),
        }
    }
}

impl DeploymentStatus {
    /// Returns an estimate of what the resources cost that are there, as far as this status knows. AWS is not asked.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # use geusemaker_core::{DeploymentSpec, Journals, Session};
    /// # let aws = geusemaker_testkit::Aws::new();
    /// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
    /// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
    /// # let stack = session.plan(spec).await?.launch().await?.commit().await?;
    /// let summary = session.summary(&stack.name).await?;
    /// assert_eq!(summary.cost().to_string(), "about $1.033/h, $754.03/month");
    /// # session.destroy(&stack.name, geusemaker_core::FileSystems::Delete).await?.into_result()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    #[must_use]
    pub fn cost(&self) -> Estimate {
        let plan = &self.cost_basis.plan;
        let mut inventory = Inventory::new(self.region.clone());
        let there = self.resources.iter().filter(|resource| is_there(resource));
        for resource in there {
            match Charge::of(resource.kind) {
                Charge::Instance => self.add_instance(resource, &mut inventory),
                Charge::LoadBalancer => {
                    inventory.load_balancers += 1;
                    inventory.public_addresses += plan.balancer_addresses();
                }
                Charge::NatGateway => inventory.nat_gateways += 1,
                Charge::PublicAddress => inventory.public_addresses += 1,
                // The endpoint of S3 is a route, and free.
                Charge::Endpoint if resource.key == "vpc-endpoint/s3" => {}
                Charge::Endpoint => inventory.endpoints += plan.zone_count(),
                Charge::FileSystem => inventory.has_file_system = true,
                Charge::Distribution => inventory.has_distribution = true,
                Charge::Free => {}
            }
        }
        inventory.has_hosted_zone = plan.hosted_zone.is_some() && self.tier > Tier::Instances;
        inventory.estimate()
    }

    /// Returns an estimate of what the stack costs once it is finished.
    #[must_use]
    pub fn planned_cost(&self) -> Estimate {
        self.cost_basis.plan.cost()
    }

    fn add_instance(&self, resource: &ResourceStatus, inventory: &mut Inventory) {
        let CostBasis { plan, instances } = &self.cost_basis;
        let compute = plan.spec.compute();
        let launched = instances
            .iter()
            .find(|instance| resource.id.as_ref().map(AsRef::as_ref) == Some(instance.id.as_str()));
        let is_stopped = match &resource.state {
            ResourceState::Reported(state) => matches!(state.as_str(), "stopped" | "stopping"),
            _ => false,
        };
        inventory.root_volumes_gib.push(compute.root_volume_gib());
        if is_stopped {
            return;
        }
        let instance_type = launched.map(|instance| instance.instance_type);
        // Until the launch is over, it is not known which of the types it is.
        let Some(instance_type) = instance_type.or_else(|| plan.first_type()) else {
            return;
        };
        let mut of_type = plan
            .candidates
            .iter()
            .filter(|it| it.instance_type == instance_type)
            .map(|it| it.purchase);
        let first = of_type.next().unwrap_or(Purchase::OnDemand);
        inventory.instances.push(BilledInstance {
            instance_type: instance_type.name().to_owned(),
            // It may be spot, which the on-demand price bounds.
            purchase: of_type.find(|it| *it == Purchase::Spot).unwrap_or(first),
            max_price: compute.max_price().filter(|_| is_spot_alone(plan)),
        });
        if launched.is_some_and(|instance| instance.public_ip.is_some()) {
            inventory.public_addresses += 1;
        }
    }
}

/// Returns true if every instance is a spot instance, so that the highest price of the spec bounds all of them.
fn is_spot_alone(plan: &Plan) -> bool {
    let mut purchases = plan.candidates.iter().map(|it| it.purchase);
    purchases.all(|purchase| purchase == Purchase::Spot)
}

/// Returns true if the resource belongs to the stack and AWS bills for it, as far as that is known.
fn is_there(resource: &ResourceStatus) -> bool {
    let is_there = match &resource.state {
        ResourceState::Created
        | ResourceState::BeingDeleted
        | ResourceState::Kept
        | ResourceState::Unknown(_) => true,
        ResourceState::Reported(state) => !matches!(state.as_str(), "terminated" | "shutting-down"),
        ResourceState::BeingCreated | ResourceState::Interrupted | ResourceState::Gone => false,
    };
    is_there && !resource.adopted
}
