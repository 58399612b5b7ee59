//! The builder of a service.

use std::time::Duration;

use super::Service;
use super::byte_size::ByteSize;
use super::conditions::Conditions;
use super::env::EnvName;
use super::fields::ServiceFields;
use super::gpus::Gpus;
use super::health::HealthFields;
use super::image::ContainerImage;
use super::port::PortMapping;
use super::restart::Restart;
use super::scalar::Words;
use super::secret::{NotSecretName, SecretSource};
use super::target::TargetBuilder;
use super::text::{DataPath, HealthMatcher, HealthPath, PathPattern, ServiceName};
use super::ulimit::UlimitName;
use super::user::ContainerUser;
use super::verify::Verify;
use super::volume::{VolumeFields, VolumeKind};

/// A builder of a [`Service`] of a spec: from [`Service::builder`], for
/// [`DeploymentSpecBuilder::service`](crate::spec::DeploymentSpecBuilder::service).
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
/// | [`port`](Self::port) | required | if it is 0, or on the instance 22 (SSH), 2049 (the file system) or taken |
/// | [`image`](Self::image) | required | never |
/// | [`ports`](Self::ports) | none | as `port` |
/// | [`internal`](Self::internal) | false | if it has a port, paths or a health check |
/// | [`paths`](Self::paths) | none: the default service | if there are more than 5, or one goes to a service already |
/// | [`conditions`](Self::conditions) | none | if a rule would have more than 5 values |
/// | [`strip_prefix`](Self::strip_prefix) | false | if a path is no prefix |
/// | [`target`](Self::target) | the defaults of [`TargetBuilder`] | see there |
/// | [`verify`](Self::verify) | none | if a body has no path to go to |
/// | [`health_path`](Self::health_path) | `/` | never |
/// | [`health_matcher`](Self::health_matcher) | `200` | never |
/// | [`health_port`](Self::health_port) | the port | if the service does not publish it |
/// | [`health_grace`](Self::health_grace) | 0 s | outside of 0 s to 2 h, or not whole seconds |
/// | [`command`](Self::command), [`entrypoint`](Self::entrypoint) | those of the image | as `env` |
/// | [`env`](Self::env) | that of the image | if a value has a NUL character, or looks like a secret |
/// | [`secret`](Self::secret) | none | if `env` has the variable too |
/// | [`not_secret`](Self::not_secret) | none | never |
/// | [`gpus`](Self::gpus) | all that there are | if it is 0, or more than an instance type has |
/// | [`shm_size`](Self::shm_size) | Docker's: 64 MiB | never |
/// | [`ulimit`](Self::ulimit) | Docker's | below -1 |
/// | [`data_path`](Self::data_path) | `/data` if there are no volumes | if a volume has the path |
/// | [`volume`](Self::volume), [`volumes`](Self::volumes) | one at the data path | if two have one path |
/// | [`user`](Self::user) | that of the image | never |
/// | [`restart`](Self::restart) | unless stopped | never |
/// | [`depends_on`](Self::depends_on) | none | if there is no such service, or they wait for each other |
///
/// Two services without paths are refused too, and so are services whose start script exceeds 16 KiB in all.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct ServiceBuilder(ServiceFields);

impl ServiceBuilder {
    pub(super) fn new(name: ServiceName, image: ContainerImage) -> Self {
        Self(ServiceFields::new(name, image))
    }

    /// Sets the name of the service, unique within the stack.
    pub fn name(mut self, name: ServiceName) -> Self {
        self.0.name = name;
        self
    }

    /// Sets the port that the load balancer serves. On the instance, it must be unique within the stack, and neither 22
    /// (SSH) nor 2049 (the shared file system).
    ///
    /// It is a number if the service has the same port in its container, else a pair: of the instance, of the
    /// container.
    ///
    /// ```
    /// use geusemaker_core::spec::{ContainerImage, Service};
    ///
    /// let image: ContainerImage = "vllm/vllm-openai:v0.11.0".parse()?;
    /// let vllm = Service::builder("vllm".parse()?, 8000, image).port((80, 8000));
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn port(mut self, port: impl Into<PortMapping>) -> Self {
        self.0.port = Some(port.into());
        self
    }

    /// Sets the further ports that the instance publishes, which the load balancer does not serve; none by default.
    pub fn ports(mut self, ports: impl IntoIterator<Item = PortMapping>) -> Self {
        self.0.ports = ports.into_iter().collect();
        self
    }

    /// Makes the service one that only other containers of the instance use: it has no port, paths and health check
    /// any more.
    pub fn internal(mut self) -> Self {
        self.0.internal = true;
        self.0.port = None;
        self.0.paths = Vec::new();
        self.0.conditions = Conditions::default();
        self.0.strip_prefix = false;
        self.0.target = None;
        self.0.verify = Verify::default();
        self.0.health_path = None;
        self.0.health = None;
        self
    }

    /// Sets the container image.
    pub fn image(mut self, image: ContainerImage) -> Self {
        self.0.image = image;
        self
    }

    /// Sets the path with which the load balancer checks the service; `/` by default.
    pub fn health_path(mut self, path: HealthPath) -> Self {
        self.health().path = Some(path);
        self
    }

    /// Sets the statuses that a healthy service answers with; `200` by default.
    pub fn health_matcher(mut self, matcher: HealthMatcher) -> Self {
        self.health().matcher = Some(matcher);
        self
    }

    /// Sets the port of the instance that is checked, instead of the one that serves. The service must publish it.
    pub fn health_port(mut self, port: u16) -> Self {
        self.health().port = Some(port);
        self
    }

    /// Sets the time that is added to the load balancer's wait for healthy targets, in whole seconds: at most 2 h, none
    /// by default.
    pub fn health_grace(mut self, grace: Duration) -> Self {
        self.health().grace = Some(grace);
        self
    }

    /// Sets the paths that the load balancer routes to the service, at most five; none for the default service.
    pub fn paths(mut self, paths: impl IntoIterator<Item = PathPattern>) -> Self {
        self.0.paths = paths.into_iter().collect();
        self
    }

    /// Sets the conditions that a request must meet besides one of the paths; none by default.
    pub fn conditions(mut self, conditions: Conditions) -> Self {
        self.0.conditions = conditions;
        self
    }

    /// Takes the prefix off the paths before the service sees them: `/ollama/api` becomes `/api`. Each path must be
    /// of the form `/ollama` or `/ollama/*`.
    pub fn strip_prefix(mut self, strips: bool) -> Self {
        self.0.strip_prefix = strips;
        self
    }

    /// Sets the way in which the load balancer treats the instances that serve the service.
    pub fn target(mut self, target: impl Into<TargetBuilder>) -> Self {
        self.0.target = Some(target.into());
        self
    }

    /// Sets the requests with which a verification asks the service, beside its health check; none by default.
    pub fn verify(mut self, verify: Verify) -> Self {
        self.0.verify = verify;
        self
    }

    /// Sets the words that replace the command of the image (CMD).
    pub fn command<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.0.command = Some(Words(words.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets the words that replace the entrypoint of the image (ENTRYPOINT).
    pub fn entrypoint<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.0.entrypoint = Some(Words(words.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets an environment variable, besides those that the builder and the image have.
    pub fn env(mut self, name: EnvName, value: impl Into<String>) -> Self {
        self.0.env.insert(name, value.into());
        self
    }

    /// Gives the container the value of a secret in an environment variable. The value is read on the instance, and is
    /// neither in the spec nor in its user data.
    ///
    /// ```
    /// use geusemaker_core::spec::{Service, SecretSource};
    ///
    /// let db = Service::internal("db".parse()?, "postgres:17".parse()?)
    ///     .secret("POSTGRES_PASSWORD".parse()?, SecretSource::Generated(Some("db".parse()?)));
    /// let ui = Service::builder("ui".parse()?, 8080, "ghcr.io/open-webui/open-webui:main".parse()?)
    ///     .secret("OPENAI_API_KEY".parse()?, "secretsmanager:llm/openai#key".parse()?);
    /// # let _ = (db, ui);
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn secret(mut self, variable: EnvName, source: SecretSource) -> Self {
        self.0.secrets.insert(variable, source);
        self
    }

    /// Says that the value of a variable of `env`, or after an option of the command, only looks like a secret.
    pub fn not_secret(mut self, name: NotSecretName) -> Self {
        self.0.not_secret.insert(name);
        self
    }

    /// Sets the GPUs that the container sees; by default, all that the instance type has. If they are set, a type
    /// without them is refused.
    pub fn gpus(mut self, gpus: Gpus) -> Self {
        self.0.gpus = Some(gpus);
        self
    }

    /// Sets the size of the shared memory of the container, `/dev/shm`.
    pub fn shm_size(mut self, size: ByteSize) -> Self {
        self.0.shm_size = Some(size);
        self
    }

    /// Sets a limit of the processes in the container; -1 is no limit.
    pub fn ulimit(mut self, name: UlimitName, limit: i64) -> Self {
        self.0.ulimits.insert(name, limit);
        self
    }

    /// Sets the path in the container of the first volume, which is on the shared file system, or on the root disk for
    /// the image of a known database; `/data` by default if no other volume is set.
    pub fn data_path(mut self, path: DataPath) -> Self {
        self.0.data_path = Some(path);
        self
    }

    /// Adds a volume after those that the builder has. There is no volume at `/data` then.
    pub fn volume(mut self, path: DataPath, on: VolumeKind) -> Self {
        let volumes = self.0.volumes.get_or_insert_default();
        volumes.push(VolumeFields { path, on: Some(on) });
        self
    }

    /// Sets all volumes, in place of those that the builder has and of the one at the data path.
    pub fn volumes(mut self, volumes: impl IntoIterator<Item = (DataPath, VolumeKind)>) -> Self {
        let fields = volumes
            .into_iter()
            .map(|(path, on)| VolumeFields { path, on: Some(on) });
        self.0.volumes = Some(fields.collect());
        self.0.data_path = None;
        self
    }

    /// Sets the user as whom the program runs. The folders of the service's volumes are given to it.
    pub fn user(mut self, user: ContainerUser) -> Self {
        self.0.user = Some(user);
        self
    }

    /// Sets the cases in which the container is started again; unless stopped by default.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.0.restart = restart;
        self
    }

    /// Sets the services that are started before this one.
    pub fn depends_on(mut self, services: impl IntoIterator<Item = ServiceName>) -> Self {
        self.0.depends_on = services.into_iter().collect();
        self
    }

    /// Returns the health check in its long form.
    fn health(&mut self) -> &mut HealthFields {
        let path = self.0.health_path.take();
        self.0.health.get_or_insert_with(|| HealthFields {
            path,
            ..HealthFields::default()
        })
    }

    /// Returns the fields as a file would have them.
    pub(in crate::spec) fn into_fields(self) -> ServiceFields {
        self.0
    }
}

impl From<Service> for ServiceBuilder {
    fn from(service: Service) -> Self {
        Self(service.into())
    }
}
