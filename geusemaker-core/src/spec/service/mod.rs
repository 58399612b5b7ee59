//! A service of the stack.

mod text;

use serde::{Deserialize, Deserializer, Serialize};

use super::bounded::WholeNumber;
use super::error::SpecError;

pub use text::{ContainerImage, DataPath, HealthPath, PathPattern, ServiceName};

/// A service: a program that runs as a container on every instance.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Service, Tier};
///
/// let ollama = Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, compute)
///     .service(ollama)
///     .build()?;
/// let ollama = &spec.services()[0];
/// assert_eq!(ollama.port(), 11434);
/// assert_eq!(ollama.health_path().as_str(), "/");
/// assert!(ollama.is_default());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Service {
    name: ServiceName,
    port: Port,
    #[serde(default)]
    health_path: HealthPath,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<PathPattern>,
    image: ContainerImage,
    #[serde(default)]
    data_path: DataPath,
}

impl Service {
    /// Starts a service with its name, its port and its image.
    ///
    /// The service listens on the port in its container and on the instance. [`ServiceBuilder`] lists the rules.
    pub fn builder(name: ServiceName, port: u16, image: ContainerImage) -> ServiceBuilder {
        ServiceBuilder {
            name,
            port,
            health_path: HealthPath::default(),
            paths: Vec::new(),
            image,
            data_path: DataPath::default(),
        }
    }

    /// Returns a builder that starts from this service.
    pub fn to_builder(&self) -> ServiceBuilder {
        self.clone().into()
    }

    /// Returns the name of the service, unique within the stack.
    pub fn name(&self) -> &ServiceName {
        &self.name
    }

    /// Returns the port on which the service listens, in its container and on the instance.
    pub fn port(&self) -> u16 {
        self.port.0
    }

    /// Returns the path that answers with status 200 when the service is healthy.
    pub fn health_path(&self) -> &HealthPath {
        &self.health_path
    }

    /// Returns the paths that the load balancer routes to the service; none for the default service.
    pub fn paths(&self) -> &[PathPattern] {
        &self.paths
    }

    /// Returns the container image.
    pub fn image(&self) -> &ContainerImage {
        &self.image
    }

    /// Returns the path in the container at which the service's folder of the shared file system is mounted.
    pub fn data_path(&self) -> &DataPath {
        &self.data_path
    }

    /// Returns true for the default service, which gets every request that matches no other service's paths.
    pub fn is_default(&self) -> bool {
        self.paths.is_empty()
    }
}

/// A builder of a [`Service`] of a spec: from [`Service::builder`], for
/// [`DeploymentSpecBuilder::service`](super::DeploymentSpecBuilder::service).
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Service, Tier};
///
/// let ollama = Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?)
///     .health_path("/api/version".parse()?)
///     .paths(["/api/*".parse()?])
///     .data_path("/root/.ollama".parse()?);
/// let ui = Service::builder("ui".parse()?, 11434, "ghcr.io/open-webui/open-webui:main".parse()?);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, compute)
///     .service(ollama)
///     .service(ui);
/// let error = spec.build().unwrap_err();
/// assert_eq!(error.field(), Some("service[1].port"));
/// assert_eq!(error.message(), "11434 is taken by an earlier service: choose another");
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`name`](Self::name) | required | if another service has it, or the target group's name exceeds 32 characters |
/// | [`port`](Self::port) | required | if it is 0, 22 (SSH) or 2049 (the file system), or another service has it |
/// | [`image`](Self::image) | required | never |
/// | [`health_path`](Self::health_path) | `/` | never |
/// | [`paths`](Self::paths) | none: the default service | if there are more than 5, or one goes to a service already |
/// | [`data_path`](Self::data_path) | `/data` | never |
///
/// Two services without paths are refused too, and so are services whose start script exceeds 16 KiB in all.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct ServiceBuilder {
    name: ServiceName,
    port: u16,
    health_path: HealthPath,
    paths: Vec<PathPattern>,
    image: ContainerImage,
    data_path: DataPath,
}

impl ServiceBuilder {
    /// Sets the name of the service, unique within the stack.
    pub fn name(mut self, name: ServiceName) -> Self {
        self.name = name;
        self
    }

    /// Sets the port on which the service listens, in its container and on the instance: any port except 22 (SSH) and
    /// 2049 (the shared file system), unique within the stack.
    pub fn port(mut self, number: u16) -> Self {
        self.port = number;
        self
    }

    /// Sets the container image.
    pub fn image(mut self, image: ContainerImage) -> Self {
        self.image = image;
        self
    }

    /// Sets the path that answers with status 200 when the service is healthy; `/` by default.
    pub fn health_path(mut self, path: HealthPath) -> Self {
        self.health_path = path;
        self
    }

    /// Sets the paths that the load balancer routes to the service, at most five; none for the default service.
    pub fn paths(mut self, paths: impl IntoIterator<Item = PathPattern>) -> Self {
        self.paths = paths.into_iter().collect();
        self
    }

    /// Sets the path in the container at which the service's folder of the shared file system is mounted; `/data` by
    /// default.
    pub fn data_path(mut self, path: DataPath) -> Self {
        self.data_path = path;
        self
    }

    /// Checks the values that can be wrong by themselves.
    pub(super) fn checked(self) -> Result<Service, SpecError> {
        Ok(Service {
            name: self.name,
            port: port(self.port.into()).map_err(|error| error.at("port"))?,
            health_path: self.health_path,
            paths: self.paths,
            image: self.image,
            data_path: self.data_path,
        })
    }
}

impl From<Service> for ServiceBuilder {
    fn from(service: Service) -> Self {
        Self {
            name: service.name,
            port: service.port.0,
            health_path: service.health_path,
            paths: service.paths,
            image: service.image,
            data_path: service.data_path,
        }
    }
}

/// A TCP port that a service may listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct Port(u16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
        port(number).map_err(serde::de::Error::custom)
    }
}

fn port(number: i128) -> Result<Port, SpecError> {
    match u16::try_from(number) {
        Ok(22) => Err(SpecError::new("port 22 is taken by SSH: choose another")),
        Ok(2049) => Err(SpecError::new(
            "port 2049 is taken by the shared file system: choose another",
        )),
        Ok(0) | Err(_) => Err(SpecError::new(format!(
            "must be a port from 1 to 65535, not {number}"
        ))),
        Ok(number) => Ok(Port(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_ports_are_refused() {
        for (number, reason) in [
            (22, "SSH"),
            (2049, "shared file system"),
            (0, "from 1 to 65535"),
        ] {
            let error = port(number).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        for number in [1, 80, 11434, 65535_u16] {
            assert_eq!(port(number.into()).unwrap().0, number);
        }
        let error = serde_json::from_str::<Port>("65536")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("must be a port from 1 to 65535, not 65536"),
            "{error}"
        );
        assert!(serde_json::from_str::<Port>("-1").is_err());
    }
}
