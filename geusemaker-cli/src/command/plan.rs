//! `gm plan`: what a spec would make.

use geusemaker_core::{DeploymentSpec, Plan};

use crate::arguments::SpecFile;
use crate::document::Document;
use crate::failure::Failure;
use crate::run::Context;

pub(crate) async fn run(context: &Context, file: &SpecFile) -> Result<Document, Failure> {
    let spec = read(file)?;
    let planned = context.session.plan(spec).await?;
    let plan = &planned.state().plan;
    Ok(Document::ok()
        .member("name", plan.spec.name())
        .member("plan", plan)
        .lines(lines(plan)))
}

pub(super) fn read(file: &SpecFile) -> Result<DeploymentSpec, Failure> {
    DeploymentSpec::from_file(&file.spec).map_err(|error| Failure::before(&error.into()))
}

/// The plan in words.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let spec = &plan.spec;
    let compute = spec.compute();
    let zones: Vec<_> = plan.subnets.iter().map(|subnet| subnet.zone.as_str()).collect();
    let gpu = compute.instance_type();
    let mut lines = vec![
        format!(
            "{} in account {}, {} (tier {})",
            spec.name(),
            plan.account,
            plan.region,
            spec.tier().number()
        ),
        format!("  network      {} in {}", plan.vpc, zones.join(", ")),
        format!(
            "  instances    {} x {} ({} x {}), root volume {} GiB",
            compute.count(),
            gpu,
            gpu.gpu_count(),
            gpu.gpu_model(),
            compute.root_volume_gib()
        ),
        format!("  image        {} {}", plan.image.id, plan.image.name),
    ];
    lines.extend(plan.candidates.chunks(4).enumerate().map(|(row, candidates)| {
        let label = if row == 0 { "in this order" } else { "" };
        let candidates: Vec<_> = candidates.iter().map(ToString::to_string).collect();
        format!("  {label:<13}{}", candidates.join(", "))
    }));
    lines.push(match &plan.adopted_file_system {
        Some(adopted) => format!("  storage      {} (yours: never deleted)", adopted.id),
        None => "  storage      a new encrypted file system".to_owned(),
    });
    for service in spec.services() {
        let paths: Vec<_> = service.paths().iter().map(ToString::to_string).collect();
        let paths = if paths.is_empty() { "every other path".to_owned() } else { paths.join(", ") };
        lines.push(format!(
            "  service      {} on port {}, {paths}",
            service.name(),
            service.port()
        ));
    }
    if spec.tier().number() >= 2 {
        let admits = if plan.cloudfront_prefix_list.is_some() { "CloudFront" } else { "the internet" };
        lines.push(format!(
            "  balancer     {}, HTTP, admits {admits}",
            spec.name().load_balancer_name()
        ));
    }
    if spec.tier().number() >= 3 {
        lines.push("  CDN          a CloudFront distribution in front of the load balancer".to_owned());
    }
    lines
}
