//! The spec file of a command, and its comparison with the stack that exists under its name.

use geusemaker_core::{DeploymentSpec, DeploymentStatus, Phase};

use super::resume;
use crate::arguments::SpecFile;
use crate::context::Context;
use crate::failure::Failure;

/// Reads a spec file; a failure says that nothing was changed. The sandbox has the secrets that the spec names.
pub(super) async fn read(context: &Context, file: &SpecFile) -> Result<DeploymentSpec, Failure> {
    let spec = if file.spec.as_os_str() == "-" {
        DeploymentSpec::from_reader(std::io::stdin().lock(), "standard input", ".")
    } else {
        DeploymentSpec::from_file(&file.spec)
    };
    let spec = spec.map_err(|error| Failure::before(&error.into()))?;
    #[cfg(not(feature = "sandbox"))]
    let _ = context;
    #[cfg(feature = "sandbox")]
    if context.is_sandbox {
        crate::sandbox::secrets::make_up(&context.config, &spec, &context.display).await?;
    }
    Ok(spec)
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
    .state(format!("{name}: {}", existing.phase))
    .next(context.command(&next)))
}
