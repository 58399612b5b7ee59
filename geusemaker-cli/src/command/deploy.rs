//! `gm deploy`: deploys a stack, or finishes deploying one.

use geusemaker_core::{AnyDeployment, DeploymentSpec, Error, Phase};

use super::advance::{Manner, Patience, advance};
use super::{cost, plan, resume, spec, status};
use crate::arguments::Deploy;
use crate::confirm::{Consent, confirm};
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;
use crate::saved_plan::SavedPlan;
use crate::settings::Setting;

pub(crate) async fn run(context: &Context, deploy: &Deploy) -> Result<Document, Failure> {
    let on_failure = context.settings.on_failure()?;
    let saved = SavedPlan::read(&deploy.file.spec)?;
    let spec = match &saved {
        Some(saved) => {
            ensure_as_planned(context, deploy, saved)?;
            let spec = saved.plan.spec.clone();
            spec::furnish(context, &spec).await?;
            spec
        }
        None => spec::read(context, &deploy.file).await?,
    };
    let name = spec.name().clone();
    let is_agreed = deploy.yes.yes || context.is_sandbox;
    let mut is_continued = false;
    let found = context
        .unless_interrupted(async { Ok(context.session.summary(&name).await) })
        .await?;
    if let Ok(existing) = &found {
        spec::ensure_region(context, existing)?;
    }
    let deployment = match found {
        Ok(existing) if existing.phase == Phase::Committed => {
            spec::take_over(context, &existing, &spec).await?;
            return status::up_already(context, &name).await;
        }
        Ok(existing) => {
            spec::take_over(context, &existing, &spec).await?;
            let since = existing.since.strftime("%Y-%m-%d %H:%M:%SZ");
            let note = format!("{name} was begun at {since} and is unfinished: continuing");
            context.display.note(&note);
            if !is_agreed {
                confirm(context, &resume::question(&existing), &Consent::Yes).await?;
            }
            is_continued = true;
            resume::open(context, &name, on_failure).await?
        }
        Err(Error::NoSuchStack { .. }) => plan_anew(context, spec, saved, is_agreed).await?,
        Err(error) => return Err(Failure::unchanged(&error, name.as_str())),
    };
    let manner = Manner {
        on_failure,
        patience: Patience::of(deploy.no_wait),
        verifies: !context.settings.no_verify.value,
        is_continued,
    };
    advance(context, &name, deployment, manner).await
}

/// Refuses what would make another plan of a saved one.
fn ensure_as_planned(context: &Context, deploy: &Deploy, saved: &SavedPlan) -> Result<(), Failure> {
    let shown = deploy.file.spec.display();
    if !deploy.file.variables.variables.is_empty() {
        let message = format!("{shown} is a plan, in which the variables have their values");
        return Err(Failure::usage(message).remedy("leave --var out, or plan again with it"));
    }
    match context.settings.region_before_spec() {
        Some(asked) if asked.value != saved.plan.region => {
            let Setting { value, origin } = asked;
            let planned = &saved.plan.region;
            let message = format!("{shown} is a plan for {planned}, and {origin} asks for {value}");
            Err(Failure::usage(message).remedy("plan again for that region"))
        }
        _ => Ok(()),
    }
}

async fn plan_anew(
    context: &Context,
    spec: DeploymentSpec,
    saved: Option<SavedPlan>,
    is_agreed: bool,
) -> Result<AnyDeployment, Failure> {
    let planned = context
        .unless_interrupted(async { Ok(context.session.plan(spec).await?) })
        .await?;
    let plan = &planned.state().plan;
    // Whoever has saved a plan has looked at it.
    let is_agreed = is_agreed || saved.is_some();
    if let Some(saved) = saved {
        saved.check_current(plan)?;
    }
    let mut lines = plan::lines(plan);
    lines.extend(plan::offers(context, plan).await);
    let lines = lines.join("\n");
    context.display.note(&lines);
    if !is_agreed {
        let plan = &planned.state().plan;
        let (name, tier) = (plan.spec.name(), plan.spec.tier().number());
        let cost = cost::before_question(&plan.cost());
        let question = format!(
            "{cost}\nDeploy {name} (tier {tier}) to account {}, {}?",
            plan.account, plan.region
        );
        confirm(context, &question, &Consent::Yes).await?;
    }
    Ok(AnyDeployment::Planned(planned))
}
