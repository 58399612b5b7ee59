//! `gm resume`: continues a deployment that was interrupted.

use geusemaker_core::{AnyDeployment, DeploymentStatus, Error, Phase, StackName};

use super::advance::{Patience, advance};
use super::{cost, status};
use crate::arguments::Resume;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, resume: &Resume) -> Result<Document, Failure> {
    let name = &resume.name.name;
    let on_failure = resume.on_failure.checked()?;
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
        let cost = cost::before_question(&existing.planned_cost());
        let question = format!("{cost}\nFinish deploying {name} (now: {})?", existing.phase);
        confirm(context, &question, &Consent::Yes).await?;
    }
    let deployment = open(context, name).await?;
    let patience = Patience::of(resume.no_wait);
    advance(context, name, deployment, (on_failure, patience)).await
}

/// Acquires the journal of a deployment begun earlier. Another process may have finished the deployment while the user
/// was being asked.
pub(super) async fn open(context: &Context, name: &StackName) -> Result<AnyDeployment, Failure> {
    let unchanged = |error: Error| Failure::unchanged(&error, name.as_str());
    let deployment = context
        .unless_interrupted(async { context.session.open(name).await.map_err(unchanged) })
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
    .state(format!("{left} resources of {name} are left"))
    .next(context.command(&format!("destroy {name}")))
}
