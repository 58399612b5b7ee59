//! The quotas that a network of its own counts against.

use super::Preflight;
use super::report::Report;
use crate::aws::error_class::ErrorClass;
use crate::error::Error;
use crate::plan::problem::PlanProblem;
use crate::plan::warning::PlanWarning;
use crate::resource::network_quota::{self, NetworkQuota};
use crate::spec::Egress;

impl Preflight<'_> {
    /// Checks that the account has room for a network of its own, if the spec asks for one.
    pub(super) async fn network_quotas(&self, report: &mut Report) {
        let network = self.spec.network();
        let quotas: &[NetworkQuota] = match (network.range(), network.egress()) {
            (None, _) => &[],
            (Some(_), Some(Egress::Nat)) => &[NetworkQuota::Vpcs, NetworkQuota::ElasticIps],
            (Some(_), Some(Egress::Endpoints) | None) => &[NetworkQuota::Vpcs],
        };
        for quota in quotas {
            self.network_quota(*quota, report).await;
        }
    }

    async fn network_quota(&self, quota: NetworkQuota, report: &mut Report) {
        let aws = &self.account.reader;
        let limit = match network_quota::limit(aws, quota).await {
            Ok(Some(limit)) => Ok(limit),
            Ok(None) => Err("Service Quotas does not have it".to_owned()),
            Err(error) if error.class != ErrorClass::Credentials => Err(error.to_string()),
            Err(error) => {
                return report.unknown(Error::aws("reading the quotas of networks")(error));
            }
        };
        let limit = match limit {
            Ok(limit) => limit,
            // AWS checks the quota itself when the network is created.
            Err(reason) => {
                let warning = PlanWarning::NetworkQuotaUnknown { quota, reason };
                return report.warnings.push(warning);
            }
        };
        let used = network_quota::used(aws, quota).await;
        let Some(used) = report.look("the networks and addresses in use", used) else {
            return;
        };
        if used >= limit {
            report.problem(PlanProblem::NetworkQuota {
                quota,
                limit,
                used,
                region: self.account.region.clone(),
            });
        }
    }
}
