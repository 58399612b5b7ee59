//! A service of the stack.

mod builder;
mod byte_size;
mod conditions;
mod database;
mod ecr_repository;
mod env;
mod fields;
mod gpus;
mod health;
mod image;
mod port;
mod restart;
mod scalar;
mod secret;
mod target;
mod text;
mod ulimit;
mod user;
mod verify;
mod volume;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use builder::ServiceBuilder;
pub use byte_size::ByteSize;
pub(super) use conditions::wildcards;
pub use conditions::{Conditions, HeaderName, HeaderPattern, HostPattern, HttpMethod};
pub(super) use database::keeps_database;
pub(crate) use ecr_repository::EcrRepository;
pub use env::EnvName;
pub(super) use env::leading_name;
pub(super) use fields::{NotSecretNames, ServedFields, ServiceFields, Variables, unrepeated};
pub use gpus::Gpus;
pub use health::Health;
pub use image::ContainerImage;
pub use port::PortMapping;
pub use restart::Restart;
pub use secret::{
    GeneratedSecretName, NotSecretName, ParameterName, SecretKey, SecretName, SecretSource,
};
pub use target::{Algorithm, Target, TargetBuilder, TargetProtocol, TargetVersion};
pub use text::{DataPath, HealthMatcher, HealthPath, PathPattern, ServiceName};
pub use ulimit::UlimitName;
pub use user::ContainerUser;
pub use verify::{RequestPath, StreamBody, Verify};
pub use volume::{Volume, VolumeKind};

/// A service: a program that runs as a container on every instance.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Service, Tier};
///
/// let ollama = Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?);
/// let database = Service::internal("db".parse()?, "postgres:17".parse()?);
/// let compute = Compute::builder("g5.xlarge".parse()?);
/// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, compute)
///     .service(ollama)
///     .service(database)
///     .build()?;
/// let [ollama, database] = spec.services() else { unreachable!() };
/// assert_eq!(ollama.port().map(|port| port.host()), Some(11434));
/// assert_eq!(ollama.health().path().as_str(), "/");
/// assert!(ollama.is_default());
/// assert!(database.is_internal());
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ServiceFields", into = "ServiceFields")]
pub struct Service {
    name: ServiceName,
    /// Present unless the service is internal.
    port: Option<PortMapping>,
    ports: Vec<PortMapping>,
    internal: bool,
    health: Health,
    paths: Vec<PathPattern>,
    conditions: Conditions,
    strip_prefix: bool,
    target: Target,
    verify: Verify,
    image: ContainerImage,
    command: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    env: BTreeMap<EnvName, String>,
    secrets: BTreeMap<EnvName, SecretSource>,
    not_secret: BTreeSet<NotSecretName>,
    gpus: Option<Gpus>,
    shm_size: Option<ByteSize>,
    ulimits: BTreeMap<UlimitName, i64>,
    volumes: Vec<Volume>,
    user: Option<ContainerUser>,
    restart: Restart,
    depends_on: Vec<ServiceName>,
}

impl Service {
    /// Starts a service with its name, its port and its image.
    ///
    /// The service listens on the port in its container and on the instance. [`ServiceBuilder`] lists the rules.
    pub fn builder(name: ServiceName, port: u16, image: ContainerImage) -> ServiceBuilder {
        ServiceBuilder::new(name, image).port(port)
    }

    /// Starts a service that only other containers of the instance use, by its name: no load balancer serves it, so it
    /// has no port, paths and health check.
    pub fn internal(name: ServiceName, image: ContainerImage) -> ServiceBuilder {
        ServiceBuilder::new(name, image).internal()
    }

    /// Returns a builder that starts from this service.
    pub fn to_builder(&self) -> ServiceBuilder {
        self.clone().into()
    }

    /// Returns the name of the service, unique within the stack.
    pub fn name(&self) -> &ServiceName {
        &self.name
    }

    /// Returns the port that the load balancer serves; none for an internal service.
    pub fn port(&self) -> Option<PortMapping> {
        self.port
    }

    /// Returns the further ports that the instance publishes, which the load balancer does not serve.
    pub fn published_ports(&self) -> &[PortMapping] {
        &self.ports
    }

    /// Returns true if no load balancer serves the service: only other containers of the instance use it, by its name.
    pub fn is_internal(&self) -> bool {
        self.internal
    }

    /// Returns the health check of the load balancer. It has no meaning for an internal service.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Returns the paths that the load balancer routes to the service; none for the default service.
    pub fn paths(&self) -> &[PathPattern] {
        &self.paths
    }

    /// Returns the conditions that a request must meet besides one of the paths.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Returns true if the load balancer takes the prefix off the paths: `/ollama/api` becomes `/api`.
    pub fn strips_prefix(&self) -> bool {
        self.strip_prefix
    }

    /// Returns the way in which the load balancer treats the instances that serve the service.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Returns the requests with which a verification asks the service, beside its health check.
    pub fn verify(&self) -> &Verify {
        &self.verify
    }

    /// Returns the container image.
    pub fn image(&self) -> &ContainerImage {
        &self.image
    }

    /// Returns the words that replace the command of the image, if there are any. An empty list replaces it too.
    pub fn command(&self) -> Option<&[String]> {
        self.command.as_deref()
    }

    /// Returns the words that replace the entrypoint of the image, if there are any. An empty list replaces it too.
    pub fn entrypoint(&self) -> Option<&[String]> {
        self.entrypoint.as_deref()
    }

    /// Returns the environment variables, besides those of the image.
    pub fn env(&self) -> &BTreeMap<EnvName, String> {
        &self.env
    }

    /// Returns the places of the secrets, by the environment variables in which the container gets their values.
    ///
    /// ```
    /// use geusemaker_core::spec::{SecretSource, Service};
    /// # use geusemaker_core::spec::{Compute, DeploymentSpec, Tier};
    ///
    /// let vllm = Service::builder("vllm".parse()?, 8000, "vllm/vllm-openai:v0.11.0".parse()?)
    ///     .secret("HF_TOKEN".parse()?, "ssm:/llm/hf-token".parse()?)
    ///     .secret("VLLM_API_KEY".parse()?, SecretSource::Generated(None));
    /// # let compute = Compute::builder("g5.xlarge".parse()?);
    /// # let spec = DeploymentSpec::builder("llm".parse()?, Tier::Instances, compute).service(vllm).build()?;
    /// # let vllm = &spec.services()[0];
    /// # assert_eq!(vllm.secrets().len(), 2);
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn secrets(&self) -> &BTreeMap<EnvName, SecretSource> {
        &self.secrets
    }

    /// Returns the names of the variables and options whose values only look like secrets.
    pub fn not_secret(&self) -> &BTreeSet<NotSecretName> {
        &self.not_secret
    }

    /// Returns the GPUs that the container sees, if the instance has any.
    pub fn gpus(&self) -> Gpus {
        self.gpus.unwrap_or_default()
    }

    /// Returns the GPUs that the spec names for the container, which the instance must have.
    pub(crate) fn named_gpus(&self) -> Option<Gpus> {
        self.gpus
    }

    /// Returns the size of the shared memory of the container, if it is not Docker's default.
    pub fn shm_size(&self) -> Option<ByteSize> {
        self.shm_size
    }

    /// Returns the limits of the processes in the container; -1 is no limit.
    pub fn ulimits(&self) -> &BTreeMap<UlimitName, i64> {
        &self.ulimits
    }

    /// Returns the volumes: by default one, at `/data`.
    pub fn volumes(&self) -> &[Volume] {
        &self.volumes
    }

    /// Returns the user as whom the program runs, if it is not that of the image.
    pub fn user(&self) -> Option<ContainerUser> {
        self.user
    }

    /// Returns the cases in which the container is started again.
    pub fn restart(&self) -> Restart {
        self.restart
    }

    /// Returns the services that are started before this one.
    pub fn depends_on(&self) -> &[ServiceName] {
        &self.depends_on
    }

    /// Returns true for the default service, which gets every request that matches no rule of another service.
    pub fn is_default(&self) -> bool {
        !self.internal && self.paths.is_empty() && self.conditions.is_empty()
    }
}

impl TryFrom<ServiceFields> for Service {
    type Error = crate::spec::error::SpecError;

    fn try_from(fields: ServiceFields) -> Result<Self, Self::Error> {
        fields.checked()
    }
}
