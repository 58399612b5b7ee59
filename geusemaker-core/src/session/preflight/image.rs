//! The image that the instances boot.

use super::Preflight;
use super::report::{Checked, Unfit, during};
use crate::id::AmiId;
use crate::plan::problem::PlanProblem;
use crate::resource::image::{self, Image};
use crate::resource::parameter;
use crate::spec::ImageSource;

impl Preflight<'_> {
    pub(super) async fn image(&self) -> Checked<Image> {
        let compute = self.spec.compute();
        let instance_type = compute.instance_type();
        let architecture = instance_type.architecture();
        let aws = &self.account.reader;
        let doing = || during("choosing the image");
        let image = match compute.ami() {
            None => {
                let os = compute.os();
                let found = image::newest_deep_learning(aws, os, architecture)
                    .await
                    .map_err(doing())?;
                let region = self.account.region.clone();
                found.ok_or(PlanProblem::NoImage {
                    os,
                    architecture,
                    region,
                })?
            }
            Some(source) => {
                let id = self.image_id(source).await?;
                let found = image::named(aws, &id).await.map_err(doing())?;
                found.ok_or_else(|| self.missing("compute.ami", &id))?
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

    /// Returns the id of the image that the spec names, by itself or in a parameter.
    async fn image_id(&self, source: &ImageSource) -> Checked<AmiId> {
        let name = match source {
            ImageSource::Ami(id) => return Ok(id.clone()),
            ImageSource::Parameter(name) => name,
        };
        let value = parameter::plain_value(&self.account.reader, name)
            .await
            .map_err(during("reading the parameter of the image"))?;
        let value = value.ok_or_else(|| self.missing("compute.ami", source))?;
        let id = value.trim().parse();
        id.map_err(|_| {
            PlanProblem::NotAnImage {
                source_text: source.to_string(),
                value,
            }
            .into()
        })
    }
}
