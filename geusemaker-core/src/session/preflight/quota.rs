//! The quotas of vCPUs: the candidates that they admit.

use std::collections::BTreeMap;

use super::Preflight;
use super::report::Report;
use crate::aws::error_class::ErrorClass;
use crate::error::Error;
use crate::plan::Candidate;
use crate::plan::problem::PlanProblem;
use crate::plan::warning::PlanWarning;
use crate::resource::vcpu_quota;
use crate::spec::{InstanceType, Purchase, VcpuQuota};

/// A quota in the account.
#[derive(Clone, Copy)]
struct Level {
    quota: VcpuQuota,
    limit: u32,
    used: u32,
}

impl Preflight<'_> {
    /// Returns the candidates that the quotas admit. If they admit none, that is a problem.
    pub(super) async fn within_quotas(
        &self,
        candidates: Option<Vec<Candidate>>,
        report: &mut Report,
    ) -> Option<Vec<Candidate>> {
        let candidates = candidates?;
        let levels = self.levels(&candidates, report).await;
        let count = self.spec.compute().count();
        let (mut admitted, mut warnings, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        let is_one = |a: &Candidate, b: &Candidate| {
            (a.instance_type, a.purchase) == (b.instance_type, b.purchase)
        };
        for group in candidates.chunk_by(is_one) {
            let (instance_type, purchase) = (group[0].instance_type, group[0].purchase);
            let quota = instance_type.vcpu_quota(purchase);
            if quota.is_none() && purchase != Purchase::CapacityBlock {
                let warning = PlanWarning::NoKnownQuota { instance_type };
                report.warnings.push(warning);
            }
            let Some(level) = quota.and_then(|quota| levels.get(&quota)) else {
                admitted.extend_from_slice(group);
                continue;
            };
            let Level { quota, limit, used } = *level;
            let needed = instance_type.vcpus().saturating_mul(count);
            if limit.saturating_sub(used) >= needed {
                admitted.extend_from_slice(group);
                continue;
            }
            problems.push(self.quota_problem(level, instance_type, needed));
            let wanted = format!("{count} x {instance_type} {purchase}");
            if limit < needed {
                warnings.push(PlanWarning::QuotaTooSmall {
                    quota,
                    limit,
                    wanted,
                    needed,
                });
            } else {
                admitted.extend_from_slice(group);
                warnings.push(PlanWarning::QuotaInUse {
                    quota,
                    limit,
                    used,
                    wanted,
                    needed,
                });
            }
        }
        let groups = candidates.chunk_by(is_one).count();
        if groups > 0 && problems.len() == groups {
            problems
                .into_iter()
                .for_each(|problem| report.problem(problem));
        } else {
            report.warnings.extend(warnings);
        }
        Some(admitted)
    }

    fn quota_problem(
        &self,
        level: &Level,
        instance_type: InstanceType,
        needed: u32,
    ) -> PlanProblem {
        let count = self.spec.compute().count();
        PlanProblem::Quota {
            quota: level.quota,
            limit: level.limit,
            used: level.used,
            wanted: format!("{count} x {instance_type}"),
            needed,
            region: self.account.region.clone(),
        }
    }

    /// Returns the quotas that the candidates count against, as far as they can be read.
    async fn levels(
        &self,
        candidates: &[Candidate],
        report: &mut Report,
    ) -> BTreeMap<VcpuQuota, Level> {
        let mut quotas: Vec<_> = candidates
            .iter()
            .filter_map(|candidate| candidate.instance_type.vcpu_quota(candidate.purchase))
            .collect();
        quotas.sort_unstable();
        quotas.dedup();
        let aws = &self.account.reader;
        let mut limits = Vec::new();
        for quota in quotas {
            match vcpu_quota::limit(aws, quota).await {
                Ok(Some(limit)) => limits.push((quota, limit)),
                Ok(None) => report.warnings.push(PlanWarning::QuotaUnknown {
                    quota,
                    reason: "Service Quotas does not have it".to_owned(),
                }),
                // Quotas are known only better before the launch: AWS checks them there.
                Err(error) if error.class != ErrorClass::Credentials => {
                    let reason = error.to_string();
                    report
                        .warnings
                        .push(PlanWarning::QuotaUnknown { quota, reason });
                }
                Err(error) => {
                    report.unknown(Error::aws("reading the quotas of vCPUs")(error));
                }
            }
        }
        if limits.is_empty() {
            return BTreeMap::new();
        }
        let quotas: Vec<_> = limits.iter().map(|(quota, _)| *quota).collect();
        let used = vcpu_quota::used(aws, &quotas).await;
        let Some(used) = report.look("the vCPUs in use", used) else {
            return BTreeMap::new();
        };
        let levels = limits.into_iter().zip(used);
        levels
            .map(|((quota, limit), used)| (quota, Level { quota, limit, used }))
            .collect()
    }
}
