//! The spec of a deployment: validated values, checked without AWS.
//!
//! A [`DeploymentSpec`] comes from a file ([`DeploymentSpec::from_file`]) or from a builder
//! ([`DeploymentSpec::builder`]). Either way it has passed every check that needs no AWS account. The file format:
//!
//! ```
//! # let spec = geusemaker_core::spec::DeploymentSpec::from_toml(r#"
//! name = "llm-prod"
//! tier = 2
//!
//! [compute]
//! instance_type = "g5.xlarge"
//!
//! [[service]]
//! name = "ollama"
//! port = 11434
//! health_path = "/api/version"
//! image = "ollama/ollama:latest"
//! # "#)?;
//! # assert_eq!(spec.services().len(), 1);
//! # Ok::<(), geusemaker_core::spec::SpecError>(())
//! ```
//!
//! A service has the keys that Docker Compose has for the same things, and some more:
//!
//! ```
//! # let spec = geusemaker_core::spec::DeploymentSpec::from_toml(r#"
//! # name = "llm-prod"
//! # tier = 2
//! # compute.instance_type = "g5.xlarge"
//! [[service]]
//! name = "vllm"
//! image = "vllm/vllm-openai:v0.11.0"
//! port = "80:8000"                          # of the instance, in the container; or 8000 for both
//! ports = ["8001:9000"]                     # further ports of the instance; the load balancer does not serve them
//! paths = ["/v1/*"]                         # the requests that the load balancer sends to it; else all that remain
//! health = { path = "/health", matcher = "200-299", port = 8001, grace = "15m" }
//! command = ["--model", "Qwen/Qwen3-8B"]    # replaces the image's CMD; "args" is another name
//! entrypoint = ["vllm", "serve"]            # replaces the image's ENTRYPOINT
//! env = { VLLM_LOGGING_LEVEL = "INFO", OMP_NUM_THREADS = 4 }
//! secrets = { HF_TOKEN = "ssm:/llm/hf-token" }  # variables whose values the instances read
//! gpus = 1                                  # or "none"; by default, all that there are
//! shm_size = "8g"
//! ulimits = { memlock = -1, nofile = 65536 }
//! user = "1000:1000"                        # the folders of its volumes are given to it
//! restart = "always"                        # or "on-failure", "no"; "unless-stopped" by default
//! depends_on = ["db"]
//! volumes = [                               # one at /data by default
//!     { path = "/models", on = "shared" },  # the shared file system
//!     { path = "/root/.cache", on = "scratch" },  # instance-store disks, if there are any
//! ]
//!
//! [[service]]
//! name = "db"
//! image = "postgres:17"
//! internal = true                           # only other containers use it, by its name: no port, paths and health
//! secrets = { POSTGRES_PASSWORD = "generate:db" }
//! volumes = [{ path = "/var/lib/postgresql/data", on = "local" }]  # the root disk: the default for databases
//! # "#)?;
//! # assert_eq!(spec.services().len(), 2);
//! # assert_eq!(spec.warnings().len(), 1); // It is open to the internet.
//! # Ok::<(), geusemaker_core::spec::SpecError>(())
//! ```
//!
//! # Secrets
//!
//! A spec names the place of a secret and never has its value, since whoever may describe the instances can read it.
//! [`SecretSource`] lists the places:
//!
//! ```
//! # let spec = geusemaker_core::spec::DeploymentSpec::from_toml(r#"
//! # name = "llm-prod"
//! # tier = 1
//! # compute.instance_type = "g5.xlarge"
//! # [[service]]
//! # name = "a"
//! # port = 80
//! # image = "a"
//! secrets = { HF_TOKEN = "ssm:/llm/hf-token",             # a parameter of Systems Manager
//!             OPENAI_API_KEY = "secretsmanager:llm/openai",  # a secret of Secrets Manager
//!             SMTP_PASSWORD = "secretsmanager:llm/smtp#password",  # one key of a JSON object there
//!             ENCRYPTION_KEY = "generate",               # random, made by the first instance
//!             DB_PASSWORD = "generate:db" }              # the same, with a name by which services share it
//! env = { WEBUI_SECRET_KEY = "t0p-s3cret" }
//! not_secret = ["WEBUI_SECRET_KEY"]  # variables and options whose values only look like secrets
//! # "#)?;
//! # assert_eq!(spec.services()[0].secrets().len(), 5);
//! # Ok::<(), geusemaker_core::spec::SpecError>(())
//! ```
//!
//! A value in `env`, `command` or `entrypoint` that looks like a secret, by its form, its variable or its option, is an
//! error that says where it belongs and does not repeat it. A generated secret is kept in
//! `/mnt/shared/.geusemaker/secrets` on the shared file system, in a file of its name or of `SERVICE.VARIABLE`. The
//! instances read all values again at each start, and a container whose values have changed is made anew then. Without
//! a shell in between, a program takes a secret from its variable alone; with one, a command can pass it on:
//! `command = ["sh", "-c", "exec redis-server --requirepass \"$REDIS_PASSWORD\""]`.
//!
//! # Variables
//!
//! [`DeploymentSpec::from_file_with`] replaces `${NAME}` and `${NAME:-default}` in texts, with the values of
//! [`SpecVariables`]: given ones, or those of the environment. The other functions replace nothing. Secrets are never
//! taken from variables.
//!
//! # Access
//!
//! `[access]` says how the instances, and what runs on them, are reached:
//!
//! ```
//! # let spec = geusemaker_core::spec::DeploymentSpec::from_toml(r#"
//! # name = "llm-prod"
//! # tier = 1
//! # compute = { instance_type = "g5.xlarge", key_pair = "me" }
//! # [[service]]
//! # name = "ollama"
//! # port = 11434
//! # image = "ollama/ollama:latest"
//! [access]
//! ssm = true                                # logs, commands and shells, by a role that is created; the default
//! # instance_profile = "gpu-workers"        # an existing profile, instead of a new role
//! allow = ["203.0.113.0/24"]                # who reaches the services (tier 1) or the load balancer (tier 2)
//! ssh_from = ["203.0.113.7/32"]             # who reaches port 22; needs compute.key_pair
//! containers_use_role = false               # true: containers, too, act with the role of their instance
//! # "#)?;
//! # assert!(spec.access().ssm());
//! # Ok::<(), geusemaker_core::spec::SpecError>(())
//! ```
//!
//! # Network
//!
//! Without `[network]`, the stack uses the default VPC of the Region. It can use another VPC, or create one:
//!
//! ```
//! # let spec = geusemaker_core::spec::DeploymentSpec::from_toml(r#"
//! # name = "llm-prod"
//! # tier = 1
//! # compute.instance_type = "g5.xlarge"
//! [network]
//! create = true                             # a VPC of its own, which is deleted with the stack
//! cidr = "10.0.0.0/16"                      # its range, from /16 to /24
//! private = true                            # the instances have no public addresses
//! egress = "nat"                            # their way out; or "endpoints": AWS's services alone
//! # "#)?;
//! # assert!(spec.network().is_created());
//! # Ok::<(), geusemaker_core::spec::SpecError>(())
//! ```
//!
//! # CDN
//!
//! `[cdn]` has the settings of CloudFront in tier 3. By default nothing is cached, every method and header is passed on,
//! and answers get headers for security. Some paths can be treated otherwise; the first behavior that matches applies:
//!
//! ```
//! # let spec = geusemaker_core::spec::DeploymentSpec::from_toml(r#"
//! # name = "llm-prod"
//! # tier = 3
//! # compute.instance_type = "g5.xlarge"
//! # [[service]]
//! # name = "ui"
//! # port = 8080
//! # image = "example/ui:1"
//! [cdn]
//! price_class = "all"                       # all edge locations; "100" (the default), "200"
//! geo = { allow = ["DE", "FR"] }            # or deny
//! logging = { bucket = "my-logs.s3.amazonaws.com", prefix = "cf/" }
//!
//! [[cdn.behavior]]
//! path = "/static/*"
//! cache = "optimized"                       # or "origin": as the answer's Cache-Control says; "disabled"; an id
//!
//! [[cdn.error]]
//! code = 404
//! page = "/index.html"
//! response = 200
//! # "#)?;
//! # assert_eq!(spec.cdn().behaviors().len(), 1);
//! # Ok::<(), geusemaker_core::spec::SpecError>(())
//! ```
//!
//! # Names and HTTPS
//!
//! Without a name, the load balancer answers with HTTP, and CloudFront with HTTPS under a name of its own. `[domain]`
//! gives the stack a name, from tier 2 on:
//!
//! ```
//! # let spec = geusemaker_core::spec::DeploymentSpec::from_toml(r#"
//! # name = "llm-prod"
//! # tier = 3
//! # compute.instance_type = "g5.xlarge"
//! # [[service]]
//! # name = "ollama"
//! # port = 11434
//! # image = "ollama/ollama:latest"
//! [domain]
//! name = "llm.example.com"
//! hosted_zone = "example.com"               # of Route 53, or its id: certificates and records are made there
//! origin_name = "origin.llm.example.com"    # of the load balancer behind CloudFront; this is the default
//! wait_timeout = "45m"                      # the longest wait for a certificate
//! [cdn]
//! aliases = ["chat.example.com"]            # further names
//! # "#)?;
//! # assert_eq!(spec.names().len(), 2);
//! # Ok::<(), geusemaker_core::spec::SpecError>(())
//! ```
//!
//! Certificates that exist can be named instead: `load_balancer.certificate_arn`, of the stack's Region, and
//! `cdn.certificate_arn`, of us-east-1. They must be issued and cover the names, which is checked before anything is
//! made. Without a `hosted_zone`, somebody else makes the records that lead from the names to the stack.
//!
//! # Authentication
//!
//! The load balancer can ask for a proof before a service gets a request:
//!
//! ```
//! # let spec = geusemaker_core::spec::DeploymentSpec::from_toml(r#"
//! # name = "llm-prod"
//! # tier = 2
//! # compute.instance_type = "g5.xlarge"
//! # domain = { name = "llm.example.com", hosted_zone = "example.com" }
//! # [[service]]
//! # name = "ollama"
//! # port = 11434
//! # image = "ollama/ollama:latest"
//! [load_balancer.auth]
//! type = "oidc"                             # or "cognito", or "bearer" for a token that is made for the stack
//! issuer = "https://login.example.com"
//! authorization_endpoint = "https://login.example.com/authorize"
//! token_endpoint = "https://login.example.com/token"
//! user_info_endpoint = "https://login.example.com/userinfo"
//! client_id = "llm"
//! client_secret = "ssm:/llm/client-secret"  # its place, never the value
//! # "#)?;
//! # assert!(spec.load_balancer().auth().is_some());
//! # Ok::<(), geusemaker_core::spec::SpecError>(())
//! ```
//!
//! # Compose files
//!
//! `compose = "docker-compose.yml"` takes services from a Compose file, whose path is relative to the file of the spec.
//! The load balancer serves the first of them that publishes a port, and the others are internal. A table chooses which
//! are served, and how:
//!
//! ```toml
//! [compose]
//! file = "docker-compose.yml"
//! [compose.served]
//! open-webui = { health_path = "/health" }
//! vllm = { paths = ["/v1/*"], health = { path = "/health", grace = "15m" } }
//! [compose.secrets.vllm]                    # in place of what the Compose file has for these variables, and besides
//! HF_TOKEN = "ssm:/llm/hf-token"
//! [compose.not_secret]
//! open-webui = ["OPENAI_API_KEY"]
//! ```
//!
//! These keys of a Compose service are taken over: `image`, `command`, `entrypoint`, `environment`, `ports` (TCP, with
//! the port of the host), `volumes` (named ones, on the root disk), `shm_size`, `ulimits`, `user`, `restart`,
//! `depends_on` (for the order alone), `gpus: all`, `runtime: nvidia` and `deploy.resources.reservations.devices`. A
//! service that asks for no GPU sees none. Of the variables, `${NAME:-default}` has its default: neither the environment
//! nor a `.env` file is read. `healthcheck` gives a warning, `expose` and `x-…` mean nothing, and every other key is an
//! error with its line.

mod access;
mod access_logs;
mod access_point;
mod architecture;
mod auth;
mod bounded;
mod builder;
mod cdn;
mod certificate;
mod cidr_block;
mod compose;
mod compute;
mod cpu_instance_type;
mod cross_check;
mod described_type;
mod difference;
mod domain;
mod domain_name;
mod duration;
mod egress;
mod error;
mod excerpt;
mod gpu_instance_type;
mod gpu_model;
mod hosted_zone;
mod image_source;
mod instance_type;
mod instance_type_name;
mod is_default;
mod limited_file;
mod load_balancer;
mod market;
mod minimum_tls;
mod network;
mod operating_system;
mod plain_secret;
mod price;
mod purchase;
mod region;
mod requested_type;
mod route;
mod scheme;
mod service;
mod stack_name;
mod storage;
mod text;
mod tier;
mod toml_document;
mod toml_file;
mod unchecked;
mod variables;
mod vcpu_quota;
mod vpc_range;
mod warning;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_path_to_error::Track;

use compose::Tables;
use service::ServiceFields;
use unchecked::UncheckedSpec;

pub use access::{Access, AccessBuilder, InstanceProfileName};
pub use access_logs::{AccessLogs, AccessLogsPrefix, BucketName};
pub(crate) use access_point::WantedAccessPoint;
pub use architecture::Architecture;
pub(crate) use auth::SignIn;
pub use auth::{
    Auth, ClientId, CognitoAuth, HttpsUrl, OidcAuth, OidcEndpoints, OnUnauthenticated, Scope,
    UserPoolArn, UserPoolDomain,
};
pub use builder::DeploymentSpecBuilder;
pub use cdn::{
    CachePolicy, Cdn, CdnBehavior, CdnBuilder, CdnComment, CdnHttpVersion, CdnLogging, CdnMethods,
    CdnOrigin, CdnPath, CountryCode, CustomErrorResponse, ErrorPagePath, ErrorStatus,
    GeoRestriction, InvalidationPath, InvalidationPaths, LogBucket, LogPrefix, OriginRequestPolicy,
    OriginShield, PolicyId, PriceClass, ResponseHeadersPolicy, ResponseStatus, WebAcl,
};
pub(crate) use certificate::WantedCertificate;
pub use cidr_block::CidrBlock;
pub use compute::{Compute, ComputeBuilder, KeyPairName};
pub use cpu_instance_type::CpuInstanceType;
pub(crate) use described_type::{DescribedGpus, DescribedType};
pub use difference::Difference;
pub use domain::{Domain, DomainBuilder};
pub use domain_name::DomainName;
pub use egress::Egress;
pub use error::SpecError;
pub use excerpt::Excerpt;
pub(crate) use gpu_instance_type::hint as type_hint;
pub use gpu_instance_type::{DeepLearningAmi, GpuInstanceType};
pub use gpu_model::GpuModel;
pub use hosted_zone::HostedZone;
pub use image_source::ImageSource;
pub use instance_type::InstanceType;
pub(crate) use instance_type::{read_stored as read_stored_type, store as store_type};
pub use instance_type_name::InstanceTypeName;
pub use load_balancer::{LoadBalancer, LoadBalancerBuilder};
pub use market::Market;
pub use minimum_tls::MinimumTls;
pub use network::{Network, NetworkBuilder};
pub use operating_system::OperatingSystem;
pub use price::{MaxPrice, PriceEstimate};
pub use purchase::Purchase;
pub use region::Region;
pub use requested_type::RequestedType;
pub use route::Route;
pub use scheme::Scheme;
pub(crate) use service::EcrRepository;
pub use service::{
    Algorithm, ByteSize, Conditions, ContainerImage, ContainerUser, DataPath, EnvName,
    GeneratedSecretName, Gpus, HeaderName, HeaderPattern, Health, HealthMatcher, HealthPath,
    HostPattern, HttpMethod, NotSecretName, ParameterName, PathPattern, PortMapping, RequestPath,
    Restart, SecretKey, SecretName, SecretSource, Service, ServiceBuilder, ServiceName, StreamBody,
    Target, TargetBuilder, TargetProtocol, TargetVersion, UlimitName, Verify, Volume, VolumeKind,
};
pub use stack_name::StackName;
pub use storage::{Storage, StorageBuilder};
pub use tier::Tier;
pub use variables::{SpecVariables, VariableName};
pub use vcpu_quota::VcpuQuota;
pub use vpc_range::VpcRange;
pub use warning::SpecWarning;

/// A valid description of a deployment: what to deploy, where, and how long to wait for it.
///
/// It cannot be changed; [`to_builder`](Self::to_builder) makes another one.
///
/// ```
/// use geusemaker_core::spec::DeploymentSpec;
///
/// let spec = DeploymentSpec::from_toml(
///     r#"
///     name = "llm-prod"
///     tier = 1
///     [compute]
///     instance_type = "g5.xlarge"
///     "#,
/// )?;
/// assert_eq!(spec.name().as_str(), "llm-prod");
/// assert_eq!(spec.compute().count(), 1);
/// # Ok::<(), geusemaker_core::spec::SpecError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DeploymentSpec(UncheckedSpec);

/// The most that CloudFront waits for an origin between two packets.
///
/// Source: Amazon CloudFront Developer Guide, "Response timeout".
const LONGEST_READ_TIMEOUT: Duration = Duration::from_secs(120);

impl DeploymentSpec {
    /// Starts a spec with its name, its tier and its instances.
    ///
    /// [`DeploymentSpecBuilder`] lists what can be set, the defaults and the bounds.
    ///
    /// ```
    /// use geusemaker_core::spec::{Compute, DeploymentSpec, Tier};
    ///
    /// let compute = Compute::builder("g5.xlarge".parse()?);
    /// let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute).build()?;
    /// assert!(spec.services().is_empty());
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn builder(
        name: StackName,
        tier: Tier,
        compute: impl Into<ComputeBuilder>,
    ) -> DeploymentSpecBuilder {
        DeploymentSpecBuilder::new(name, tier, compute.into())
    }

    /// Returns a builder that starts from this spec, to make another one that differs.
    ///
    /// ```
    /// # use geusemaker_core::spec::{Compute, DeploymentSpec, StackName, Tier};
    /// # let compute = Compute::builder("g5.xlarge".parse()?);
    /// # let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute).build()?;
    /// let twenty = (1..=20)
    ///     .map(|number| spec.to_builder().name(format!("llm-{number}").parse()?).build())
    ///     .collect::<Result<Vec<DeploymentSpec>, _>>()?;
    /// assert_eq!(twenty[19].name().as_str(), "llm-20");
    /// assert_eq!(twenty[19].compute(), spec.compute());
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn to_builder(&self) -> DeploymentSpecBuilder {
        self.clone().into()
    }

    /// Reads a spec from TOML. No variables are replaced: `${NAME}` stands for itself.
    ///
    /// # Errors
    /// Returns an error for the first problem, with its line and field.
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        toml_file::parse(text, None)
    }

    /// Reads a spec from TOML whose texts may have variables; see [`SpecVariables`].
    ///
    /// # Errors
    /// Returns an error as [`from_toml`](Self::from_toml) does, and for variables that have no value, or that the text
    /// does not have.
    pub fn from_toml_with(text: &str, variables: &SpecVariables) -> Result<Self, SpecError> {
        toml_file::parse(text, Some(variables))
    }

    /// Reads a spec from a TOML file. No variables are replaced: `${NAME}` stands for itself.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or for the first problem in it, with its line and field.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SpecError> {
        toml_file::read(path.as_ref(), None)
    }

    /// Reads a spec from a TOML file whose texts may have variables; see [`SpecVariables`].
    ///
    /// # Errors
    /// Returns an error as [`from_file`](Self::from_file) does, and for variables that have no value, or that the file
    /// does not have.
    pub fn from_file_with(
        path: impl AsRef<Path>,
        variables: &SpecVariables,
    ) -> Result<Self, SpecError> {
        toml_file::read(path.as_ref(), Some(variables))
    }

    /// Reads a spec in TOML from a source, such as standard input, whose name stands in errors. Relative paths in it
    /// begin at the folder.
    ///
    /// ```
    /// use geusemaker_core::DeploymentSpec;
    ///
    /// let text = &b"name = 'llm'\ntier = 4"[..];
    /// let error = DeploymentSpec::from_reader(text, "standard input", "specs").unwrap_err();
    /// assert!(error.to_string().starts_with("standard input:2: tier: "));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the source cannot be read or has more than 1 MiB, or for the first problem in it, with its
    /// line and field.
    pub fn from_reader(
        source: impl std::io::Read,
        name: &str,
        folder: impl AsRef<Path>,
    ) -> Result<Self, SpecError> {
        toml_file::read_from(source, name, folder.as_ref(), None)
    }

    /// Reads a spec as [`from_reader`](Self::from_reader) does, with values for the variables in its texts; see
    /// [`SpecVariables`].
    ///
    /// # Errors
    /// Returns an error as [`from_reader`](Self::from_reader) does, and for variables that have no value, or that the text
    /// does not have.
    pub fn from_reader_with(
        source: impl std::io::Read,
        name: &str,
        folder: impl AsRef<Path>,
        variables: &SpecVariables,
    ) -> Result<Self, SpecError> {
        toml_file::read_from(source, name, folder.as_ref(), Some(variables))
    }

    /// Returns the same spec for another Region.
    ///
    /// ```
    /// # use geusemaker_core::DeploymentSpec;
    /// # let spec = "name = 'llm'\nregion = 'us-east-1'\ntier = 1\ncompute.instance_type = 'g5.xlarge'";
    /// let spec = DeploymentSpec::from_toml(spec)?.in_region("eu-west-1".parse()?)?;
    /// assert_eq!(spec.region().unwrap().as_str(), "eu-west-1");
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the spec names something of its own Region, such as a certificate.
    pub fn in_region(mut self, region: Region) -> Result<Self, SpecError> {
        self.0.region = Some(region);
        cross_check::check(&self.0)?;
        Ok(self)
    }

    /// Returns the name of the deployment.
    pub fn name(&self) -> &StackName {
        &self.0.name
    }

    /// Returns the Region, if the spec names one. Otherwise the Region of the AWS environment applies.
    pub fn region(&self) -> Option<&Region> {
        self.0.region.as_ref()
    }

    /// Returns the tier: how much of the stack to deploy.
    pub fn tier(&self) -> Tier {
        self.0.tier
    }

    /// Returns the network settings.
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    /// Returns the settings of the instances.
    pub fn compute(&self) -> &Compute {
        &self.0.compute
    }

    /// Returns the access to the instances and to what runs on them.
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    /// Returns the places of the secrets of all services.
    pub fn secret_sources(&self) -> impl Iterator<Item = &SecretSource> {
        let services = self.services().iter();
        services.flat_map(|service| service.secrets().values())
    }

    /// Returns the private repositories of Amazon ECR that the images are in.
    pub(crate) fn ecr_repositories(&self) -> impl Iterator<Item = EcrRepository<'_>> {
        let services = self.services().iter();
        services.filter_map(|service| service.image().ecr_repository())
    }

    /// Returns true if the deployment creates a role for its instances: for Systems Manager, to read secrets, or to pull
    /// images from Amazon ECR, unless an existing instance profile is named.
    pub fn creates_role(&self) -> bool {
        let access = self.access();
        let reads_secrets = || {
            self.secret_sources()
                .any(|source| !matches!(source, SecretSource::Generated(_)))
        };
        let pulls = || self.ecr_repositories().next().is_some();
        access.instance_profile().is_none() && (access.ssm() || reads_secrets() || pulls())
    }

    /// Returns the settings of the shared file system.
    pub fn storage(&self) -> &Storage {
        &self.0.storage
    }

    /// Returns the access points of the shared file system that the deployment creates.
    pub(crate) fn wanted_access_points(&self) -> Vec<WantedAccessPoint<'_>> {
        access_point::of_spec(&self.0)
    }

    /// Returns the services. From tier 2 on there is at least one that is not internal.
    pub fn services(&self) -> &[Service] {
        &self.0.services
    }

    /// Returns the services that the load balancer serves: those that are not internal. Each of them has a port.
    pub fn served_services(&self) -> impl Iterator<Item = &Service> {
        let services = self.0.services.iter();
        services.filter(|service| !service.is_internal())
    }

    /// Returns the rules of the load balancer, in the order in which they are asked: more conditions before fewer, and
    /// narrower paths before wider ones. The default service has a rule behind a CDN, or with a bearer token, and it is the
    /// last.
    pub fn routes(&self) -> Vec<Route<'_>> {
        route::of_spec(&self.0)
    }

    /// Returns the settings of the load balancer's health checks.
    pub fn load_balancer(&self) -> &LoadBalancer {
        &self.0.load_balancer
    }

    /// Returns the settings of the CDN.
    pub fn cdn(&self) -> &Cdn {
        &self.0.cdn
    }

    /// Returns the name under which the stack is reached, if it has one of its own.
    pub fn domain(&self) -> Option<&Domain> {
        self.0.domain.as_ref()
    }

    /// Returns the longest time that the CDN waits for data from the load balancer.
    pub(crate) fn read_timeout(&self) -> Duration {
        let most = self.load_balancer().idle_timeout();
        let usual = most.min(LONGEST_READ_TIMEOUT);
        self.cdn().read_timeout().unwrap_or(usual)
    }

    /// Returns true if the CDN reaches the load balancer through a VPC origin.
    pub(crate) fn has_vpc_origin(&self) -> bool {
        self.0.has_vpc_origin()
    }

    /// Returns true if the CDN shows the load balancer a secret.
    pub(crate) fn has_origin_secret(&self) -> bool {
        self.0.has_origin_secret()
    }

    /// Returns the network from which the load balancer is reached.
    pub(crate) fn balancer_scheme(&self) -> Scheme {
        match self.has_vpc_origin() {
            true => Scheme::Internal,
            false => self.load_balancer().scheme(),
        }
    }

    /// Returns true if the rules of the load balancer ask for a bearer token.
    pub(crate) fn asks_for_token(&self) -> bool {
        self.load_balancer().auth() == Some(&Auth::Bearer)
    }

    /// Returns the default service, if there is one. It gets every request that matches no other service's paths.
    pub fn default_service(&self) -> Option<&Service> {
        self.0.services.iter().find(|service| service.is_default())
    }

    /// Returns what is valid but likely to be a mistake: first about a Compose file that services were read from, then
    /// in the order of the services, and last about the access, the authentication and the network.
    ///
    /// ```
    /// use geusemaker_core::spec::DeploymentSpec;
    ///
    /// let spec = DeploymentSpec::from_toml(
    ///     r#"
    ///     name = "llm-prod"
    ///     tier = 1
    ///     [compute]
    ///     instance_type = "g5.xlarge"
    ///     [[service]]
    ///     name = "db"
    ///     internal = true
    ///     image = "postgres:17"
    ///     volumes = [{ path = "/var/lib/postgresql/data", on = "shared" }]
    ///     "#,
    /// )?;
    /// let [warning] = &spec.warnings()[..] else { unreachable!() };
    /// assert!(warning.to_string().starts_with("db keeps a database at /var/lib/postgresql/data"));
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    pub fn warnings(&self) -> Vec<SpecWarning> {
        let of_import = self.0.import_warnings.0.iter().cloned();
        let (tier, access, services) = (self.tier(), self.access(), self.services());
        let of_services = warning::warnings(self.compute().count(), services);
        let of_access = warning::of_access(tier, self.load_balancer(), access, services);
        let of_tier = warning::of_tier(tier, self.load_balancer(), self.cdn());
        let of_auth = warning::of_auth(
            tier,
            self.load_balancer(),
            self.balancer_certificate().is_some(),
            self.cdn(),
        );
        let of_network = warning::of_network(tier, self.network(), access, services);
        of_import
            .chain(of_services)
            .chain(of_tier)
            .chain(of_access)
            .chain(of_auth)
            .chain(of_network)
            .collect()
    }

    /// Reads a spec of a journal: with all checks, except that texts may look like secrets. The version that has
    /// written the journal may have known fewer forms of them, and its stack must stay within reach.
    pub(crate) fn deserialize_stored<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        read(deserializer, Self::check)
    }

    /// Checks the fields of a spec that somebody has written. The services from an index on may be in a Compose file,
    /// for which the spec has these tables.
    fn check_written(
        fields: UncheckedSpec<ServiceFields>,
        compose: Option<(usize, &Tables)>,
    ) -> Result<Self, SpecError> {
        plain_secret::check(&fields.name, &fields.services, compose)?;
        Self::check(fields)
    }

    /// Checks the fields against each other. There is no other way to make a spec.
    fn check(fields: UncheckedSpec<ServiceFields>) -> Result<Self, SpecError> {
        let fields = fields.with_checked_services()?;
        cross_check::check(&fields)?;
        Ok(Self(fields))
    }
}

impl fmt::Debug for DeploymentSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UncheckedSpec {
            name,
            region,
            tier,
            compose: _,
            network,
            compute,
            access,
            storage,
            services,
            load_balancer,
            cdn,
            domain,
            import_warnings: _,
        } = &self.0;
        f.debug_struct("DeploymentSpec")
            .field("name", name)
            .field("region", region)
            .field("tier", tier)
            .field("network", network)
            .field("compute", compute)
            .field("access", access)
            .field("storage", storage)
            .field("services", services)
            .field("load_balancer", load_balancer)
            .field("cdn", cdn)
            .field("domain", domain)
            .finish()
    }
}

impl<'de> Deserialize<'de> for DeploymentSpec {
    /// Reads a spec with all checks, from any format. Each error names its field.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, |fields| Self::check_written(fields, None))
    }
}

/// Reads the fields of a spec and makes it of them. Each error names its field.
fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    check: impl FnOnce(UncheckedSpec<ServiceFields>) -> Result<DeploymentSpec, SpecError>,
) -> Result<DeploymentSpec, D::Error> {
    let mut track = Track::new();
    let reader = serde_path_to_error::Deserializer::new(deserializer, &mut track);
    let fields = UncheckedSpec::deserialize(reader).map_err(|error| {
        let field = track.path();
        // The path of the whole spec has no steps.
        if field.iter().next().is_none() {
            error
        } else {
            let message = format!("{field}: {error}");
            D::Error::custom(plain_secret::without_secrets(&message))
        }
    })?;
    check(fields).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec_survives_json() {
        let service = Service::builder("a".parse().unwrap(), 1, "a/b".parse().unwrap());
        let compute = Compute::builder("g5.xlarge".parse().unwrap());
        let spec = DeploymentSpec::builder("llm".parse().unwrap(), Tier::Instances, compute)
            .service(service)
            .build()
            .unwrap();
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<DeploymentSpec>(&json).unwrap(), spec);
    }

    #[test]
    fn json_errors_name_their_field() {
        let error = |compute: &str| {
            let json = format!(r#"{{"name":"llm","tier":2,"compute":{compute}}}"#);
            serde_json::from_str::<DeploymentSpec>(&json)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error(r#"{"instance_type":"g5.xlarge"}"#),
            "service: tier 2 needs at least one service behind its load balancer: add a [[service]]"
        );
        assert_eq!(
            error(r#"{"instance_type":"g5.xlarge","count":21}"#),
            "compute.count: must be 1 to 20, not 21 at line 1 column 73"
        );
        assert_eq!(
            error("{}"),
            "compute: missing field `instance_type` at line 1 column 35"
        );
        let error = serde_json::from_str::<DeploymentSpec>("{}").unwrap_err();
        assert_eq!(error.to_string(), "missing field `name` at line 1 column 2");
    }
}
