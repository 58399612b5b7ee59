//! The spec file of a command, and its comparison with the stack that exists under its name.

use geusemaker_core::spec::{Difference, Region, SpecVariables};
use geusemaker_core::{DeploymentSpec, DeploymentStatus, Error, Phase};

use super::resume;
use crate::arguments::{SpecFile, Variable};
use crate::context::Context;
use crate::failure::Failure;
use crate::saved_plan::SavedPlan;
use crate::settings::{Setting, Settings};

/// A spec, and the Region that it has in its file if another one came before it.
pub(super) struct Read {
    pub(super) spec: DeploymentSpec,
    replaced_region: Option<Region>,
}

/// Reads a spec file; a failure says that nothing was changed. The sandbox has the secrets that the spec names.
pub(super) async fn read(context: &Context, file: &SpecFile) -> Result<DeploymentSpec, Failure> {
    let Read {
        spec,
        replaced_region,
    } = parse(&context.settings, file)?;
    furnish(context, &spec).await?;
    if let (Some(asked), Some(replaced)) = (context.settings.region_before_spec(), replaced_region)
    {
        let Setting { value, origin } = asked;
        let note = format!("region {value} from {origin}, in place of {replaced} of the spec");
        context.display.note(&note);
    }
    Ok(spec)
}

/// Gives the sandbox the secrets that a spec names.
pub(super) async fn furnish(context: &Context, spec: &DeploymentSpec) -> Result<(), Failure> {
    #[cfg(not(feature = "sandbox"))]
    let _ = (context, spec);
    #[cfg(feature = "sandbox")]
    if context.is_sandbox {
        if let Some(region) = spec.region() {
            crate::sandbox::ensure_known(region)?;
        }
        crate::sandbox::secrets::make_up(&context.config, spec, &context.display).await?;
    }
    Ok(())
}

/// Reads a spec file without an account, for the Region that comes before its own, if there is one.
pub(super) fn parse(settings: &Settings, file: &SpecFile) -> Result<Read, Failure> {
    let is_default = file.spec.as_os_str() == SpecFile::DEFAULT;
    if is_default && !file.spec.exists() {
        return Err(
            Failure::input("no spec given, and no gm.toml in this directory")
                .remedy("pass a file, or write one with gm init"),
        );
    }
    if let Some(plan) = SavedPlan::read(&file.spec)? {
        let shown = file.spec.display();
        let message = format!("{shown} is a plan of {}, not a spec", plan.plan.spec.name());
        return Err(Failure::input(message).remedy(format!("gm deploy {shown} deploys it")));
    }
    let variables = variables(file)?;
    let spec = if file.spec.as_os_str() == "-" {
        let input = std::io::stdin().lock();
        DeploymentSpec::from_reader_with(input, "standard input", ".", &variables)
    } else {
        DeploymentSpec::from_file_with(&file.spec, &variables)
    };
    let spec = spec.map_err(|error| Failure::before(&error.into()))?;
    let replaced_region = spec.region().cloned();
    match (settings.region_before_spec(), replaced_region) {
        // A spec without a Region gets that of the session.
        (Some(asked), Some(region)) if asked.value != region => {
            let Setting { value, origin } = asked;
            let spec = spec.in_region(value.clone()).map_err(|error| {
                Failure::before(&error.into()).message(format!("with {value} of {origin}"))
            })?;
            let replaced_region = Some(region);
            Ok(Read {
                spec,
                replaced_region,
            })
        }
        _ => Ok(Read {
            spec,
            replaced_region: None,
        }),
    }
}

/// Returns the values for the variables of a spec: those of the command line, and then those of the environment.
fn variables(file: &SpecFile) -> Result<SpecVariables, Failure> {
    let mut variables = SpecVariables::from_environment();
    for (index, variable) in file.variables.variables.iter().enumerate() {
        let Variable { name, value } = variable;
        let earlier = file.variables.variables.iter().take(index);
        if earlier.map(|it| &it.name).any(|it| it == name) {
            let message = format!("--var {name} is given twice");
            return Err(Failure::usage(message).remedy("give each variable one value"));
        }
        variables = variables.set(name.clone(), value);
    }
    Ok(variables)
}

/// Refuses a Region that was asked for if the stack exists in another one.
pub(super) fn ensure_region(context: &Context, existing: &DeploymentStatus) -> Result<(), Failure> {
    match context.settings.region_before_spec() {
        Some(Setting { value, origin }) if *value != existing.region => {
            let name = &existing.name;
            Err(Failure::elsewhere(name, &existing.region, origin, value))
        }
        _ => Ok(()),
    }
}

/// Takes over the settings of a spec that touch no resource of the stack that exists under its name.
///
/// # Errors
/// Returns the failure for a stack that was made from another spec or is being removed.
pub(super) async fn take_over(
    context: &Context,
    existing: &DeploymentStatus,
    spec: &DeploymentSpec,
) -> Result<(), Failure> {
    let differences = settings(context, existing, spec)?;
    if differences.is_empty() {
        return Ok(());
    }
    let taken = context
        .unless_interrupted(async { Ok(context.session.adjust(spec).await) })
        .await?;
    let taken = taken.map_err(|error| refusal(context, existing, &error))?;
    for difference in taken {
        context.display.note(&format!("changed: {difference}"));
    }
    Ok(())
}

/// Returns the settings without resources in which a spec differs from the stack that exists under its name.
///
/// # Errors
/// Returns the failure for a stack that was made from another spec or is being removed.
pub(super) fn settings(
    context: &Context,
    existing: &DeploymentStatus,
    spec: &DeploymentSpec,
) -> Result<Vec<Difference>, Failure> {
    if existing.phase == Phase::Ending {
        return Err(resume::ending(context, existing));
    }
    let error = match existing.spec.check_change(spec) {
        Ok(differences) => return Ok(differences),
        Err(error) => error,
    };
    Err(refusal(context, existing, &error))
}

fn refusal(context: &Context, existing: &DeploymentStatus, error: &Error) -> Failure {
    let name = &existing.name;
    if !matches!(error, Error::AnotherSpec { .. }) {
        return Failure::unchanged(error, name.as_str());
    }
    let next = match existing.phase {
        Phase::Committed => format!("destroy {name}"),
        _ => format!("rollback {name}"),
    };
    Failure::unchanged(error, name.as_str()).next(context.command(&next))
}
