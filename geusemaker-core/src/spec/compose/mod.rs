//! Services that are read from a Compose file.

mod service;
#[cfg(test)]
mod tests;
mod variables;
mod yaml;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use self::service::{Imported, Secrets, entries, not_taken};
use self::yaml::{Node, Value};
use super::error::SpecError;
use super::limited_file;
use super::service::{
    EnvName, NotSecretName, NotSecretNames, SecretSource, ServedFields, ServiceFields, ServiceName,
    Variables, leading_name, unrepeated,
};
use super::warning::SpecWarning;

/// The key `compose` of a spec: a path, or a table with the path and the services that the load balancer serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compose {
    file: PathBuf,
    /// True for a path alone.
    is_path: bool,
    /// By default the first service that publishes a port.
    served: Option<BTreeMap<ServiceName, ServedFields>>,
    secrets: SecretsOfServices,
    not_secret: BTreeMap<ServiceName, BTreeSet<NotSecretName>>,
}

/// The places of secrets, by service and variable.
type SecretsOfServices = BTreeMap<ServiceName, BTreeMap<EnvName, SecretSource>>;

impl<'de> Deserialize<'de> for Compose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            file: PathBuf,
            #[serde(default)]
            served: Option<BTreeMap<ServiceName, ServedFields>>,
            #[serde(default, deserialize_with = "read_services")]
            secrets: BTreeMap<ServiceName, Variables<SecretSource>>,
            #[serde(default, deserialize_with = "read_services")]
            not_secret: BTreeMap<ServiceName, NotSecretNames>,
        }

        fn read_services<'de, V: Deserialize<'de>, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<BTreeMap<ServiceName, V>, D::Error> {
            unrepeated(deserializer, "a table with the names of services")
        }

        struct PathOrTable;

        impl<'de> Visitor<'de> for PathOrTable {
            type Value = Compose;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a Compose file, or a table as in { file = \"docker-compose.yml\" }")
            }

            fn visit_str<E: Error>(self, path: &str) -> Result<Compose, E> {
                Ok(Compose {
                    file: path.into(),
                    is_path: true,
                    served: None,
                    secrets: BTreeMap::new(),
                    not_secret: BTreeMap::new(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Compose, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(map))?;
                let secrets = table.secrets.into_iter();
                let not_secret = table.not_secret.into_iter();
                Ok(Compose {
                    file: table.file,
                    is_path: false,
                    served: table.served,
                    secrets: secrets
                        .map(|(service, Variables(secrets))| (service, secrets))
                        .collect(),
                    not_secret: not_secret
                        .map(|(service, NotSecretNames(names))| (service, names))
                        .collect(),
                })
            }
        }

        deserializer.deserialize_any(PathOrTable)
    }
}

/// The tables of a spec about the services of its Compose file, for messages.
#[derive(Debug)]
pub(super) struct Tables {
    /// The path that the spec has in the place of a table, to which TOML would let nobody add another.
    path: Option<PathBuf>,
}

impl Tables {
    /// Returns what to write for a setting of a service.
    pub(super) fn write(&self, table: &str, service: impl fmt::Display, setting: &str) -> String {
        let lines = format!("[compose.{table}.{service}] {setting}");
        match &self.path {
            Some(path) => format!(
                "replace compose = {path:?} by [compose] with file = {path:?} at the end of the spec, and write below it \
                 {lines}"
            ),
            None => format!("write {lines}"),
        }
    }

    /// Returns what to add, after a message that has said what to write for another setting.
    pub(super) fn add(&self, lines: &str) -> String {
        match &self.path {
            Some(_) => format!("write there instead {lines}"),
            None => format!("add {lines}"),
        }
    }
}

/// The services of a Compose file.
#[derive(Debug)]
pub(super) struct Import {
    file: PathBuf,
    services: Vec<Imported>,
    /// The fields of each.
    pub(super) fields: Vec<ServiceFields>,
    pub(super) warnings: Vec<SpecWarning>,
}

impl Compose {
    /// Returns the tables for its services.
    pub(super) fn tables(&self) -> Tables {
        Tables {
            path: self.is_path.then(|| self.file.clone()),
        }
    }

    /// Reads the file, whose path is relative to the folder of the spec.
    pub(super) fn read(&self, folder: &Path, tables: &Tables) -> Result<Import, SpecError> {
        let file = folder.join(&self.file);
        let text = limited_file::read(&file).map_err(|error| {
            let problem = match error.kind() {
                ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => format!("cannot be read: {error}"),
            };
            SpecError::new(format!("{}: {problem}", file.display())).at("compose")
        })?;
        let services = services(&text, &self.secrets, tables);
        let services = services.map_err(|error| error.in_file(&file))?;
        let served = self.served(&services)?;
        self.check_names(&services)?;
        let mut import = Import {
            file,
            services,
            fields: Vec::new(),
            warnings: Vec::new(),
        };
        for service in &mut import.services {
            let settings = served.get(service.name.as_str());
            let mut fields = service
                .fields(settings.is_some())
                .map_err(|error| error.in_file(&import.file))?;
            if let Some(settings) = settings {
                fields.serve(settings.clone());
            }
            let secrets = self.secrets.get(fields.name()).cloned();
            let not_secret = self.not_secret.get(fields.name()).cloned();
            fields.keep_secret(secrets.unwrap_or_default(), not_secret.unwrap_or_default());
            if service.has_healthcheck {
                let service = fields.name().clone();
                import
                    .warnings
                    .push(SpecWarning::HealthcheckNotUsed { service });
            }
            import.fields.push(fields);
        }
        Ok(import)
    }

    /// Checks that the services of the tables about secrets exist.
    fn check_names(&self, services: &[Imported]) -> Result<(), SpecError> {
        let secrets = self.secrets.keys().map(|name| ("secrets", name));
        let not_secret = self.not_secret.keys().map(|name| ("not_secret", name));
        for (table, name) in secrets.chain(not_secret) {
            if services.iter().all(|service| service.name != name.as_str()) {
                let message = format!("there is no service {name} in {}", self.file.display());
                return Err(SpecError::new(message).at(format!("compose.{table}.{name}")));
            }
        }
        Ok(())
    }

    /// Returns the settings of the services that the load balancer serves.
    fn served(&self, services: &[Imported]) -> Result<HashMap<String, ServedFields>, SpecError> {
        let Some(wanted) = &self.served else {
            let first = services.iter().find(|service| service.has_ports());
            let first = first.map(|service| (service.name.clone(), ServedFields::default()));
            return Ok(first.into_iter().collect());
        };
        for name in wanted.keys() {
            let file = self.file.display();
            let problem = match services
                .iter()
                .find(|service| service.name == name.as_str())
            {
                Some(service) if service.has_ports() => continue,
                Some(_) => {
                    format!("{name} publishes no port in {file}: add one to its ports there")
                }
                None => format!("there is no service {name} in {file}"),
            };
            return Err(SpecError::new(problem).at(format!("compose.served.{name}")));
        }
        let served = wanted
            .iter()
            .map(|(name, settings)| (name.to_string(), settings.clone()));
        Ok(served.collect())
    }
}

impl Import {
    /// Puts the place in the Compose file on an error about one of these services. `first` is the index of the first of
    /// them among all services of the spec.
    pub(super) fn locate(&self, first: usize, error: SpecError) -> SpecError {
        let inner = error
            .field()
            .and_then(|field| field.strip_prefix("service["));
        let Some((index, rest)) = inner.and_then(|inner| inner.split_once(']')) else {
            return error;
        };
        let index = index
            .parse()
            .ok()
            .and_then(|index: usize| index.checked_sub(first));
        let Some(service) = index.and_then(|index| self.services.get(index)) else {
            return error;
        };
        let key = rest.trim_start_matches('.').to_owned();
        if let Some(variable) = key.strip_prefix("secrets.") {
            // This one is in the file of the spec.
            return error.at(format!("compose.secrets.{}.{variable}", service.name));
        }
        service.locate(&key, error).in_file(&self.file)
    }
}

/// Reads the services of a Compose file. Variables that get the values of secrets are not read.
fn services(
    text: &str,
    secrets: &SecretsOfServices,
    tables: &Tables,
) -> Result<Vec<Imported>, SpecError> {
    let root = Node::parse(text)?;
    let none = BTreeMap::new();
    let mut services = Vec::new();
    for (key, line, value) in entries(&root, root.line)? {
        match key.as_str() {
            "services" => {
                for (name, line, node) in entries(&value, line)? {
                    let secrets = secrets.iter().find(|(service, _)| service.as_str() == name);
                    let secrets = Secrets {
                        places: secrets.map_or(&none, |(_, secrets)| secrets),
                        tables,
                    };
                    services.push(Imported::read(&name, line, &node, secrets)?);
                }
            }
            "volumes" => volumes(&value, line)?,
            // The name of a project and the version of the format mean nothing here.
            "name" | "version" => {}
            _ if key.starts_with("x-") => {}
            _ => return Err(not_taken().at(leading_name(&key)).on_line(Some(line))),
        }
    }
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for service in &services {
        for (volume, line) in &service.volumes {
            if let Some(owner) = owners.insert(volume, &service.name) {
                let message = format!(
                    "the volume {volume} is used by {owner} already, and each service has folders of its own here: \
                     write both as a [[service]]"
                );
                let at = format!("services.{}.volumes", service.name);
                return Err(SpecError::new(message).at(at).on_line(Some(*line)));
            }
        }
    }
    Ok(services)
}

/// Checks that the volumes of a Compose file are plain ones: the instance has no others.
fn volumes(node: &Node, line: usize) -> Result<(), SpecError> {
    if matches!(node.value, Value::Null) {
        return Ok(());
    }
    for (name, line, volume) in entries(node, line)? {
        let is_null = matches!(volume.value, Value::Null);
        let settings = if is_null {
            Vec::new()
        } else {
            entries(&volume, line)?
        };
        for (key, line, value) in settings {
            let is_plain = matches!(&value.value, Value::Text(text) if key == "name" || (key == "driver" && text == "local"));
            if !is_plain {
                return Err(not_taken()
                    .at(format!("volumes.{name}.{key}"))
                    .on_line(Some(line)));
            }
        }
    }
    Ok(())
}
