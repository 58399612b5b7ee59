//! `gm status`: shows the current resources of a stack.

use geusemaker_core::id::ResourceId;
use geusemaker_core::spec::CidrBlock;
use geusemaker_core::words::count;
use geusemaker_core::{DeploymentStatus, Endpoint, ResourceState};

use crate::arguments::Name;
use crate::context::Context;
use crate::document::{Document, columns};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::short_id::shorten_ids;

pub(crate) async fn run(context: &Context, name: &Name) -> Result<Document, Failure> {
    let status = context.session.status(&name.name).await?;
    Ok(document(context, &status))
}

/// Reports that a stack is up already; fails if some of its resources have been removed since.
pub(super) fn up_already(
    context: &Context,
    status: &DeploymentStatus,
) -> Result<Document, Failure> {
    let name = &status.name;
    let gone: Vec<_> = status
        .resources
        .iter()
        .filter(|resource| resource.state == ResourceState::Gone)
        .map(|resource| resource.key.as_str())
        .collect();
    if gone.is_empty() {
        context.display.note(&format!("{name} is up already"));
        return Ok(document(context, status));
    }
    let message = format!(
        "{name} was deployed, but parts of it were deleted outside gm since: {}",
        gone.join(", ")
    );
    let left = status.resources.len() - gone.len();
    Err(Failure::local(message)
        .code(ExitCode::LeftoversRemain)
        .state(format!("left of {name}: {}", count(left, "resource")))
        .next(context.command(&format!("destroy {name}"))))
}

pub(super) fn document(context: &Context, status: &DeploymentStatus) -> Document {
    let rows: Vec<_> = status
        .resources
        .iter()
        .map(|resource| {
            let id = shorten_ids(resource.id.as_ref().map_or("-", ResourceId::as_str));
            let adopted = if resource.adopted { "yours" } else { "" };
            [
                resource.kind.to_string(),
                id,
                resource.state.to_string(),
                adopted.to_owned(),
            ]
        })
        .collect();
    let mut document = Document::ok()
        .members_of(status)
        .member("state", status.phase)
        .member("sandbox", context.is_sandbox)
        .line(format!(
            "{}: {} (tier {}, account {}, {})",
            status.name,
            status.phase,
            status.tier.number(),
            status.account,
            status.region
        ))
        .lines(columns(&rows));
    if let Some(holder) = &status.held_by {
        document = document.line(format!("locked by {holder}"));
    }
    let outputs = &status.outputs;
    for (label, value) in [
        ("load balancer", &outputs.load_balancer_dns),
        ("CloudFront domain", &outputs.distribution_domain),
        ("url", &outputs.url),
    ] {
        if let Some(value) = value {
            document = document.line(format!("{label}: {value}"));
        }
    }
    document.lines(endpoint_lines(context, status))
}

/// Returns a line for each service of tier 1: its address, and who can reach it.
fn endpoint_lines(context: &Context, status: &DeploymentStatus) -> Vec<String> {
    let has_ssm = status.spec.access().ssm();
    let instances = &status.outputs.instances;
    let endpoints = status.outputs.endpoints.iter();
    endpoints
        .map(|endpoint| {
            let Endpoint {
                service,
                url,
                open_to,
                ..
            } = endpoint;
            if !open_to.is_empty() {
                let ranges: Vec<_> = open_to.iter().map(CidrBlock::as_str).collect();
                return format!("{service}: {url} from {}", ranges.join(", "));
            }
            let number = instances.iter().position(|id| *id == endpoint.instance);
            let number = match number {
                Some(number) if number > 0 => format!(" --instance {number}"),
                _ => String::new(),
            };
            if !has_ssm || context.is_sandbox {
                return format!("{service}: {url} (closed: access.allow would open it)");
            }
            let forward =
                context.command(&format!("port-forward {} {service}{number}", status.name));
            format!("{service}: {forward} (the port itself is closed: access.allow would open it)")
        })
        .collect()
}
