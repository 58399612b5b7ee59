//! Sessions: a shell on an instance or in a container, and forwarded ports. AWS's session-manager-plugin carries the
//! bytes; here a session is started and ended.

use std::collections::HashMap;

use serde_json::json;

use super::Remote;
use super::command::RemoteCommand;
use crate::aws::error::AwsError;
use crate::error::Error;
use crate::id::InstanceId;
use crate::remote_error::RemoteError;
use crate::spec::{PortMapping, Region, Service, ServiceName};

/// The purpose of a session.
///
/// ```
/// use geusemaker_core::SessionPurpose;
///
/// let shell = SessionPurpose::Shell;
/// let tunnel = SessionPurpose::Port { remote: 8000, local: 8000 };
/// assert_ne!(shell, tunnel);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionPurpose {
    /// A shell on the instance.
    Shell,
    /// A shell in the container of a service.
    ContainerShell {
        /// The service.
        service: ServiceName,
    },
    /// A port of this machine that leads to a port of the instance.
    Port {
        /// The port of the instance.
        remote: u16,
        /// The port of this machine.
        local: u16,
    },
    /// A port of this machine that leads to a port of a container, whose address is known to the instance.
    ContainerPort {
        /// The address of the container.
        host: String,
        /// The port in the container.
        remote: u16,
        /// The port of this machine.
        local: u16,
    },
}

/// A session that was started: what AWS's session-manager-plugin needs to carry it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartedSession {
    /// The id of the session.
    pub id: String,
    /// The region.
    pub region: Region,
    /// AWS's answer, which lets whoever has it take part in the session.
    response: String,
    /// The request.
    request: String,
}

impl StartedSession {
    /// Returns the answer to StartSession as the plugin reads it. It contains the token of the session.
    #[must_use]
    pub fn response(&self) -> &str {
        &self.response
    }

    /// Returns the arguments of the plugin, of which the first is the name of the environment variable with the
    /// [`response`](Self::response). Without an `endpoint`, it is AWS's own.
    #[must_use]
    pub fn plugin_arguments(
        &self,
        variable: &str,
        profile: &str,
        endpoint: Option<&str>,
    ) -> [String; 6] {
        let (region, suffix) = (&self.region, self.region.dns_suffix());
        let aws = format!("https://ssm.{region}.{suffix}");
        [
            variable,
            self.region.as_str(),
            "StartSession",
            profile,
            &self.request,
            endpoint.unwrap_or(&aws),
        ]
        .map(str::to_owned)
    }
}

/// Leaves the token out.
impl std::fmt::Debug for StartedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartedSession")
            .field("id", &self.id)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Remote {
    /// Starts a session on an instance. It lasts until it is ended, or for 20 minutes without traffic. If the instance
    /// was created minutes ago and has not connected yet, that is waited for.
    ///
    /// # Errors
    /// Returns an error if the spec gives Systems Manager no access, the instance is not connected, or AWS refuses the
    /// call or does not answer it.
    pub async fn start_session(
        &self,
        instance: &InstanceId,
        purpose: &SessionPurpose,
    ) -> Result<StartedSession, Error> {
        self.ensure_opened()?;
        let (document, parameters) = purpose.document();
        let ssm = &self.account.writer.ssm;
        let request = ssm
            .start_session()
            .target(instance.as_str())
            .set_document_name(document.map(str::to_owned))
            .set_parameters(Some(parameters.clone()).filter(|it| !it.is_empty()));
        let reply = self
            .reach("starting the session", instance, || async {
                let started = request.clone().send().await;
                started.map_err(AwsError::of("ssm:StartSession"))
            })
            .await?;
        let missing = || AwsError::incomplete("ssm:StartSession", "session id");
        let id = reply
            .session_id
            .ok_or_else(missing)
            .map_err(Error::aws("starting the session"))?;
        let mut request = json!({ "Target": instance.as_str() });
        if let Some(document) = document {
            request["DocumentName"] = document.into();
            request["Parameters"] = json!(parameters);
        }
        Ok(StartedSession {
            region: self.ec2.plan.region.clone(),
            response: json!({
                "SessionId": id,
                "TokenValue": reply.token_value,
                "StreamUrl": reply.stream_url,
            })
            .to_string(),
            request: request.to_string(),
            id,
        })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Returns an error if AWS refuses the call, or does not answer it.
    pub async fn end_session(&self, session: &StartedSession) -> Result<(), Error> {
        self.account
            .writer
            .ssm
            .terminate_session()
            .session_id(&session.id)
            .send()
            .await
            .map_err(AwsError::of("ssm:TerminateSession"))
            .map_err(Error::aws("ending the session"))?;
        Ok(())
    }

    /// Returns the purpose of a session that forwards a port of this machine to `remote`, a port in the container of a
    /// service, or else to the first one that the service publishes. The way leads through the port of the instance if
    /// there is one, and otherwise to the address of the container, for which the instance is asked. Without `local`,
    /// the port of this machine has the number of the container's.
    ///
    /// # Errors
    /// Returns an error if the service is internal and `remote` is not given, if its container does not run, or if the
    /// instance cannot be asked.
    pub async fn port_of(
        &self,
        instance: &InstanceId,
        service: &Service,
        remote: Option<u16>,
        local: Option<u16>,
    ) -> Result<SessionPurpose, Error> {
        self.ensure_opened()?;
        let mut published = service
            .port()
            .into_iter()
            .chain(service.published_ports().iter().copied());
        let remote = remote.or_else(|| published.clone().next().map(PortMapping::container));
        let remote = remote.ok_or_else(|| RemoteError::NoPort {
            service: service.name().clone(),
        })?;
        let local = local.unwrap_or(remote);
        Ok(match published.find(|port| port.container() == remote) {
            Some(port) => SessionPurpose::Port {
                remote: port.host(),
                local,
            },
            None => SessionPurpose::ContainerPort {
                host: self.address_of(instance, service.name()).await?,
                remote,
                local,
            },
        })
    }

    /// Asks the instance for the address of a container.
    async fn address_of(
        &self,
        instance: &InstanceId,
        service: &ServiceName,
    ) -> Result<String, Error> {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
        let words = ["docker", "inspect", "-f", format, service.as_str()];
        let sent = self
            .send(instance, &RemoteCommand::on_instance(words))
            .await?;
        let result = self.result(&sent).await?;
        let address = result.stdout.split_whitespace().next();
        match address.filter(|_| result.exit_code == 0) {
            Some(address) => Ok(address.to_owned()),
            None => Err(RemoteError::NoContainer {
                service: service.clone(),
                instance: instance.clone(),
            }
            .into()),
        }
    }
}

impl SessionPurpose {
    /// Returns AWS's document for the purpose, with its parameters; none for its own default, a shell.
    fn document(&self) -> (Option<&'static str>, HashMap<String, Vec<String>>) {
        let parameters = |pairs: &[(&str, String)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), vec![value.clone()]))
                .collect()
        };
        match self {
            Self::Shell => (None, HashMap::new()),
            Self::ContainerShell { service } => {
                // Slim images have no bash.
                let shell = "command -v bash >/dev/null && exec bash || exec sh";
                let command = format!("sudo docker exec -it {service} sh -c '{shell}'");
                (
                    Some("AWS-StartInteractiveCommand"),
                    parameters(&[("command", command)]),
                )
            }
            Self::Port { remote, local } => (
                Some("AWS-StartPortForwardingSession"),
                parameters(&[
                    ("portNumber", remote.to_string()),
                    ("localPortNumber", local.to_string()),
                ]),
            ),
            Self::ContainerPort {
                host,
                remote,
                local,
            } => (
                Some("AWS-StartPortForwardingSessionToRemoteHost"),
                parameters(&[
                    ("host", host.clone()),
                    ("portNumber", remote.to_string()),
                    ("localPortNumber", local.to_string()),
                ]),
            ),
        }
    }
}
