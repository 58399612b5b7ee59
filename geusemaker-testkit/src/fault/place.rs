//! The conditions of a fault.

use std::fmt;
use std::time::Duration;

use crate::sim::operation;
use crate::wire::Service;
use crate::wire::operation::DRY_RUN;

/// The calls at which a fault fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) on: On,
    pub(super) nth: u32,
    pub(super) times: u32,
    pub(super) after: Option<Duration>,
    /// The kind and the state of a resource.
    pub(super) while_in: Option<(String, String)>,
    /// The instance type of a launch.
    pub(super) of_type: Option<String>,
    /// The zone of a launch.
    pub(super) in_zone: Option<String>,
}

impl Place {
    pub(super) fn first(on: On) -> Self {
        Self {
            on,
            nth: 1,
            times: 1,
            after: None,
            while_in: None,
            of_type: None,
            in_zone: None,
        }
    }
}

/// The operations at which a fault fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct On {
    /// Any service if `None`.
    pub(super) service: Option<Service>,
    /// Any operation if `None`.
    pub(super) operation: Option<String>,
}

impl On {
    pub(super) fn any() -> Self {
        Self {
            service: None,
            operation: None,
        }
    }

    /// Returns one known operation, with its service if another service has an operation of the same name.
    #[cfg(feature = "explorer")]
    pub(super) fn operation(service: Service, operation: &str) -> Option<Self> {
        let name = operation.trim_end_matches(DRY_RUN);
        let knows = |service: &Service| operation::names(*service).contains(&name);
        let is_unique = Service::ALL.iter().filter(|one| knows(one)).count() == 1;
        knows(&service).then(|| Self {
            service: (!is_unique).then_some(service),
            operation: Some(operation.to_owned()),
        })
    }

    /// Parses `RunInstances`, `ec2:RunInstances`, `RunInstances (dry run)`, `ec2:*` or `*`.
    pub(super) fn parse(text: &str) -> Result<Self, UnknownOperation> {
        let (service, operation) = match text.split_once(':') {
            None => (None, text),
            Some((prefix, operation)) => {
                let service = Service::ALL
                    .into_iter()
                    .find(|service| service.iam_prefix() == prefix)
                    .ok_or_else(|| UnknownOperation::of_service(text, prefix))?;
                (Some(service), operation)
            }
        };
        let known = || {
            Service::ALL
                .into_iter()
                .filter(|one| service.is_none_or(|service| service == *one))
                .flat_map(operation::names)
                .copied()
        };
        if operation == "*" {
            return Ok(Self {
                service,
                operation: None,
            });
        }
        let name = operation.trim_end_matches(DRY_RUN);
        if !known().any(|known| known == name) {
            return Err(UnknownOperation {
                text: text.to_owned(),
                nearest: nearest(name, known()),
            });
        }
        Ok(Self {
            service,
            operation: Some(operation.to_owned()),
        })
    }

    pub(super) fn is_of(&self, service: Service, operation: &str) -> bool {
        self.service.is_none_or(|one| one == service)
            && self.operation.as_ref().is_none_or(|one| one == operation)
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(service) = self.service {
            write!(f, "{}:", service.iam_prefix())?;
        }
        f.write_str(self.operation.as_deref().unwrap_or("*"))
    }
}

/// Error returned when the simulator does not have the operation.
#[derive(Debug, thiserror::Error)]
#[error(
    "the simulator has no operation `{text}`{}",
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
)]
pub(super) struct UnknownOperation {
    text: String,
    nearest: Option<String>,
}

impl UnknownOperation {
    fn of_service(text: &str, prefix: &str) -> Self {
        let prefixes = Service::ALL.map(Service::iam_prefix);
        Self {
            text: text.to_owned(),
            nearest: nearest(prefix, prefixes.into_iter())
                .map(|nearest| text.replacen(prefix, &nearest, 1)),
        }
    }
}

/// Returns the name that was probably meant, in which at most a third of the letters differ.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<String> {
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| distance * 3 <= name.len().max(known.len()))
        .min()
        .map(|(_, known)| known.to_owned())
}
