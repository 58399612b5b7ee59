//! The names that have to be free, and the prefix list whose name is AWS's.

use super::Preflight;
use super::network::FoundNetwork;
use super::report::{Checked, Unfit, during};
use crate::deployment::launch::SECURITY_GROUP_ROLES;
use crate::id::PrefixListId;
use crate::plan::problem::PlanProblem;
use crate::resource::{load_balancer, prefix_list, security_group, target_group, vpc_origin};
use crate::spec::Tier;

impl Preflight<'_> {
    /// Checks that the names are free. AWS answers a second create with the same name and settings with the ARN of the
    /// first resource, of any owner, so a taken name must be found before the create.
    pub(super) async fn names(&self, network: Option<&FoundNetwork>) -> Checked<()> {
        let aws = &self.account.reader;
        let stack = self.spec.name();
        let doing = || during("checking that names are free");
        let mut taken = Vec::new();
        let mut note = |what, name| {
            let region = self.account.region.clone();
            taken.push(PlanProblem::NameTaken { what, name, region });
        };
        if self.spec.tier() >= Tier::LoadBalancer {
            let name = stack.load_balancer_name();
            if load_balancer::is_named(aws, &name).await.map_err(doing())? {
                note("load balancer", name.clone());
            }
            if self.spec.has_vpc_origin()
                && vpc_origin::is_named(aws, &name).await.map_err(doing())?
            {
                note("VPC origin of CloudFront", name);
            }
            for service in self.spec.served_services() {
                let name = stack.target_group_name(service.name());
                if target_group::is_named(aws, &name).await.map_err(doing())? {
                    note("target group", name);
                }
            }
        }
        if let Some(vpc) = network.and_then(|network| network.planned.existing_vpc()) {
            for role in SECURITY_GROUP_ROLES {
                let name = stack.security_group_name(role);
                let is_taken = security_group::is_named(aws, vpc, &name);
                if is_taken.await.map_err(doing())? {
                    note("security group", name);
                }
            }
        }
        if taken.is_empty() {
            Ok(())
        } else {
            Err(Unfit::Problems(taken))
        }
    }

    pub(super) async fn cloudfront_prefix_list(&self) -> Checked<Option<PrefixListId>> {
        if self.spec.tier() < Tier::Cdn {
            return Ok(None);
        }
        let region = self.account.region.clone();
        let partition = region.partition();
        if partition != "aws" {
            // CloudFront of China is a service of its own, and GovCloud has none.
            return Err(PlanProblem::NoCloudFront { region, partition }.into());
        }
        let found = prefix_list::cloudfront_origin_facing(&self.account.reader)
            .await
            .map_err(during("looking up CloudFront's addresses"))?;
        Ok(Some(found.ok_or(PlanProblem::NoPrefixList { region })?))
    }
}
