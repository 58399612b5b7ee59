//! `gm deploy`: deploys a stack, or finishes deploying one.

use geusemaker_core::{AnyDeployment, DeploymentSpec, Error, Phase};

use super::advance::{Patience, advance};
use super::{cost, plan, resume, spec, status};
use crate::arguments::Deploy;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;

pub(crate) async fn run(context: &Context, deploy: &Deploy) -> Result<Document, Failure> {
    let on_failure = deploy.on_failure.checked()?;
    let spec = spec::read(context, &deploy.file).await?;
    let name = spec.name().clone();
    let is_agreed = deploy.yes.yes || context.is_sandbox;
    let found = context
        .unless_interrupted(async { Ok(context.session.summary(&name).await) })
        .await?;
    let deployment = match found {
        Ok(existing) if existing.phase == Phase::Committed => {
            spec::take_over(context, &existing, &spec).await?;
            return status::up_already(context, &name).await;
        }
        Ok(existing) => {
            spec::take_over(context, &existing, &spec).await?;
            context.display.note(&format!(
                "{name} was begun at {} and is unfinished: continuing",
                existing.since.strftime("%Y-%m-%d %H:%M:%SZ")
            ));
            if !is_agreed {
                let cost = cost::before_question(&existing.planned_cost());
                let question = format!("{cost}\nFinish deploying {name}?");
                confirm(context, &question, &Consent::Yes).await?;
            }
            resume::open(context, &name).await?
        }
        Err(Error::NoSuchStack { .. }) => plan_anew(context, spec, is_agreed).await?,
        Err(error) => return Err(Failure::unchanged(&error, name.as_str())),
    };
    let patience = Patience::of(deploy.no_wait);
    advance(context, &name, deployment, (on_failure, patience)).await
}

async fn plan_anew(
    context: &Context,
    spec: DeploymentSpec,
    is_agreed: bool,
) -> Result<AnyDeployment, Failure> {
    let planned = context
        .unless_interrupted(async { Ok(context.session.plan(spec).await?) })
        .await?;
    let plan = &planned.state().plan;
    let mut lines = plan::lines(plan);
    lines.extend(plan::offers(context, plan).await);
    let lines = lines.join("\n");
    context.display.note(&lines);
    if !is_agreed {
        let cost = cost::before_question(&planned.state().plan.cost());
        let question = format!("{cost}\nDeploy this?");
        confirm(context, &question, &Consent::Yes).await?;
    }
    Ok(AnyDeployment::Planned(planned))
}
