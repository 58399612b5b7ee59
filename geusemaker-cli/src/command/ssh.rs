//! `gm ssh`: opens a shell on an instance, or in the container of a service.

use geusemaker_core::SessionPurpose;

use crate::arguments::Ssh;
use crate::context::Context;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::session_plugin::SessionPlugin;

pub(crate) async fn run(context: &Context, ssh: &Ssh) -> Result<Outcome, Failure> {
    if context.is_sandbox {
        return Err(Failure::usage(
            "there is no shell in the sandbox: no program runs on a simulated instance",
        )
        .remedy("gm exec and gm logs show what a simulated instance answers"));
    }
    let plugin = SessionPlugin::find()?;
    let remote = context.remote(&ssh.name).await?;
    let instance = &remote.instance(ssh.instance.instance)?.id;
    let purpose = match &ssh.service {
        Some(name) => SessionPurpose::ContainerShell {
            service: remote.service(name)?.name().clone(),
        },
        None => SessionPurpose::Shell,
    };
    plugin
        .carry(context, &remote, instance, &purpose, None)
        .await
}
