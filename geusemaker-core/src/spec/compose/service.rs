//! A service of a Compose file, as the keys of a service of a spec.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize as _;
use serde_json::{Map, Value as Json, json};
use serde_path_to_error::Track;

use super::Tables;
use super::variables;
use super::yaml::{Node, Value};
use crate::spec::error::SpecError;
use crate::spec::service::{EnvName, SecretSource, ServiceFields, leading_name};

/// A service of a Compose file.
#[derive(Debug)]
pub(super) struct Imported {
    pub(super) name: String,
    /// The line of its name.
    line: usize,
    /// The keys of a service of a spec.
    keys: Map<String, Json>,
    /// The ports, which one of them may leave to be served.
    ports: Vec<String>,
    /// The named volumes with their lines.
    pub(super) volumes: Vec<(String, usize)>,
    /// The key and the line in the file for each key of the spec.
    places: BTreeMap<String, (String, usize)>,
    pub(super) has_healthcheck: bool,
    /// True if the load balancer serves its first port.
    is_served: bool,
}

/// The keys of a mapping, with what is merged into it.
type Entries = Vec<(String, usize, Rc<Node>)>;

/// The secrets of a service.
#[derive(Clone, Copy)]
pub(super) struct Secrets<'a> {
    pub(super) places: &'a BTreeMap<EnvName, SecretSource>,
    pub(super) tables: &'a Tables,
}

impl Imported {
    /// Reads the mapping of a service. The variables of these secrets are not read.
    pub(super) fn read(
        name: &str,
        line: usize,
        node: &Node,
        secrets: Secrets<'_>,
    ) -> Result<Self, SpecError> {
        let mut service = Self {
            name: name.to_owned(),
            line,
            keys: Map::new(),
            ports: Vec::new(),
            volumes: Vec::new(),
            places: BTreeMap::new(),
            has_healthcheck: false,
            is_served: false,
        };
        service.keys.insert("name".to_owned(), json!(name));
        // A container of Compose sees no GPU unless it asks for one.
        service.keys.insert("gpus".to_owned(), json!("none"));
        let read = entries(node, line).and_then(|entries| {
            entries.iter().try_for_each(|(key, line, value)| {
                let taken = service.take(key, value, *line, secrets);
                taken.map_err(|error| match error.field() {
                    // An item of a list: its path begins with the key.
                    Some(field) if field.starts_with(&format!("{key}[")) => error,
                    Some(_) | None => in_key(error, leading_name(key), *line),
                })
            })
        });
        read.map_err(|error| error.in_table(&format!("services.{name}")))?;
        Ok(service)
    }

    /// Returns true if the instance publishes a port of the service.
    pub(super) fn has_ports(&self) -> bool {
        !self.ports.is_empty()
    }

    /// Returns the fields of a service that the load balancer serves on its first port, or of an internal one.
    pub(super) fn fields(&mut self, is_served: bool) -> Result<ServiceFields, SpecError> {
        self.is_served = is_served;
        let mut keys = self.keys.clone();
        let mut ports = &self.ports[..];
        if let (true, Some((first, rest))) = (is_served, ports.split_first()) {
            keys.insert("port".to_owned(), json!(first));
            ports = rest;
        } else {
            keys.insert("internal".to_owned(), json!(true));
        }
        keys.insert("ports".to_owned(), json!(ports));
        let mut track = Track::new();
        let reader = serde_path_to_error::Deserializer::new(Json::Object(keys), &mut track);
        ServiceFields::deserialize(reader).map_err(|error| {
            let error = SpecError::new(error.to_string());
            self.locate(&track.path().to_string(), error)
        })
    }

    /// Puts the place in the Compose file on an error about a key of the spec.
    pub(super) fn locate(&self, key: &str, error: SpecError) -> SpecError {
        // A port that is served is no longer the first of the further ones.
        let index: Option<usize> = match key.strip_prefix("ports[") {
            Some(rest) if self.is_served => rest.trim_end_matches(']').parse().ok(),
            Some(_) | None => None,
        };
        let mut key = match index {
            _ if key == "port" => "ports[0]".to_owned(),
            Some(index) => format!("ports[{}]", index + 1),
            None => key.to_owned(),
        };
        let place = loop {
            if let Some(place) = self.places.get(&key) {
                break Some(place);
            }
            match key.rfind(['.', '[']) {
                Some(end) => key.truncate(end),
                None => break None,
            }
        };
        let at = format!("services.{}", self.name);
        match place {
            Some((inner, line)) => error.at(format!("{at}.{inner}")).on_line(Some(*line)),
            None => error.at(at).on_line(Some(self.line)),
        }
    }

    /// Takes over one key of the service.
    fn take(
        &mut self,
        key: &str,
        value: &Node,
        line: usize,
        secrets: Secrets<'_>,
    ) -> Result<(), SpecError> {
        match key {
            "image" | "user" | "restart" | "shm_size" => {
                let text = text(value)?;
                self.set(key, key, line, json!(text));
            }
            "command" | "entrypoint" => {
                if let Some(words) = words(value)? {
                    self.set(key, key, line, json!(words));
                }
            }
            "environment" => {
                let variables = environment(value, &self.name, secrets)?;
                for (name, line, _) in &variables {
                    let place = (format!("{key}.{name}"), *line);
                    self.places.insert(format!("env.{name}"), place);
                }
                let env: BTreeMap<_, _> = variables
                    .into_iter()
                    .map(|(name, _, value)| (name, value))
                    .collect();
                self.set("env", key, line, json!(env));
            }
            "ports" => self.take_ports(value)?,
            "volumes" => self.take_volumes(value)?,
            "ulimits" => {
                let limits = ulimits(value)?;
                self.set("ulimits", key, line, json!(limits));
            }
            "depends_on" => {
                let names = depends_on(value)?;
                self.set("depends_on", key, line, json!(names));
            }
            "deploy" => {
                if let Some(gpus) = gpus_of_deploy(value)? {
                    self.set("gpus", key, line, gpus);
                }
            }
            "gpus" | "runtime" => {
                let wanted = if key == "gpus" { "all" } else { "nvidia" };
                if text(value)? != wanted {
                    return Err(SpecError::new(format!("only {wanted:?} is taken over"))
                        .on_line(Some(value.line)));
                }
                self.set("gpus", key, line, json!("all"));
            }
            "healthcheck" => self.has_healthcheck = true,
            // Neither changes anything: other containers reach every port.
            "expose" => {}
            _ if key.starts_with("x-") => {}
            "build" => {
                return Err(SpecError::new(
                    "no image is built here: build it, push it, and name it with the key image",
                ));
            }
            "env_file" => {
                return Err(SpecError::new(
                    "no other file is read: write the variables below environment",
                ));
            }
            _ => return Err(not_taken()),
        }
        Ok(())
    }

    fn set(&mut self, key: &str, compose_key: &str, line: usize, value: Json) {
        self.keys.insert(key.to_owned(), value);
        self.places
            .insert(key.to_owned(), (compose_key.to_owned(), line));
    }

    fn take_ports(&mut self, value: &Node) -> Result<(), SpecError> {
        for (index, node) in list(value)?.iter().enumerate() {
            let at = format!("ports[{index}]");
            let port = port(node).map_err(|error| in_key(error, &at, node.line))?;
            self.places.insert(at.clone(), (at, node.line));
            self.ports.push(port);
        }
        Ok(())
    }

    fn take_volumes(&mut self, value: &Node) -> Result<(), SpecError> {
        let mut volumes = Vec::new();
        for (index, node) in list(value)?.iter().enumerate() {
            let at = format!("volumes[{index}]");
            let (name, path) = volume(node).map_err(|error| in_key(error, &at, node.line))?;
            self.volumes.extend(name.map(|name| (name, node.line)));
            self.places.insert(at.clone(), (at, node.line));
            volumes.push(json!({ "path": path, "on": "local" }));
        }
        self.keys.insert("volumes".to_owned(), Json::Array(volumes));
        Ok(())
    }
}

/// Returns the keys of a mapping. The mappings that `<<` names give the keys that it does not have.
pub(super) fn entries(node: &Node, line: usize) -> Result<Entries, SpecError> {
    let Value::Map(own) = &node.value else {
        let message = format!("expected a mapping, not {}", node.kind());
        return Err(SpecError::new(message).on_line(Some(line)));
    };
    let (merged, mut all): (Entries, Entries) =
        own.iter().cloned().partition(|(key, _, _)| key == "<<");
    for (_, line, node) in merged {
        let sources = match &node.value {
            Value::List(nodes) => nodes.clone(),
            Value::Null | Value::Text(_) | Value::Map(_) => vec![node],
        };
        for source in sources {
            for entry in entries(&source, line)? {
                if all.iter().all(|(key, _, _)| *key != entry.0) {
                    all.push(entry);
                }
            }
        }
    }
    Ok(all)
}

/// Puts a key in front of the path of an error, and the line on an error that has none.
fn in_key(error: SpecError, key: &str, line: usize) -> SpecError {
    let line = error.line().unwrap_or(line);
    error.in_table(key).on_line(Some(line))
}

pub(super) fn not_taken() -> SpecError {
    SpecError::new(
        "is not taken over from a Compose file: remove it, or write the service as a [[service]]",
    )
}

fn list(node: &Node) -> Result<&[Rc<Node>], SpecError> {
    match &node.value {
        Value::List(items) => Ok(items),
        Value::Null | Value::Text(_) | Value::Map(_) => {
            let message = format!("expected a list, not {}", node.kind());
            Err(SpecError::new(message).on_line(Some(node.line)))
        }
    }
}

/// Returns a text with its variables replaced. It may have a secret, so that the error does not repeat it.
fn text(node: &Node) -> Result<String, SpecError> {
    let text = match &node.value {
        Value::Text(text) => variables::replace(text),
        Value::Null | Value::List(_) | Value::Map(_) => {
            Err(format!("expected a text, not {}", node.kind()))
        }
    };
    text.map_err(|message| SpecError::new(message).on_line(Some(node.line)))
}

/// Returns the words of a command: a list, or a text that is split as a shell does it.
fn words(node: &Node) -> Result<Option<Vec<String>>, SpecError> {
    match &node.value {
        Value::Null => Ok(None),
        Value::List(items) => items
            .iter()
            .map(|item| text(item))
            .collect::<Result<_, _>>()
            .map(Some),
        Value::Text(_) | Value::Map(_) => {
            let words = text(node)?;
            let words = shlex::split(&words).ok_or_else(|| {
                SpecError::new("has a quote without its end").on_line(Some(node.line))
            })?;
            Ok(Some(words))
        }
    }
}

/// Returns the variables of a mapping, or of a list as in `NAME=value`, with their lines; not those of these secrets.
fn environment(
    node: &Node,
    service: &str,
    secrets: Secrets<'_>,
) -> Result<Vec<(String, usize, String)>, SpecError> {
    let is_secret = |name: &str| {
        secrets
            .places
            .keys()
            .any(|variable| variable.as_str() == name)
    };
    // The text may be a variable with its value, wrongly written: no message has more of it than a name.
    let checked = |name: &str, line| match name.parse::<EnvName>() {
        Ok(name) => Ok(name.to_string()),
        Err(error) => Err(error.on_line(Some(line))),
    };
    let place = |name: &str| {
        let setting = format!("{name} = \"ssm:/NAME\"");
        let place = secrets.tables.write("secrets", service, &setting);
        format!("for a secret, {place}")
    };
    let without_value = |name: &str, line| {
        let message = format!(
            "{name} has no value, and neither the environment of this machine nor a .env file is read, since a spec must \
             mean the same everywhere: write the value, as in {name}=value; {}",
            place(name)
        );
        SpecError::new(message).on_line(Some(line))
    };
    let value = |name: &str, node: &Node, text: &str| {
        variables::replace(text).map_err(|problem| {
            SpecError::new(format!("{problem}; {}", place(name))).on_line(Some(node.line))
        })
    };
    let no_text = |node: &Node, form: &str| {
        let message = format!("expected {form}, not {}", node.kind());
        SpecError::new(message).on_line(Some(node.line))
    };
    let mut variables = Vec::new();
    if let Value::List(items) = &node.value {
        for item in items {
            let Value::Text(text) = &item.value else {
                return Err(no_text(item, "an item as in \"- NAME=value\""));
            };
            match text.split_once('=') {
                _ if is_secret(text) => {}
                Some((name, _)) if is_secret(name) => {}
                Some((name, text)) => {
                    let name = checked(name, item.line)?;
                    let value = value(&name, item, text)?;
                    variables.push((name, item.line, value));
                }
                None => return Err(without_value(&checked(text, item.line)?, item.line)),
            }
        }
        return Ok(variables);
    }
    for (name, line, item) in entries(node, node.line)? {
        if is_secret(&name) {
            continue;
        }
        let name = checked(&name, line)?;
        match &item.value {
            Value::Null => return Err(without_value(&name, line)),
            Value::Text(text) => {
                let value = value(&name, &item, text)?;
                variables.push((name, line, value));
            }
            Value::List(_) | Value::Map(_) => return Err(no_text(&item, "a text")),
        }
    }
    Ok(variables)
}

/// Returns a port as a spec writes it.
fn port(node: &Node) -> Result<String, SpecError> {
    let (port, protocol) = match &node.value {
        Value::Map(_) => {
            let (mut target, mut published, mut protocol) = (None, None, "tcp".to_owned());
            for (key, line, value) in entries(node, node.line)? {
                match key.as_str() {
                    "target" => target = Some(text(&value)?),
                    "published" => published = Some(text(&value)?),
                    "protocol" => protocol = text(&value)?,
                    "name" => {}
                    _ => return Err(in_key(not_taken(), &key, line)),
                }
            }
            let ports = published.zip(target);
            (
                ports.map(|(published, target)| format!("{published}:{target}")),
                protocol,
            )
        }
        Value::Null | Value::Text(_) | Value::List(_) => {
            let text = text(node)?;
            let (port, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
            // A port alone is that of the container; Compose publishes it on any port of the host.
            (
                port.contains(':').then(|| port.to_owned()),
                protocol.to_owned(),
            )
        }
    };
    let problem = match port {
        Some(_) if protocol != "tcp" => "only TCP is published",
        Some(port) if port.matches(':').count() == 1 && !port.contains('-') => return Ok(port),
        Some(_) => "only one port is published, on every address: write it as \"8080:80\"",
        None => "names no port of the instance: write it as \"8080:80\"",
    };
    Err(SpecError::new(problem).on_line(Some(node.line)))
}

/// Returns the name of a volume, if it has one, and its path in the container.
fn volume(node: &Node) -> Result<(Option<String>, String), SpecError> {
    let problem = |problem: &str| Err(SpecError::new(problem).on_line(Some(node.line)));
    const BIND: &str = "is a folder of this machine, which the instance does not have: put the files into the image, \
                        or use a named volume";
    let (source, target) = if let Value::Map(_) = node.value {
        let (mut source, mut target) = (None, None);
        for (key, line, value) in entries(node, node.line)? {
            match key.as_str() {
                "type" if text(&value)? == "volume" => {}
                "type" if text(&value)? == "bind" => return problem(BIND),
                "source" => source = Some(text(&value)?),
                "target" => target = Some(text(&value)?),
                _ => return Err(in_key(not_taken(), &key, line)),
            }
        }
        (source, target)
    } else {
        let text = text(node)?;
        let parts: Vec<_> = text.split(':').map(ToOwned::to_owned).collect();
        match &parts[..] {
            [target] => (None, Some(target.clone())),
            [source, target] => (Some(source.clone()), Some(target.clone())),
            [source, target, mode] if mode == "rw" => (Some(source.clone()), Some(target.clone())),
            [source, ..] if source.starts_with(['.', '/', '~']) => return problem(BIND),
            _ => {
                return problem("has an option that is not taken over: a volume can be written to");
            }
        }
    };
    match (source, target) {
        (Some(source), _) if source.starts_with(['.', '/', '~']) => problem(BIND),
        (source, Some(target)) => Ok((source, target)),
        (_, None) => problem("has no target, the path in the container"),
    }
}

fn ulimits(node: &Node) -> Result<BTreeMap<String, i64>, SpecError> {
    let number = |node: &Node| {
        let text = text(node)?;
        text.parse::<i64>().map_err(|_| {
            SpecError::new(format!("{text:?} is not a whole number")).on_line(Some(node.line))
        })
    };
    let limits = entries(node, node.line)?
        .into_iter()
        .map(|(name, line, value)| {
            if !matches!(value.value, Value::Map(_)) {
                return Ok((name, number(&value)?));
            }
            let bounds = entries(&value, line)?;
            let bounds = bounds
                .iter()
                .map(|(_, _, bound)| number(bound))
                .collect::<Result<Vec<_>, _>>()?;
            match bounds[..] {
                [soft, hard] if soft == hard => Ok((name, soft)),
                _ => Err(
                    SpecError::new(format!("{name} needs soft and hard to be the same"))
                        .on_line(Some(line)),
                ),
            }
        });
    limits.collect()
}

/// Returns the names of the services that start before. Their health is not waited for, which their restarts make up
/// for.
fn depends_on(node: &Node) -> Result<Vec<String>, SpecError> {
    if let Value::List(items) = &node.value {
        return items.iter().map(|item| text(item)).collect();
    }
    let mut names = Vec::new();
    for (name, line, value) in entries(node, node.line)? {
        for (key, line, value) in entries(&value, line)? {
            match key.as_str() {
                "condition"
                    if ["service_started", "service_healthy"].contains(&text(&value)?.as_str()) => {
                }
                "restart" => {}
                _ => return Err(in_key(in_key(not_taken(), &key, line), &name, line)),
            }
        }
        names.push(name);
    }
    Ok(names)
}

/// Returns the GPUs of `deploy.resources.reservations.devices`, the only part of `deploy` that is taken over.
fn gpus_of_deploy(node: &Node) -> Result<Option<Json>, SpecError> {
    let mut node = Rc::new(node.clone());
    for wanted in ["resources", "reservations", "devices"] {
        let mut found = None;
        for (key, line, value) in entries(&node, node.line)? {
            if key != wanted {
                return Err(in_key(not_taken(), &key, line));
            }
            found = Some(value);
        }
        match found {
            Some(value) => node = value,
            None => return Ok(None),
        }
    }
    let [device] = list(&node)? else {
        return Err(SpecError::new("expected one device, the GPUs").on_line(Some(node.line)));
    };
    let mut gpus = json!("all");
    for (key, line, value) in entries(device, device.line)? {
        match key.as_str() {
            "driver" if text(&value)? == "nvidia" => {}
            "capabilities"
                if list(&value)?
                    .iter()
                    .any(|item| matches!(text(item).as_deref(), Ok("gpu"))) => {}
            "count" => {
                let count = text(&value)?;
                gpus = count
                    .parse::<u32>()
                    .map_or_else(|_| json!(count), |count| json!(count));
            }
            _ => return Err(in_key(not_taken(), &key, line)),
        }
    }
    Ok(Some(gpus))
}
