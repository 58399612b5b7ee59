//! `gm deploy`: deploys a stack, or finishes deploying one.

use geusemaker_core::{AnyDeployment, DeploymentSpec, DeploymentStatus, Error, Phase};

use super::advance::advance;
use super::{plan, resume, status};
use crate::arguments::Deploy;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, deploy: &Deploy) -> Result<Document, Failure> {
    let on_failure = deploy.on_failure.checked()?;
    let spec = plan::read(&deploy.file)?;
    let name = spec.name().clone();
    let is_agreed = deploy.yes.yes || context.is_sandbox;
    let found = context
        .unless_interrupted(async { Ok(context.session.status(&name).await) })
        .await?;
    let deployment = match found {
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
                let question = format!("Finish deploying {name}?");
                confirm(context, &question, &Consent::Yes).await?;
            }
            resume::open(context, &name).await?
        }
        Err(Error::NoSuchStack { .. }) => plan_anew(context, spec, is_agreed).await?,
        Err(error) => return Err(Failure::unchanged(&error, name.as_str())),
    };
    advance(context, &name, deployment, on_failure).await
}

async fn plan_anew(
    context: &Context,
    spec: DeploymentSpec,
    is_agreed: bool,
) -> Result<AnyDeployment, Failure> {
    let planned = context
        .unless_interrupted(async { Ok(context.session.plan(spec).await?) })
        .await?;
    let lines = plan::lines(&planned.state().plan).join("\n");
    context.display.note(&lines);
    if !is_agreed {
        confirm(context, "Deploy this?", &Consent::Yes).await?;
    }
    Ok(AnyDeployment::Planned(planned))
}

/// Refuses a spec for a stack that was made from another spec or is being removed.
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
