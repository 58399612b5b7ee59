//! The secrets that the script reads, each value once.

use super::container::Container;
use crate::spec::SecretSource;

/// The places of the secrets of some containers, without repetitions.
pub(super) struct Secrets<'a>(Vec<Secret<'a>>);

/// A place, and the first container and variable that need its value.
struct Secret<'a> {
    service: &'a str,
    variable: &'a str,
    place: String,
}

impl<'a> Secrets<'a> {
    /// Returns the secrets of the containers, in their order.
    pub(super) fn of(containers: impl IntoIterator<Item = &'a Container<'a>>) -> Self {
        let mut secrets: Vec<Secret<'a>> = Vec::new();
        for container in containers {
            for (variable, source) in &container.secrets {
                let place = place(container.name, variable, source);
                if secrets.iter().all(|secret| secret.place != place) {
                    secrets.push(Secret {
                        service: container.name,
                        variable,
                        place,
                    });
                }
            }
        }
        Self(secrets)
    }

    /// Returns the number of the value that a variable of a container gets.
    pub(super) fn number(&self, service: &str, variable: &str, source: &SecretSource) -> usize {
        let place = place(service, variable, source);
        let number = self.0.iter().position(|secret| secret.place == place);
        // Each secret of a container is in the list, which was made of all of them.
        number.unwrap_or(self.0.len())
    }

    /// Returns the lines that tell the script what to read.
    pub(super) fn entries(&self) -> Vec<String> {
        let entries = self.0.iter();
        entries
            .map(|secret| format!("{} {} {}", secret.service, secret.variable, secret.place))
            .collect()
    }

    /// Returns true if a value is at AWS.
    pub(super) fn needs_aws(&self) -> bool {
        let mut secrets = self.0.iter();
        secrets.any(|secret| !secret.place.starts_with("generate "))
    }
}

/// Returns the words by which the script knows a place: its kind, the name there, and the key if there is one.
fn place(service: &str, variable: &str, source: &SecretSource) -> String {
    match source {
        SecretSource::Parameter(name) => format!("ssm {name}"),
        SecretSource::SecretsManager { name, key: None } => format!("secretsmanager {name}"),
        SecretSource::SecretsManager {
            name,
            key: Some(key),
        } => format!("secretsmanager {name} {key}"),
        // A name has no dot, so that it is never the same as the second form.
        SecretSource::Generated(Some(name)) => format!("generate {name}"),
        SecretSource::Generated(None) => format!("generate {service}.{variable}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container<'a>(name: &'a str, secrets: &[(&'a str, &str)]) -> Container<'a> {
        let secrets = secrets.iter();
        Container {
            name,
            secrets: secrets
                .map(|(variable, place)| (*variable, place.parse().unwrap()))
                .collect(),
            ..Container::default()
        }
    }

    #[test]
    fn equal_places_are_read_once() {
        let containers = [
            container(
                "a",
                &[("A", "ssm:/t"), ("B", "generate"), ("C", "generate:db")],
            ),
            container(
                "b",
                &[
                    ("A", "generate:db"),
                    ("B", "generate"),
                    ("C", "secretsmanager:s#the key"),
                ],
            ),
            container("c", &[("D", "ssm:/t"), ("E", "secretsmanager:s")]),
        ];
        let secrets = Secrets::of(&containers);
        assert_eq!(
            secrets.entries(),
            [
                "a A ssm /t",
                "a B generate a.B",
                "a C generate db",
                "b B generate b.B",
                "b C secretsmanager s the key",
                "c E secretsmanager s",
            ]
        );
        let shared = "generate:db".parse().unwrap();
        assert_eq!(
            secrets.number("a", "C", &shared),
            secrets.number("b", "A", &shared)
        );
        assert!(secrets.needs_aws());
        assert!(!Secrets::of(&[container("a", &[("A", "generate")])]).needs_aws());
    }
}
