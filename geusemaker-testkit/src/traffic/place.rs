//! The ports of instances, by the service that answers there.

use std::fmt;

use super::instance::Endpoint;

/// Ports of instances: those of a service, of an instance, or both.
///
/// A text is the name of a service, or the id of an instance if it begins with `i-`; a number is a port.
///
/// ```
/// use geusemaker_testkit::traffic::Place;
///
/// assert_eq!(Place::from("vllm").to_string(), "vllm");
/// assert_eq!(Place::from("i-0123456789abcdef0").to_string(), "i-0123456789abcdef0");
/// let narrow = Place::service("vllm").on_instance(2).on_port(8000);
/// assert_eq!(narrow.to_string(), "vllm on port 8000 of instance 2");
/// assert_eq!(Place::anywhere().to_string(), "any instance");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Place {
    service: Option<String>,
    instance: Option<Instance>,
    port: Option<u16>,
}

/// The way in which an instance is named.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Instance {
    Id(String),
    /// The number among those launched in its region, counted from 1.
    Number(u32),
}

impl Place {
    /// Returns every port of every instance.
    pub fn anywhere() -> Self {
        Self::default()
    }

    /// Returns the ports of a service, on every instance, as [`Guest::services`](crate::Guest::services) names it.
    pub fn service(name: impl Into<String>) -> Self {
        let service = Some(name.into());
        Self {
            service,
            ..Self::default()
        }
    }

    /// Returns the ports of an instance, by its id.
    pub fn instance(id: impl Into<String>) -> Self {
        let instance = Some(Instance::Id(id.into()));
        Self {
            instance,
            ..Self::default()
        }
    }

    /// Narrows the place to one instance: the nth that was launched in its region, counted from 1.
    pub fn on_instance(mut self, nth: u32) -> Self {
        self.instance = Some(Instance::Number(nth));
        self
    }

    /// Narrows the place to one instance, by its id.
    pub fn on_instance_id(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(Instance::Id(id.into()));
        self
    }

    /// Narrows the place to one port of the instances.
    pub fn on_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    pub(super) fn is_of(&self, endpoint: &Endpoint) -> bool {
        let is_service = |name: &String| {
            let service = endpoint.service.as_ref();
            service.is_some_and(|service| service.name == *name)
        };
        let is_instance = |instance: &Instance| match instance {
            Instance::Id(id) => endpoint.instance == *id,
            Instance::Number(number) => endpoint.launch_number == *number,
        };
        self.service.as_ref().is_none_or(is_service)
            && self.instance.as_ref().is_none_or(is_instance)
            && self.port.is_none_or(|port| port == endpoint.port)
    }
}

impl From<&str> for Place {
    fn from(name: &str) -> Self {
        Self::from(name.to_owned())
    }
}

impl From<String> for Place {
    fn from(name: String) -> Self {
        if name.starts_with("i-") {
            Self::instance(name)
        } else {
            Self::service(name)
        }
    }
}

impl From<u16> for Place {
    fn from(port: u16) -> Self {
        Self::anywhere().on_port(port)
    }
}

impl fmt::Display for Place {
    /// Writes the place as words: `vllm on port 8000 of instance 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instance = match &self.instance {
            Some(Instance::Id(id)) => id.clone(),
            Some(Instance::Number(number)) => format!("instance {number}"),
            None => "any instance".to_owned(),
        };
        match (&self.service, &self.instance, self.port) {
            (Some(service), None, None) => f.write_str(service),
            (Some(service), None, Some(port)) => write!(f, "{service} on port {port}"),
            (Some(service), Some(_), None) => write!(f, "{service} on {instance}"),
            (Some(service), Some(_), Some(port)) => {
                write!(f, "{service} on port {port} of {instance}")
            }
            (None, _, Some(port)) => write!(f, "port {port} of {instance}"),
            (None, _, None) => f.write_str(&instance),
        }
    }
}
