//! `gm port-forward`: forwards a port of this machine to a service.

use geusemaker_core::SessionPurpose;
use geusemaker_core::spec::Service;

use crate::arguments::PortForward;
use crate::context::Context;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::session_plugin::SessionPlugin;

pub(crate) async fn run(context: &Context, forward: &PortForward) -> Result<Outcome, Failure> {
    if context.is_sandbox {
        return Err(Failure::usage(
            "there is nothing to forward to in the sandbox: no program listens on a simulated instance",
        )
        .remedy("gm exec and gm logs show what a simulated instance answers"));
    }
    let plugin = SessionPlugin::find()?;
    let remote = context.remote(&forward.name).await?;
    let instance = &remote.instance(forward.instance.instance)?.id;
    let service = remote.service(&forward.service)?;
    let (container, local) = forward.ports.map_or((None, None), |ports| {
        (Some(ports.remote), Some(ports.local))
    });
    let purpose = context
        .unless_interrupted(async {
            Ok(remote.port_of(instance, service, container, local).await?)
        })
        .await?;
    let hint = hint(service, &purpose);
    plugin
        .carry(context, &remote, instance, &purpose, hint.as_deref())
        .await
}

/// Returns the line that says how the service is reached.
fn hint(service: &Service, purpose: &SessionPurpose) -> Option<String> {
    let name = service.name();
    match purpose {
        // The load balancer speaks HTTP with the main port.
        SessionPurpose::Port { remote, local }
            if service.port().is_some_and(|port| port.host() == *remote) =>
        {
            Some(format!("{name}: http://localhost:{local} (Ctrl-C ends it)"))
        }
        SessionPurpose::Port { local, .. } | SessionPurpose::ContainerPort { local, .. } => {
            Some(format!("{name}: localhost:{local} (Ctrl-C ends it)"))
        }
        _ => None,
    }
}
