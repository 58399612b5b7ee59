//! The spec file of a command, and its comparison with the stack that exists under its name.

use geusemaker_core::spec::Difference;
use geusemaker_core::{DeploymentSpec, DeploymentStatus, Error, Phase};

use super::resume;
use crate::arguments::SpecFile;
use crate::context::Context;
use crate::failure::Failure;

/// Reads a spec file; a failure says that nothing was changed. The sandbox has the secrets that the spec names.
pub(super) async fn read(context: &Context, file: &SpecFile) -> Result<DeploymentSpec, Failure> {
    let spec = parse(file)?;
    furnish(context, &spec).await?;
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

/// Reads a spec file without an account.
pub(super) fn parse(file: &SpecFile) -> Result<DeploymentSpec, Failure> {
    let is_default = file.spec.as_os_str() == SpecFile::DEFAULT;
    if is_default && !file.spec.exists() {
        return Err(
            Failure::input("no spec given, and no gm.toml in this directory")
                .remedy("pass a file, or write one with gm init"),
        );
    }
    let spec = if file.spec.as_os_str() == "-" {
        DeploymentSpec::from_reader(std::io::stdin().lock(), "standard input", ".")
    } else {
        DeploymentSpec::from_file(&file.spec)
    };
    spec.map_err(|error| Failure::before(&error.into()))
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
