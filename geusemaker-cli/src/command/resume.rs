//! `gm resume`: continues a deployment that was interrupted.

use geusemaker_core::spec::Tier;
use geusemaker_core::words::count;
use geusemaker_core::{AnyDeployment, DeploymentStatus, Error, Phase, StackName};

use super::advance::{Manner, Patience, advance};
use super::{cost, status};
use crate::arguments::{OnFailure, Resume};
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, resume: &Resume) -> Result<Document, Failure> {
    let name = &resume.name.name;
    let on_failure = context.settings.on_failure()?;
    let existing = context
        .unless_interrupted(async { Ok(context.session.summary(name).await) })
        .await?
        .map_err(|error| Failure::unchanged(&error, name.as_str()))?;
    match existing.phase {
        Phase::Committed => return status::up_already(context, name).await,
        Phase::Ending => return Err(ending(context, &existing)),
        _ => {}
    }
    if !(resume.yes.yes || context.is_sandbox) {
        confirm(context, &question(&existing), &Consent::Yes).await?;
    }
    let deployment = open(context, name, on_failure).await?;
    let manner = Manner {
        on_failure,
        patience: Patience::of(resume.no_wait),
        verifies: !context.settings.no_verify.value,
        is_continued: true,
    };
    advance(context, name, deployment, manner).await
}

/// Returns the question before a deployment is continued: what, where, and what is still to do.
pub(super) fn question(existing: &DeploymentStatus) -> String {
    let (is_up, to_do): (_, &[_]) = match existing.phase {
        Phase::Ec2Ready => ("instances are up", &["load balancer"]),
        Phase::AlbHealthy => ("the load balancer is up", &[]),
        Phase::CdnPending => ("CloudFront is deploying", &[]),
        Phase::CdnDeployed => ("CloudFront is deployed", &[]),
        _ => ("it was begun", &["instances", "load balancer"]),
    };
    let mut to_do = to_do.to_vec();
    match existing.spec.tier() {
        Tier::Instances => to_do.retain(|part| *part == "instances"),
        Tier::Cdn if !matches!(existing.phase, Phase::CdnPending | Phase::CdnDeployed) => {
            to_do.push("CDN");
        }
        _ => {}
    }
    let to_do = match to_do.as_slice() {
        [] => String::new(),
        [first @ .., last] if !first.is_empty() => {
            format!("; {} and {last} still to do", first.join(", "))
        }
        only => format!("; {} still to do", only.concat()),
    };
    let cost = cost::before_question(&existing.planned_cost());
    format!(
        "{cost}\nContinue deploying {} in account {}, {} ({is_up}{to_do})?",
        existing.name, existing.account, existing.region
    )
}

/// Acquires the journal of a deployment begun earlier. Unless the user has said what happens after a failure, all that
/// exists already stays. Another process may have finished the deployment while the user was being asked.
pub(super) async fn open(
    context: &Context,
    name: &StackName,
    on_failure: Option<OnFailure>,
) -> Result<AnyDeployment, Failure> {
    let unchanged = |error: Error| Failure::unchanged(&error, name.as_str());
    let deployment = context
        .unless_interrupted(async {
            let opened = match on_failure {
                None => context.session.open_keeping(name).await,
                Some(_) => context.session.open(name).await,
            };
            opened.map_err(unchanged)
        })
        .await?;
    let status = context.session.summary(name).await.map_err(unchanged)?;
    if status.phase == Phase::Committed {
        drop(deployment);
        let message = format!("{name} was finished by another process in the meantime");
        return Err(Failure::usage(message).next(context.command(&format!("status {name}"))));
    }
    Ok(deployment)
}

/// Returns the failure for a stack whose removal has begun: such a stack can only be removed.
pub(super) fn ending(context: &Context, existing: &DeploymentStatus) -> Failure {
    let name = &existing.name;
    let left = existing.resources.len();
    Failure::usage(format!(
        "{name} is being removed, or its removal was interrupted"
    ))
    .state(format!("left of {name}: {}", count(left, "resource")))
    .next(context.command(&format!("destroy {name}")))
}
