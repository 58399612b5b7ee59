//! The instance types that the spec names: AWS is asked about those that the catalog does not have.

use super::Preflight;
use super::report::{Report, during};
use crate::plan::problem::PlanProblem;
use crate::plan::warning::PlanWarning;
use crate::resource::instance_type::{self, Described};
use crate::spec::{Compute, Egress, Gpus, InstanceType, RequestedType, type_hint};

impl Preflight<'_> {
    /// Returns the types, at least one, if all are known and suit the spec. Those of the catalog were checked when the
    /// spec was read, so without others, AWS is not asked.
    pub(super) async fn instance_types(&self, report: &mut Report) -> Option<Vec<InstanceType>> {
        let compute = self.spec.compute();
        let unlisted = compute.instance_types().filter_map(|it| match it {
            RequestedType::Listed(_) => None,
            RequestedType::Unlisted(name) => Some(name),
        });
        let unlisted: Vec<_> = unlisted.collect();
        let answers = if unlisted.is_empty() {
            Vec::new()
        } else {
            let answers = instance_type::described(&self.account.reader, &unlisted).await;
            report.take(answers.map_err(during("asking AWS about the instance types")))?
        };
        let has_unlisted = !unlisted.is_empty();
        let mut answers = answers.into_iter();
        let types = compute.instance_types().enumerate();
        let types: Vec<_> = types
            .map(|(place, requested)| match requested {
                RequestedType::Listed(gpu) => Some(InstanceType::Gpu(*gpu)),
                RequestedType::Unlisted(name) => {
                    let field = Compute::field_of_type(place);
                    let name = name.clone();
                    match answers.next()? {
                        Described::Type(instance_type) => return Some(instance_type),
                        Described::Unserved { has } => {
                            report.problem(PlanProblem::UnservedType { field, name, has });
                        }
                        Described::Unknown => report.problem(PlanProblem::UnknownType {
                            field,
                            hint: type_hint(name.as_str()),
                            name,
                            region: self.account.region.clone(),
                        }),
                    }
                    None
                }
            })
            .collect();
        if has_unlisted {
            self.check_types(&types, report);
        }
        types.into_iter().collect()
    }

    /// Makes the checks that the spec could not make, because the types were not known.
    fn check_types(&self, types: &[Option<InstanceType>], report: &mut Report) {
        let compute = self.spec.compute();
        for (place, unsuited) in compute.unsuited(types) {
            report.problem(PlanProblem::UnsuitedType {
                field: Compute::field_of_type(place),
                reason: unsuited.reason,
                remedy: unsuited.remedy,
            });
        }
        let egress = self.spec.network().egress();
        if let Some(InstanceType::Cpu(cpu)) = types.iter().flatten().next()
            && egress == Some(Egress::Endpoints)
            && compute.ami().is_none()
        {
            report.problem(PlanProblem::UnsuitedType {
                field: "network.egress".to_owned(),
                reason: format!(
                    "the image for {cpu} has no Docker, which comes from the internet, and the endpoints lead to AWS alone"
                ),
                remedy: "set network.egress to \"nat\", or compute.ami to an image with Docker and Docker Compose"
                    .to_owned(),
            });
        }
        for instance_type in types.iter().flatten().copied() {
            self.check_gpus(instance_type, report);
            if let InstanceType::Gpu(gpu) = instance_type
                && !gpu.is_in_catalog()
                && compute.ami().is_none()
            {
                report.warnings.push(PlanWarning::DriverUnproven {
                    instance_type: gpu,
                    os: compute.os(),
                });
            }
        }
    }

    /// Checks that the type has the GPUs that the services name.
    fn check_gpus(&self, instance_type: InstanceType, report: &mut Report) {
        let has = match instance_type {
            InstanceType::Gpu(gpu) => gpu.gpu_count(),
            InstanceType::Cpu(_) => 0,
        };
        for service in self.spec.services() {
            let Some(gpus) = service.named_gpus() else {
                continue;
            };
            let needed = match gpus {
                Gpus::None => 0,
                Gpus::All => 1,
                Gpus::Count(count) => count,
            };
            if needed > has {
                report.problem(PlanProblem::TooFewGpus {
                    service: service.name().clone(),
                    gpus,
                    instance_type,
                    has,
                });
            }
        }
    }
}
