//! `gm deploy`: a stack up, or the rest of one.

use geusemaker_core::{AnyDeployment, DeploymentSpec, DeploymentStatus, Error, Phase};

use super::advance::advance;
use super::{plan, resume, status};
use crate::arguments::Deploy;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, deploy: &Deploy) -> Result<Document, Failure> {
    let spec = plan::read(&deploy.file)?;
    let name = spec.name().clone();
    let is_agreed = deploy.yes.yes || context.is_sandbox;
    let deployment = match context.session.status(&name).await {
        Ok(existing) if existing.phase == Phase::Committed => {
            refuse_another(context, &existing, &spec)?;
            return status::up_already(context, &existing);
        }
        Ok(existing) => {
            refuse_another(context, &existing, &spec)?;
            context
                .display
                .note(&format!("{name} was begun at {}: going on", existing.since));
            if !is_agreed {
                confirm(&format!("Finish deploying {name}?"), &Consent::Yes)?;
            }
            resume::open(context, &name).await?
        }
        Err(Error::NoSuchStack { .. }) => plan_anew(context, spec, is_agreed).await?,
        Err(error) => return Err(error.into()),
    };
    advance(context, &name, deployment, deploy.on_failure.on_failure).await
}

async fn plan_anew(
    context: &Context,
    spec: DeploymentSpec,
    is_agreed: bool,
) -> Result<AnyDeployment, Failure> {
    let planned = context.session.plan(spec).await?;
    let lines = plan::lines(&planned.state().plan).join("\n");
    context.display.note(&lines);
    if !is_agreed {
        confirm("Deploy this?", &Consent::Yes)?;
    }
    Ok(AnyDeployment::Planned(planned))
}

/// Refuses a spec for a stack that was made from another one, or that is being removed.
pub(super) fn refuse_another(
    context: &Context,
    existing: &DeploymentStatus,
    spec: &DeploymentSpec,
) -> Result<(), Failure> {
    let name = &existing.name;
    if existing.phase == Phase::Ending {
        return Err(resume::ending(context, existing));
    }
    if existing.spec == *spec {
        return Ok(());
    }
    let next = match existing.phase {
        Phase::Committed => format!("destroy {name}"),
        _ => format!("rollback {name}"),
    };
    Err(Failure::usage(format!(
        "stack {name} exists and was made from another spec; a stack cannot be changed in place: remove it first, or \
         give the spec another name"
    ))
    .state(format!("{name} is {}", existing.phase))
    .next(context.command(&next)))
}
