//! The keys of a service in a file, each valid by itself, before the checks between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Service;
use super::byte_size::ByteSize;
use super::conditions::Conditions;
use super::database::default_volume_kind;
use super::env::EnvName;
use super::gpus::Gpus;
use super::health::{Health, HealthFields};
use super::image::ContainerImage;
use super::port::PortMapping;
use super::restart::Restart;
use super::scalar::{self, Scalar, Words};
use super::secret::{NotSecretName, SecretSource};
use super::target::{Target, TargetBuilder};
use super::text::{DataPath, HealthPath, PathPattern, ServiceName};
use super::ulimit::{self, Limit, UlimitName};
use super::user::ContainerUser;
use super::verify::Verify;
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
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub(super) conditions: Conditions,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) strip_prefix: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<TargetBuilder>,
    #[serde(default, skip_serializing_if = "Verify::is_empty")]
    pub(super) verify: Verify,
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
    #[serde(
        default,
        deserialize_with = "read_secrets",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(super) secrets: BTreeMap<EnvName, SecretSource>,
    #[serde(
        default,
        deserialize_with = "read_not_secret",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub(super) not_secret: BTreeSet<NotSecretName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gpus: Option<Gpus>,
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

/// The settings with which the load balancer serves a service of a Compose file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table, as in { paths = [\"/v1/*\"] }"
)]
pub(in crate::spec) struct ServedFields {
    #[serde(default)]
    paths: Vec<PathPattern>,
    #[serde(default)]
    health_path: Option<HealthPath>,
    #[serde(default)]
    health: Option<HealthFields>,
    #[serde(default)]
    conditions: Conditions,
    #[serde(default)]
    strip_prefix: bool,
    #[serde(default)]
    target: Option<TargetBuilder>,
    #[serde(default)]
    verify: Verify,
}

impl ServiceFields {
    pub(in crate::spec) fn name(&self) -> &ServiceName {
        &self.name
    }

    pub(in crate::spec) fn image(&self) -> &ContainerImage {
        &self.image
    }

    /// Returns the words that replace the entrypoint of the image, if there are any.
    pub(in crate::spec) fn entrypoint(&self) -> Option<&[String]> {
        self.entrypoint.as_ref().map(|Words(words)| &words[..])
    }

    /// Returns the words that replace the command of the image, if there are any.
    pub(in crate::spec) fn command(&self) -> Option<&[String]> {
        let words = self.command.as_ref().or(self.args.as_ref());
        words.map(|Words(words)| &words[..])
    }

    /// Returns the environment variables.
    pub(in crate::spec) fn env(&self) -> &BTreeMap<EnvName, String> {
        &self.env
    }

    /// Returns the words of the commands, with their keys.
    pub(in crate::spec) fn commands(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        let commands = [
            ("command", &self.command),
            ("args", &self.args),
            ("entrypoint", &self.entrypoint),
        ];
        commands
            .into_iter()
            .filter_map(|(key, words)| Some((key, &words.as_ref()?.0[..])))
    }

    /// Returns the places of the secrets.
    pub(in crate::spec) fn secrets(&self) -> &BTreeMap<EnvName, SecretSource> {
        &self.secrets
    }

    /// Returns the names of the variables and options whose values only look like secrets.
    pub(in crate::spec) fn not_secret(&self) -> &BTreeSet<NotSecretName> {
        &self.not_secret
    }

    /// Sets how the load balancer serves the service.
    pub(in crate::spec) fn serve(&mut self, settings: ServedFields) {
        self.paths = settings.paths;
        self.health_path = settings.health_path;
        self.health = settings.health;
        self.conditions = settings.conditions;
        self.strip_prefix = settings.strip_prefix;
        self.target = settings.target;
        self.verify = settings.verify;
    }

    /// Sets the places of the secrets, and the names whose values only look like secrets.
    pub(in crate::spec) fn keep_secret(
        &mut self,
        secrets: BTreeMap<EnvName, SecretSource>,
        not_secret: BTreeSet<NotSecretName>,
    ) {
        self.secrets = secrets;
        self.not_secret = not_secret;
    }

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
            conditions: Conditions::default(),
            strip_prefix: false,
            target: None,
            verify: Verify::default(),
            image,
            command: None,
            args: None,
            entrypoint: None,
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            not_secret: BTreeSet::new(),
            gpus: None,
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
        self.check_route()?;
        self.check_secrets()?;
        let gpus = self.gpus.map(Gpus::checked).transpose();
        let gpus = gpus.map_err(|error| error.at("gpus"))?;
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
            target: self.checked_target()?,
            verify: self
                .verify
                .checked()
                .map_err(|error| error.in_table("verify"))?,
            name: self.name,
            port,
            ports: self.ports,
            internal: self.internal,
            paths: self.paths,
            conditions: self.conditions,
            strip_prefix: self.strip_prefix,
            image: self.image,
            command: self.command.or(self.args).map(|Words(words)| words),
            entrypoint: self.entrypoint.map(|Words(words)| words),
            env: self.env,
            secrets: self.secrets,
            not_secret: self.not_secret,
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
            (true, None) if !self.conditions.is_empty() => {
                unserved("conditions", "leave its conditions out")
            }
            (true, None) if self.strip_prefix => unserved("strip_prefix", "leave it out"),
            (true, None) if self.target.is_some() => unserved("target", "leave it out"),
            (true, None) if !self.verify.is_empty() => unserved("verify", "leave it out"),
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
        let words = self.commands().flat_map(|(key, words)| {
            let words = words.iter().enumerate();
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

    /// Checks the keys that say which requests go to the service, and how.
    fn check_route(&self) -> Result<(), SpecError> {
        if self.strip_prefix && self.paths.is_empty() {
            let message =
                "takes the prefix off paths, and there are none: add paths, as in [\"/ollama/*\"]";
            return Err(SpecError::new(message).at("strip_prefix"));
        }
        let has_prefix = |path: &PathPattern| path.is_prefix();
        if let Some(index) = self
            .paths
            .iter()
            .position(|path| self.strip_prefix && !has_prefix(path))
        {
            let message = "strip_prefix needs paths such as \"/ollama\" or \"/ollama/*\", with no other wildcards";
            return Err(SpecError::new(message).at(format!("paths[{index}]")));
        }
        let mut headers = self.conditions.headers.iter();
        if let Some((name, _)) = headers.find(|(_, values)| values.is_empty()) {
            let message = "has no values: name one, or \"*\" for any";
            return Err(SpecError::new(message).at(format!("conditions.headers.{name}")));
        }
        match self.checked_target()?.contradiction() {
            Some((key, why)) => Err(SpecError::new(why).at(format!("target.{key}"))),
            None => Ok(()),
        }
    }

    fn checked_target(&self) -> Result<Target, SpecError> {
        let target = self.target.clone().unwrap_or_default();
        target.checked().map_err(|error| error.in_table("target"))
    }

    /// Checks the variables that have the values of secrets.
    fn check_secrets(&self) -> Result<(), SpecError> {
        for (variable, source) in &self.secrets {
            let problem = if self.env.contains_key(variable) {
                "is a variable of env too: remove it there"
            } else if *source == SecretSource::Generated(None) && variable.as_str().len() > 128 {
                "is too long for the file of the secret: give it a name, as in \"generate:NAME\""
            } else {
                continue;
            };
            return Err(SpecError::new(problem).at(format!("secrets.{variable}")));
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
            conditions: service.conditions,
            strip_prefix: service.strip_prefix,
            target: (service.target != Target::default()).then(|| service.target.to_builder()),
            verify: service.verify,
            image: service.image,
            command: service.command.map(Words),
            args: None,
            entrypoint: service.entrypoint.map(Words),
            env: service.env,
            secrets: service.secrets,
            not_secret: service.not_secret,
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
    let Variables(env) = Variables::<Scalar>::deserialize(deserializer)?;
    Ok(env
        .into_iter()
        .map(|(name, Scalar(value))| (name, value))
        .collect())
}

fn read_secrets<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<EnvName, SecretSource>, D::Error> {
    let Variables(secrets) = Variables::deserialize(deserializer)?;
    Ok(secrets)
}

fn read_not_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeSet<NotSecretName>, D::Error> {
    let NotSecretNames(names) = NotSecretNames::deserialize(deserializer)?;
    Ok(names)
}

/// Reads a table or a list. Another value at its place is not repeated in the error: it may be a secret.
pub(in crate::spec) fn unrepeated<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
) -> Result<T, D::Error> {
    struct Expected<T>(&'static str, PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Expected<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<T, E> {
            Err(E::invalid_type(Unexpected::Other("a text"), &self))
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
            Err(E::invalid_type(Unexpected::Other("a number"), &self))
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<T, E> {
            Err(E::invalid_type(Unexpected::Other("a number"), &self))
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
            Err(E::invalid_type(Unexpected::Other("a number"), &self))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
            T::deserialize(SeqAccessDeserializer::new(list))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Expected(expected, PhantomData))
}

/// A list of names whose values only look like secrets.
pub(in crate::spec) struct NotSecretNames(pub(in crate::spec) BTreeSet<NotSecretName>);

impl<'de> Deserialize<'de> for NotSecretNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a list of names, as in [\"OPENAI_API_KEY\"]";
        unrepeated(deserializer, expected).map(Self)
    }
}

/// A table of variables.
pub(in crate::spec) struct Variables<V>(pub(in crate::spec) BTreeMap<EnvName, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Variables<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The entries, whose names are read as texts: the place of an error would have a wrong name as a whole.
        struct Entries<V>(BTreeMap<EnvName, V>);

        impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Table<V>(PhantomData<V>);

                impl<'de, V: Deserialize<'de>> Visitor<'de> for Table<V> {
                    type Value = Entries<V>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(TABLE)
                    }

                    fn visit_map<A: MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut entries = BTreeMap::new();
                        while let Some(name) = map.next_key::<String>()? {
                            let name = name.parse().map_err(A::Error::custom)?;
                            entries.insert(name, map.next_value()?);
                        }
                        Ok(Entries(entries))
                    }
                }

                deserializer.deserialize_map(Table(PhantomData))
            }
        }

        const TABLE: &str = "a table of variables, as in { NAME = \"…\" }";
        unrepeated(deserializer, TABLE).map(|Entries(entries)| Self(entries))
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Returns a service of these keys, besides its name and image.
    fn read(keys: Value) -> Result<Service, String> {
        let mut service = json!({ "name": "a", "image": "a/b" });
        let (Value::Object(all), Value::Object(keys)) = (&mut service, keys) else {
            panic!("not an object")
        };
        all.extend(keys);
        serde_json::from_value(service).map_err(|error| error.to_string())
    }

    /// A journal of an earlier version has every key of that version.
    #[test]
    fn form_of_earlier_versions_is_kept() {
        let kept = json!({
            "name": "a", "port": 80, "health_path": "/", "paths": ["/a"], "image": "a/b", "data_path": "/data",
        });
        let service: Service = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(serde_json::to_value(&service).unwrap(), kept);
        assert_eq!(
            read(json!({ "port": 80, "paths": ["/a"] })).unwrap(),
            service
        );
    }

    fn everything() -> Value {
        json!({
            "name": "a", "port": "80:8000", "ports": [6334, "8001:81"], "paths": ["/v1/*"], "image": "a/b",
            "health": { "path": "/health", "matcher": "200-299", "port": 8001, "grace": "15m" },
            "command": ["--model", "m"], "entrypoint": ["serve"], "env": { "A": "1", "B": "x y" },
            "secrets": { "C": "ssm:/c", "D": "secretsmanager:d#key", "E": "generate:e" }, "not_secret": ["--api-key", "A"],
            "gpus": 1, "shm_size": "8g", "ulimits": { "memlock": -1, "nofile": 65536 },
            "volumes": [{ "path": "/a", "on": "shared" }, { "path": "/b", "on": "scratch" }],
            "user": "1000:1000", "restart": "always", "depends_on": ["db"],
        })
    }

    #[test]
    fn keys_are_read_and_written() {
        let service: Service = serde_json::from_value(everything()).unwrap();
        assert_eq!(serde_json::to_value(&service).unwrap(), everything());
        assert_eq!(service.port(), Some((80, 8000).into()));
        assert_eq!(service.published_ports(), [6334.into(), (8001, 81).into()]);
        let health = service.health();
        assert_eq!(
            (health.path().as_str(), health.matcher().as_str()),
            ("/health", "200-299")
        );
        assert_eq!((health.port(), health.grace().as_secs()), (Some(8001), 900));
        assert_eq!(service.command().unwrap(), ["--model", "m"]);
        assert_eq!(service.entrypoint().unwrap(), ["serve"]);
        assert_eq!(service.env()[&"B".parse().unwrap()], "x y");
        let places = service.secrets().iter();
        let places: Vec<_> = places
            .map(|(name, place)| format!("{name}={place}"))
            .collect();
        assert_eq!(
            places,
            ["C=ssm:/c", "D=secretsmanager:d#key", "E=generate:e"]
        );
        assert_eq!(service.not_secret().len(), 2);
        assert_eq!(
            (service.gpus(), service.shm_size().unwrap().bytes()),
            (Gpus::Count(1), 8 << 30)
        );
        assert_eq!(service.ulimits()[&"memlock".parse().unwrap()], -1);
        assert_eq!(service.volumes()[1].on(), VolumeKind::Scratch);
        assert_eq!(service.user().unwrap().gid(), Some(1000));
        assert_eq!(
            (service.restart(), service.depends_on().len()),
            (Restart::Always, 1)
        );
        let internal = read(json!({ "internal": true, "ports": [80] })).unwrap();
        let written = json!({ "name": "a", "internal": true, "ports": [80], "image": "a/b", "data_path": "/data" });
        assert_eq!(serde_json::to_value(&internal).unwrap(), written);
        assert!(internal.is_internal() && !internal.is_default());
    }

    #[test]
    fn builder_makes_each_key() {
        let built = Service::builder("a".parse().unwrap(), 1, "a/b".parse().unwrap())
            .port((80, 8000))
            .ports([6334.into(), (8001, 81).into()])
            .paths(["/v1/*".parse().unwrap()])
            .health_path("/health".parse().unwrap())
            .health_matcher("200-299".parse().unwrap())
            .health_port(8001)
            .health_grace(std::time::Duration::from_secs(900))
            .command(["--model", "m"])
            .entrypoint(["serve"])
            .env("A".parse().unwrap(), "1")
            .env("B".parse().unwrap(), "x y")
            .secret("C".parse().unwrap(), "ssm:/c".parse().unwrap())
            .secret(
                "D".parse().unwrap(),
                "secretsmanager:d#key".parse().unwrap(),
            )
            .secret("E".parse().unwrap(), "generate:e".parse().unwrap())
            .not_secret("A".parse().unwrap())
            .not_secret("--api-key".parse().unwrap())
            .gpus(Gpus::Count(1))
            .shm_size("8g".parse().unwrap())
            .ulimit("memlock".parse().unwrap(), -1)
            .ulimit("nofile".parse().unwrap(), 65536)
            .volume("/a".parse().unwrap(), VolumeKind::Shared)
            .volume("/b".parse().unwrap(), VolumeKind::Scratch)
            .user("1000:1000".parse().unwrap())
            .restart(Restart::Always)
            .depends_on(["db".parse().unwrap()])
            .into_fields()
            .checked()
            .unwrap();
        assert_eq!(built, serde_json::from_value(everything()).unwrap());
        assert_eq!(built.to_builder().into_fields().checked().unwrap(), built);
        let internal = built
            .to_builder()
            .internal()
            .into_fields()
            .checked()
            .unwrap();
        assert_eq!((internal.port(), internal.paths().len()), (None, 0));
    }

    #[test]
    fn contradictions_are_refused() {
        for (keys, wanted) in [
            (
                json!({}),
                "port: is missing: add it to [[service]], or set internal = true",
            ),
            (
                json!({ "port": 22 }),
                "port: port 22 is taken by SSH: choose another",
            ),
            (
                json!({ "port": 80, "ports": [81, 2049] }),
                "ports[1]: port 2049 is taken by the shared file system",
            ),
            (
                json!({ "internal": true, "port": 80 }),
                "port: an internal service is not served by the load balancer: leave port out",
            ),
            (
                json!({ "internal": true, "paths": ["/"] }),
                "paths: an internal service is not served by the load balancer: leave its paths",
            ),
            (
                json!({ "internal": true, "health_path": "/" }),
                "health_path: an internal service is not served",
            ),
            (
                json!({ "internal": true, "health": {} }),
                "health: an internal service is not served",
            ),
            (
                json!({ "port": 80, "command": [], "args": [] }),
                "args: command and args are two names of one thing",
            ),
            (
                json!({ "port": 80, "health_path": "/", "health": {} }),
                "health_path: health has a path too: keep one",
            ),
            (
                json!({ "port": 80, "health": { "port": 81 } }),
                "health.port: the service does not publish 81 on the instance: add it to ports",
            ),
            (
                json!({ "port": 80, "health": { "grace": "3h" } }),
                "must be 0s to 2h, not 3h",
            ),
            (
                json!({ "port": 80, "data_path": "/a", "volumes": [{ "path": "/a" }] }),
                "volumes[0].path: /a is the path of an earlier volume",
            ),
            (
                json!({ "port": 80, "volumes": [{ "path": "/a" }, { "path": "/a" }] }),
                "volumes[1].path: /a is the path",
            ),
            (
                json!({ "port": 80, "ulimits": { "nofile": -2 } }),
                "must be 0 up, or -1 for no limit, not -2",
            ),
            (
                json!({ "port": 80, "ulimits": { "files": 2 } }),
                "\"files\" is not the name of a limit: expected one of",
            ),
            (
                json!({ "port": 80, "env": { "A B": 1 } }),
                "A, followed by ' ', is not the name of an environment variable",
            ),
            (
                json!({ "port": 80, "env": { "A": null } }),
                "expected a text, a number or a boolean",
            ),
            (
                json!({ "port": 80, "env": { "A": "\0" } }),
                "has a NUL character",
            ),
            (
                json!({ "port": 80, "env": { "A": 1 }, "secrets": { "A": "generate" } }),
                "secrets.A: is a variable of env too: remove it there",
            ),
            (
                json!({ "port": 80, "secrets": { "A".repeat(129): "generate" } }),
                "is too long for the file of the secret: give it a name",
            ),
            (
                json!({ "port": 80, "secrets": { "A": "hunter2" } }),
                "is not the place of a secret: expected \"ssm:NAME\" for a parameter",
            ),
            (
                json!({ "port": 80, "not_secret": ["A B"] }),
                "is neither the name of a variable nor of an option",
            ),
            (
                json!({ "port": 80, "restart": "never" }),
                "unknown variant `never`, expected one of `unless-stopped`",
            ),
        ] {
            let error = read(keys.clone()).unwrap_err();
            assert!(
                error.starts_with(wanted) || error.contains(wanted),
                "{keys}: {error}"
            );
        }
    }

    /// A builder takes values that a file cannot give.
    #[test]
    fn builder_values_are_checked_once() {
        let builder = || Service::builder("a".parse().unwrap(), 80, "a/b".parse().unwrap());
        for (builder, wanted) in [
            (
                builder().port((80, 0)),
                "port: must be a port from 1 to 65535, not 0",
            ),
            (
                builder().command(["a", "\0"]),
                "command[1]: has a NUL character",
            ),
            (
                builder().entrypoint(["\0"]),
                "entrypoint[0]: has a NUL character",
            ),
            (
                builder().env("A".parse().unwrap(), "\0"),
                "env.A: has a NUL character",
            ),
            (builder().gpus(Gpus::Count(0)), "gpus: must be 1 up, not 0"),
            (
                builder().ulimit("core".parse().unwrap(), -2),
                "ulimits.core: must be 0 up",
            ),
            (
                builder().health_grace(std::time::Duration::from_millis(1)),
                "health.grace: must be whole seconds",
            ),
            (
                builder().health_port(0),
                "health.port: the service does not publish 0",
            ),
        ] {
            let error = builder.into_fields().checked().unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
    }

    #[test]
    fn args_are_the_command() {
        let command = read(json!({ "port": 80, "command": ["a", 1] })).unwrap();
        assert_eq!(
            read(json!({ "port": 80, "args": ["a", "1"] })).unwrap(),
            command
        );
        let none = read(json!({ "port": 80 })).unwrap();
        let empty = read(json!({ "port": 80, "command": [] })).unwrap();
        assert_eq!((none.command(), empty.command()), (None, Some(&[][..])));
    }

    /// A volume that names no storage, by either key or by none, is local for the image of a known database.
    #[test]
    fn database_is_local_by_default() {
        let kinds = |keys: Value| {
            let service = read(keys).unwrap();
            let again = serde_json::to_value(&service).unwrap();
            assert_eq!(serde_json::from_value::<Service>(again).unwrap(), service);
            service
                .volumes()
                .iter()
                .map(|volume| volume.on())
                .collect::<Vec<_>>()
        };
        use VolumeKind::{Local, Scratch, Shared};
        let of = |image: &str, volumes: Value| {
            let mut keys = json!({ "port": 80, "image": image });
            keys.as_object_mut()
                .unwrap()
                .extend(volumes.as_object().unwrap().clone());
            kinds(keys)
        };
        assert_eq!(of("postgres:17", json!({})), [Local]);
        assert_eq!(of("postgres:17", json!({ "data_path": "/db" })), [Local]);
        assert_eq!(
            of("postgres:17", json!({ "volumes": [{ "path": "/db" }] })),
            [Local]
        );
        assert_eq!(
            of(
                "postgres:17",
                json!({ "volumes": [{ "path": "/db", "on": "shared" }] })
            ),
            [Shared]
        );
        assert_eq!(of("a", json!({ "volumes": [{ "path": "/db" }] })), [Shared]);
        assert_eq!(
            of(
                "a",
                json!({ "data_path": "/d", "volumes": [{ "path": "/c", "on": "scratch" }] })
            ),
            [Shared, Scratch]
        );
        assert_eq!(of("a", json!({ "volumes": [] })), []);
    }

    proptest! {
        /// Each valid service is written in a form that gives the same service.
        #[test]
        fn written_service_is_read_back(
            image in prop_oneof![Just("a/b"), Just("postgres:17")],
            internal: bool,
            host in 3000..3100u16,
            container in 1..100u16,
            grace in prop::option::of(0..7200u64),
            command in prop::option::of(prop::collection::vec("[^\0]*", 0..3)),
            env in prop::collection::btree_map("[A-Z_]{1,4}", "[^\0]*", 0..3),
            data_path in prop::option::of(Just("/d")),
            volumes in prop::option::of(prop::collection::btree_map("/[a-c]", prop_oneof![Just("shared"), Just("local"), Just("scratch")], 0..3)),
        ) {
            let mut keys = json!({ "image": image, "internal": internal, "env": env });
            let mut set = |key: &str, value: Option<Value>| {
                if let Some(value) = value {
                    keys[key] = value;
                }
            };
            set("command", command.map(|words| json!(words)));
            set("data_path", data_path.map(|path| json!(path)));
            set("volumes", volumes.map(|volumes| {
                volumes.iter().map(|(path, on)| json!({ "path": path, "on": on })).collect()
            }));
            set("port", (!internal).then(|| json!(format!("{host}:{container}"))));
            set("health", grace.filter(|_| !internal).map(|grace| json!({ "grace": format!("{grace}s") })));
            let service = read(keys).unwrap();
            let written = serde_json::to_value(&service).unwrap();
            prop_assert_eq!(serde_json::from_value::<Service>(written).unwrap(), service.clone());
            prop_assert_eq!(service.to_builder().into_fields().checked().unwrap(), service);
        }
    }
}
