//! The image that the instances boot.

use super::Preflight;
use super::report::{Checked, Unfit, during};
use crate::id::AmiId;
use crate::plan::problem::PlanProblem;
use crate::resource::image::{self, Image};
use crate::resource::parameter;
use crate::spec::{Architecture, ImageSource, InstanceType};

impl Preflight<'_> {
    /// Returns the image, which suits the first type and so all.
    pub(super) async fn image(&self, instance_type: InstanceType) -> Checked<Image> {
        let compute = self.spec.compute();
        let architecture = instance_type.architecture();
        let aws = &self.account.reader;
        let doing = || during("choosing the image");
        let image = match (compute.ami(), instance_type) {
            (None, InstanceType::Gpu(_)) => {
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
            (None, InstanceType::Cpu(_)) => self.plain_image(architecture).await?,
            (Some(source), _) => {
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

    /// Returns the newest image of the operating system alone.
    async fn plain_image(&self, architecture: Architecture) -> Checked<Image> {
        let os = self.spec.compute().os();
        let aws = &self.account.reader;
        let parameter = os.image_parameter(architecture);
        let id = parameter::plain_value(aws, &parameter)
            .await
            .map_err(during("choosing the image"))?;
        let found = match id.as_deref().map(|id| id.trim().parse()) {
            Some(Ok(id)) => image::named(aws, &id)
                .await
                .map_err(during("choosing the image"))?,
            Some(Err(_)) | None => None,
        };
        found.ok_or_else(|| {
            PlanProblem::NoPlainImage {
                os,
                parameter,
                region: self.account.region.clone(),
            }
            .into()
        })
    }

    /// Returns the id of the image that the spec names, by itself or in a parameter.
    async fn image_id(&self, source: &ImageSource) -> Checked<AmiId> {
        let name = match source {
            ImageSource::Ami(id) => return Ok(id.clone()),
            ImageSource::Parameter(name) => name,
        };
        let value = parameter::plain_value(&self.account.reader, name.as_str())
            .await
            .map_err(during("reading the parameter of the image"))?;
        let value = value.ok_or_else(|| self.missing("compute.ami", source))?;
        let id = value.trim().parse();
        id.map_err(|_| {
            PlanProblem::NotAnImage {
                source_text: source.to_string(),
            }
            .into()
        })
    }
}
