//! The containers that the script runs, and the folders and images that they need.

use std::collections::BTreeMap;

use crate::spec::{EcrRepository, Gpus, SecretSource, Service};

/// A container of an instance, with the settings that Docker Compose gives it.
#[derive(Debug, Clone, Default)]
pub(super) struct Container<'a> {
    pub(super) name: &'a str,
    pub(super) image: &'a str,
    pub(super) command: Option<Vec<&'a str>>,
    pub(super) entrypoint: Option<Vec<&'a str>>,
    pub(super) env: BTreeMap<&'a str, &'a str>,
    pub(super) secrets: BTreeMap<&'a str, SecretSource>,
    pub(super) ports: Vec<PublishedPort>,
    pub(super) volumes: Vec<Mount<'a>>,
    pub(super) gpus: Gpus,
    pub(super) shm_size: Option<String>,
    pub(super) ulimits: BTreeMap<&'a str, i64>,
    /// The numbers of the user, and of the group after a colon.
    pub(super) user: Option<String>,
    pub(super) restart: String,
    pub(super) depends_on: Vec<&'a str>,
}

/// A port of the instance, and the port of the container to which it leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublishedPort {
    pub(super) host: u16,
    pub(super) container: u16,
}

/// A folder of the instance, and the path in the container at which it is mounted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mount<'a> {
    pub(super) folder: &'a str,
    pub(super) path: &'a str,
}

impl<'a> From<&'a Service> for Container<'a> {
    fn from(service: &'a Service) -> Self {
        let words = |words: &'a [String]| words.iter().map(String::as_str).collect();
        let ports = service.port();
        Self {
            name: service.name().as_str(),
            image: service.image().as_str(),
            command: service.command().map(words),
            entrypoint: service.entrypoint().map(words),
            env: service
                .env()
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            secrets: service
                .secrets()
                .iter()
                .map(|(variable, source)| (variable.as_str(), source.clone()))
                .collect(),
            ports: ports
                .iter()
                .chain(service.published_ports())
                .map(|port| PublishedPort {
                    host: port.host(),
                    container: port.container(),
                })
                .collect(),
            volumes: service
                .volumes()
                .iter()
                .map(|volume| Mount {
                    folder: volume.host_folder(),
                    path: volume.path().as_str(),
                })
                .collect(),
            gpus: service.gpus(),
            shm_size: service.shm_size().map(|size| size.to_string()),
            ulimits: service
                .ulimits()
                .iter()
                .map(|(name, limit)| (name.as_str(), *limit))
                .collect(),
            user: service.user().map(|user| user.to_string()),
            restart: service.restart().to_string(),
            depends_on: service
                .depends_on()
                .iter()
                .map(|name| name.as_str())
                .collect(),
        }
    }
}

impl Container<'_> {
    /// Returns the private registry of Amazon ECR that the image comes from, and its Region.
    pub(super) fn registry(&self) -> Option<String> {
        let repository = EcrRepository::of_image(self.image)?;
        Some(format!("{} {}", repository.registry, repository.region))
    }

    /// Returns the owner that the folders of the volumes get: an owner for `chown`, one after a question mark that an
    /// earlier owner goes before, or a hyphen for no change.
    pub(super) fn folder_owner(&self) -> String {
        match (&self.user, usual_owner(self.image)) {
            (Some(user), _) => user.clone(),
            (None, Some(owner)) => format!("?{owner}"),
            (None, None) => "-".to_owned(),
        }
    }
}

/// Returns the user and group of the process of a known image that does not run as root, or that gives its folder away.
///
/// Source: the Dockerfiles of the images.
pub(crate) fn usual_owner(image: &str) -> Option<&'static str> {
    let reference = image.split('@').next().unwrap_or_default();
    let mut segments = reference.rsplit('/');
    let last = segments.next().unwrap_or_default();
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    match (segments.next().unwrap_or_default(), name) {
        ("bitnami" | "bitnamilegacy", _) => Some("1001:0"),
        (_, "n8n" | "speaches") => Some("1000:1000"),
        (_, "postgres" | "pgvector") if tag.contains("alpine") => Some("70:70"),
        (_, "postgres" | "pgvector" | "mysql" | "mariadb" | "mongo" | "redis" | "valkey") => {
            Some("999:999")
        }
        (_, "crawl4ai") => Some("999:999"),
        (_, "searxng") => Some("977:977"),
        (_, "clickhouse" | "clickhouse-server") => Some("101:101"),
        (_, "qdrant") if tag.contains("unprivileged") => Some("1000:1000"),
        (_, name) if name.ends_with("-notebook") => Some("1000:100"),
        _ => None,
    }
}

/// Returns the containers in an order in which each stands after those that it depends on, and otherwise as given.
pub(super) fn in_start_order<'c, 'a>(containers: &'c [Container<'a>]) -> Vec<&'c Container<'a>> {
    let mut waiting: Vec<_> = containers.iter().collect();
    let mut order: Vec<&Container<'a>> = Vec::new();
    while !waiting.is_empty() {
        let is_waiting = |name: &str| waiting.iter().any(|it| it.name == name);
        // The spec has no cycle. If it had one, its services would start in the order of the spec.
        let next = waiting
            .iter()
            .position(|it| !it.depends_on.iter().any(|name| is_waiting(name)))
            .unwrap_or(0);
        order.push(waiting.remove(next));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_belong_to_user_of_container() {
        for (user, image, owner) in [
            (Some("1000:1000"), "a/b", "1000:1000"),
            (Some("1000"), "postgres", "1000"),
            (None, "docker.n8n.io/n8nio/n8n:1.2", "?1000:1000"),
            (None, "postgres", "?999:999"),
            (None, "localhost:5000/postgres:17-alpine@sha256:0", "?70:70"),
            (None, "qdrant/qdrant:v1", "-"),
            (None, "qdrant/qdrant:v1-unprivileged", "?1000:1000"),
            (None, "quay.io/jupyter/pytorch-notebook:cuda12", "?1000:100"),
            (None, "bitnami/postgresql", "?1001:0"),
            (None, "postgres/exporter", "-"),
            (None, "ollama/ollama", "-"),
        ] {
            let container = Container {
                user: user.map(str::to_owned),
                image,
                ..Container::default()
            };
            assert_eq!(container.folder_owner(), owner, "{user:?} {image}");
        }
    }

    #[test]
    fn dependencies_start_first() {
        let container = |name, depends_on: &[&'static str]| Container {
            name,
            depends_on: depends_on.to_vec(),
            ..Container::default()
        };
        let containers = [
            container("ui", &["llm", "db"]),
            container("llm", &[]),
            container("db", &["disk"]),
            container("disk", &[]),
            container("cycle-a", &["cycle-b"]),
            container("cycle-b", &["cycle-a"]),
        ];
        let order: Vec<_> = in_start_order(&containers)
            .iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(order, ["llm", "disk", "db", "ui", "cycle-a", "cycle-b"]);
    }
}
