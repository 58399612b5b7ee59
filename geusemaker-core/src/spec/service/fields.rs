//! The keys of a service in a file, each valid by itself, before the checks between them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::Service;
use super::byte_size::ByteSize;
use super::database::default_volume_kind;
use super::env::EnvName;
use super::gpus::Gpus;
use super::health::{Health, HealthFields};
use super::port::PortMapping;
use super::restart::Restart;
use super::scalar::{self, Scalar, Words};
use super::text::{ContainerImage, DataPath, HealthPath, PathPattern, ServiceName};
use super::ulimit::{self, Limit, UlimitName};
use super::user::ContainerUser;
use super::volume::{Volume, VolumeFields, VolumeKind, volumes};
use crate::spec::error::SpecError;

/// The keys of a [`Service`], in the order of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::spec) struct ServiceFields {
    pub(super) name: ServiceName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<PortMapping>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ports: Vec<PortMapping>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) internal: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) health_path: Option<HealthPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) health: Option<HealthFields>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) paths: Vec<PathPattern>,
    pub(super) image: ContainerImage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<Words>,
    /// Another name of `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) args: Option<Words>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entrypoint: Option<Words>,
    #[serde(
        default,
        deserialize_with = "read_env",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(super) env: BTreeMap<EnvName, String>,
    #[serde(default, skip_serializing_if = "Gpus::is_all")]
    pub(super) gpus: Gpus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shm_size: Option<ByteSize>,
    #[serde(
        default,
        deserialize_with = "read_ulimits",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(super) ulimits: BTreeMap<UlimitName, i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) data_path: Option<DataPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) volumes: Option<Vec<VolumeFields>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<ContainerUser>,
    #[serde(default, skip_serializing_if = "Restart::is_default")]
    pub(super) restart: Restart,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) depends_on: Vec<ServiceName>,
}

impl ServiceFields {
    /// Returns the fields of a service of which only this is known.
    pub(super) fn new(name: ServiceName, image: ContainerImage) -> Self {
        Self {
            name,
            port: None,
            ports: Vec::new(),
            internal: false,
            health_path: None,
            health: None,
            paths: Vec::new(),
            image,
            command: None,
            args: None,
            entrypoint: None,
            env: BTreeMap::new(),
            gpus: Gpus::default(),
            shm_size: None,
            ulimits: BTreeMap::new(),
            data_path: None,
            volumes: None,
            user: None,
            restart: Restart::default(),
            depends_on: Vec::new(),
        }
    }

    /// Checks the values that can be wrong by themselves, and the keys of this service against each other.
    pub(in crate::spec) fn checked(self) -> Result<Service, SpecError> {
        let port = self.checked_port()?;
        for (index, port) in self.ports.iter().enumerate() {
            port.checked()
                .map_err(|error| error.at(format!("ports[{index}]")))?;
        }
        self.check_words()?;
        let gpus = self.gpus.checked().map_err(|error| error.at("gpus"))?;
        if let Some((name, limit)) = self
            .ulimits
            .iter()
            .find(|(_, limit)| !ulimit::is_limit(**limit))
        {
            let error = SpecError::new(ulimit::refusal(limit));
            return Err(error.at(format!("ulimits.{name}")));
        }
        Ok(Service {
            health: self.checked_health()?,
            volumes: self.checked_volumes()?,
            name: self.name,
            port,
            ports: self.ports,
            internal: self.internal,
            paths: self.paths,
            image: self.image,
            command: self.command.or(self.args).map(|Words(words)| words),
            entrypoint: self.entrypoint.map(|Words(words)| words),
            env: self.env,
            gpus,
            shm_size: self.shm_size,
            ulimits: self.ulimits,
            user: self.user,
            restart: self.restart,
            depends_on: self.depends_on,
        })
    }

    /// Returns the port, which a service has if the load balancer serves it, and only then.
    fn checked_port(&self) -> Result<Option<PortMapping>, SpecError> {
        let unserved = |key: &str, remedy: &str| {
            let message =
                format!("an internal service is not served by the load balancer: {remedy}");
            Err(SpecError::new(message).at(key))
        };
        match (self.internal, self.port) {
            (true, Some(_)) => unserved("port", "leave port out, or list it in ports to publish it"),
            (true, None) if !self.paths.is_empty() => unserved("paths", "leave its paths out"),
            (true, None) if self.health_path.is_some() => {
                unserved("health_path", "leave its health check out")
            }
            (true, None) if self.health.is_some() => unserved("health", "leave its health check out"),
            (true, None) => Ok(None),
            (false, None) => Err(SpecError::new(
                "is missing: add it to [[service]], or set internal = true for a service that only other containers use",
            )
            .at("port")),
            (false, Some(port)) => port.checked().map(Some).map_err(|error| error.at("port")),
        }
    }

    /// Checks the texts that a builder takes as they are.
    fn check_words(&self) -> Result<(), SpecError> {
        if self.command.is_some() && self.args.is_some() {
            let message = "command and args are two names of one thing: keep one";
            return Err(SpecError::new(message).at("args"));
        }
        let commands = [
            ("command", &self.command),
            ("args", &self.args),
            ("entrypoint", &self.entrypoint),
        ];
        let words = commands.into_iter().flat_map(|(key, words)| {
            let words = words.iter().flat_map(|Words(words)| words).enumerate();
            words.map(move |(index, word)| (format!("{key}[{index}]"), word))
        });
        let values = self
            .env
            .iter()
            .map(|(name, value)| (format!("env.{name}"), value));
        for (at, text) in words.chain(values) {
            scalar::checked(text.clone()).map_err(|message| SpecError::new(message).at(at))?;
        }
        Ok(())
    }

    fn checked_health(&self) -> Result<Health, SpecError> {
        if self.health.is_some() && self.health_path.is_some() {
            let message =
                "health has a path too: keep one, health = { path = \"/health\" } or health_path";
            return Err(SpecError::new(message).at("health_path"));
        }
        let path = self.health_path.clone();
        let alone = HealthFields {
            path,
            ..HealthFields::default()
        };
        let fields = self.health.clone().unwrap_or(alone);
        let health = fields.checked().map_err(|error| error.in_table("health"))?;
        let mut published = self.port.iter().chain(&self.ports);
        match health.port() {
            Some(port) if published.all(|published| published.host() != port) => {
                let message = format!(
                    "the service does not publish {port} on the instance: add it to ports, as in ports = [{port}]"
                );
                Err(SpecError::new(message).at("health.port"))
            }
            Some(_) | None => Ok(health),
        }
    }

    fn checked_volumes(&self) -> Result<Vec<Volume>, SpecError> {
        let default = default_volume_kind(&self.image);
        let data_path = match (&self.data_path, &self.volumes) {
            (None, Some(_)) => None,
            (path, _) => Some(path.clone().unwrap_or_default()),
        };
        let before = usize::from(data_path.is_some());
        let wanted = data_path
            .map(|path| VolumeFields { path, on: None })
            .into_iter()
            .chain(self.volumes.iter().flatten().cloned())
            .collect();
        volumes(&self.name, wanted, default)
            // The first volume is never a repetition, so the index is that of a later one.
            .map_err(|(index, error)| error.at(format!("volumes[{}].path", index - before)))
    }
}

impl From<Service> for ServiceFields {
    /// Returns the fields that make this service, in the oldest form that can say it.
    fn from(service: Service) -> Self {
        let default = default_volume_kind(&service.image);
        let (data_path, volumes) = match service.volumes.as_slice() {
            [one] if [one.on(), default] == [VolumeKind::Shared; 2] => {
                (Some(one.path().clone()), None)
            }
            volumes => {
                let fields = volumes.iter().map(|volume| VolumeFields {
                    path: volume.path().clone(),
                    on: Some(volume.on()),
                });
                (None, Some(fields.collect()))
            }
        };
        let health = (!service.internal).then_some(&service.health);
        let (health_path, health) = match health {
            Some(health) if health.is_path_alone() => (Some(health.path().clone()), None),
            health => (None, health.map(HealthFields::from)),
        };
        Self {
            name: service.name,
            port: service.port,
            ports: service.ports,
            internal: service.internal,
            health_path,
            health,
            paths: service.paths,
            image: service.image,
            command: service.command.map(Words),
            args: None,
            entrypoint: service.entrypoint.map(Words),
            env: service.env,
            gpus: service.gpus,
            shm_size: service.shm_size,
            ulimits: service.ulimits,
            data_path,
            volumes,
            user: service.user,
            restart: service.restart,
            depends_on: service.depends_on,
        }
    }
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn read_env<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<EnvName, String>, D::Error> {
    let env = BTreeMap::<EnvName, Scalar>::deserialize(deserializer)?;
    Ok(env
        .into_iter()
        .map(|(name, Scalar(value))| (name, value))
        .collect())
}

fn read_ulimits<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<UlimitName, i64>, D::Error> {
    let limits = BTreeMap::<UlimitName, Limit>::deserialize(deserializer)?;
    Ok(limits
        .into_iter()
        .map(|(name, Limit(limit))| (name, limit))
        .collect())
}
