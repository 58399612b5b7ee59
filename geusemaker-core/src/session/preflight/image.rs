//! The image that the instances boot.

use super::Preflight;
use super::report::{Checked, Unfit, during};
use crate::plan::problem::PlanProblem;
use crate::resource::image::{self, Image};

impl Preflight<'_> {
    pub(super) async fn image(&self) -> Checked<Image> {
        let compute = self.spec.compute();
        let instance_type = compute.instance_type();
        let architecture = instance_type.architecture();
        let aws = &self.account.reader;
        let doing = || during("choosing the image");
        let image = match compute.ami() {
            None => {
                let found = image::newest_deep_learning(aws, architecture)
                    .await
                    .map_err(doing())?;
                let region = self.account.region.clone();
                found.ok_or(PlanProblem::NoImage {
                    architecture,
                    region,
                })?
            }
            Some(id) => {
                let found = image::named(aws, id).await.map_err(doing())?;
                found.ok_or_else(|| self.missing("compute.ami", id))?
            }
        };
        let mut problems = Vec::new();
        if !image.boots_on(architecture) {
            problems.push(PlanProblem::WrongArchitecture {
                image: image.id.clone(),
                found: image.architecture.clone(),
                instance_type,
                needed: architecture,
            });
        }
        if image.state != "available" {
            problems.push(PlanProblem::ImageNotAvailable {
                image: image.id.clone(),
                state: image.state.clone(),
            });
        }
        let root_volume_gib = compute.root_volume_gib();
        if image.snapshot_gib > root_volume_gib {
            problems.push(PlanProblem::RootVolumeTooSmall {
                image: image.id.clone(),
                snapshot_gib: image.snapshot_gib,
                root_volume_gib,
            });
        }
        if problems.is_empty() {
            Ok(image)
        } else {
            Err(Unfit::Problems(problems))
        }
    }
}
