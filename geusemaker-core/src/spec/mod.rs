//! The spec of a deployment: validated values, checked without AWS.
//!
//! A [`DeploymentSpec`] comes from a file ([`DeploymentSpec::from_file`]) or from the builder. Either way it has passed
//! every check that needs no AWS account. The file format:
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

mod bounded;
mod cdn;
mod compute;
mod cross_check;
mod duration;
mod error;
mod gpu_instance_type;
mod load_balancer;
mod market;
mod network;
mod purchase;
mod region;
mod service;
mod stack_name;
mod storage;
mod text;
mod tier;
mod toml_document;
mod toml_file;
mod unchecked;

use std::fmt;
use std::path::Path;

use bon::bon;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_path_to_error::Track;

use unchecked::UncheckedSpec;

pub use cdn::Cdn;
pub use compute::{Compute, KeyPairName};
pub use error::SpecError;
pub use gpu_instance_type::{Architecture, DeepLearningAmi, GpuInstanceType};
pub use load_balancer::LoadBalancer;
pub use market::Market;
pub use network::Network;
pub use purchase::Purchase;
pub use region::Region;
pub use service::{ContainerImage, DataPath, HealthPath, PathPattern, Service, ServiceName};
pub use stack_name::StackName;
pub use storage::Storage;
pub use tier::Tier;

/// A valid description of a deployment: what to deploy, where, and how long to wait for it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DeploymentSpec(UncheckedSpec);

#[bon]
impl DeploymentSpec {
    /// Starts a spec. The compiler checks that all required fields are set; `build` checks that the fields fit
    /// together.
    ///
    /// ```
    /// use geusemaker_core::spec::{Compute, DeploymentSpec, Service, Tier};
    ///
    /// let spec = DeploymentSpec::builder()
    ///     .service(
    ///         Service::builder()
    ///             .name("ollama".parse()?)
    ///             .port(11434)?
    ///             .image("ollama/ollama:latest".parse()?)
    ///             .build(),
    ///     )
    ///     .name("llm-prod".parse()?)
    ///     .tier(Tier::LoadBalancer)
    ///     .compute(Compute::builder().instance_type("g5.xlarge".parse()?).count(2)?.build())
    ///     .build()?;
    /// assert_eq!(spec.default_service(), spec.services().first());
    /// # Ok::<(), geusemaker_core::spec::SpecError>(())
    /// ```
    ///
    /// # Errors
    /// `build` returns an error if fields do not fit together. It names the field and says what would be right.
    #[builder]
    pub fn new(
        #[builder(field)] services: Vec<Service>,
        /// The name of the deployment.
        name: StackName,
        /// The Region; by default the Region of the AWS environment.
        region: Option<Region>,
        /// The tier: how much of the stack to deploy.
        tier: Tier,
        /// The network; by default the Region's default VPC.
        #[builder(default)]
        network: Network,
        /// The GPU instances.
        compute: Compute,
        /// The shared file system; by default a new one.
        #[builder(default)]
        storage: Storage,
        /// The load balancer's health checks.
        #[builder(default)]
        load_balancer: LoadBalancer,
        /// The settings of the CDN.
        #[builder(default)]
        cdn: Cdn,
    ) -> Result<Self, SpecError> {
        Self::check(UncheckedSpec {
            name,
            region,
            tier,
            network,
            compute,
            storage,
            services,
            load_balancer,
            cdn,
        })
    }
}

impl<S: deployment_spec_builder::State> DeploymentSpecBuilder<S> {
    /// Adds a service.
    pub fn service(mut self, service: Service) -> Self {
        self.services.push(service);
        self
    }
}

impl DeploymentSpec {
    /// Reads a spec from TOML.
    ///
    /// # Errors
    /// Returns an error for the first problem, with its line and field.
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        toml_file::parse(text)
    }

    /// Reads a spec from a TOML file.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or for the first problem in it, with its line and field.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SpecError> {
        toml_file::read(path.as_ref())
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

    /// Returns the settings of the GPU instances.
    pub fn compute(&self) -> &Compute {
        &self.0.compute
    }

    /// Returns the settings of the shared file system.
    pub fn storage(&self) -> &Storage {
        &self.0.storage
    }

    /// Returns the services. From tier 2 on there is at least one.
    pub fn services(&self) -> &[Service] {
        &self.0.services
    }

    /// Returns the settings of the load balancer's health checks.
    pub fn load_balancer(&self) -> &LoadBalancer {
        &self.0.load_balancer
    }

    /// Returns the settings of the CDN.
    pub fn cdn(&self) -> &Cdn {
        &self.0.cdn
    }

    /// Returns the default service, if there is one. It gets every request that matches no other service's paths.
    pub fn default_service(&self) -> Option<&Service> {
        self.0.services.iter().find(|service| service.is_default())
    }

    /// Checks the fields against each other. There is no other way to make a spec.
    fn check(fields: UncheckedSpec) -> Result<Self, SpecError> {
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
            network,
            compute,
            storage,
            services,
            load_balancer,
            cdn,
        } = &self.0;
        f.debug_struct("DeploymentSpec")
            .field("name", name)
            .field("region", region)
            .field("tier", tier)
            .field("network", network)
            .field("compute", compute)
            .field("storage", storage)
            .field("services", services)
            .field("load_balancer", load_balancer)
            .field("cdn", cdn)
            .finish()
    }
}

impl<'de> Deserialize<'de> for DeploymentSpec {
    /// Reads a spec with all checks, from any format. Each error names its field.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut track = Track::new();
        let reader = serde_path_to_error::Deserializer::new(deserializer, &mut track);
        let fields = UncheckedSpec::deserialize(reader).map_err(|error| {
            let field = track.path();
            // The path of the whole spec has no steps.
            if field.iter().next().is_none() {
                error
            } else {
                D::Error::custom(format!("{field}: {error}"))
            }
        })?;
        Self::check(fields).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn compute() -> Compute {
        Compute::builder()
            .instance_type("g5.xlarge".parse().unwrap())
            .build()
    }

    fn service(name: &str, port: u16) -> Service {
        let service = Service::builder()
            .name(name.parse().unwrap())
            .image("a/b".parse().unwrap());
        service.port(port).unwrap().build()
    }

    #[test]
    fn builder_and_file_make_same_spec() {
        let built = DeploymentSpec::builder()
            .service(service("ollama", 11434))
            .name("llm-prod".parse().unwrap())
            .tier(Tier::Cdn)
            .region("us-east-1".parse().unwrap())
            .compute(compute())
            .load_balancer(
                LoadBalancer::builder()
                    .wait_timeout(Duration::from_secs(90))
                    .unwrap()
                    .build(),
            )
            .build()
            .unwrap();
        let read = DeploymentSpec::from_toml(
            "name = 'llm-prod'\ntier = 3\nregion = 'us-east-1'\ncompute.instance_type = 'g5.xlarge'\n\
             load_balancer.wait_timeout = '1m30s'\n[[service]]\nname = 'ollama'\nport = 11434\nimage = 'a/b'\n",
        )
        .unwrap();
        assert_eq!(built, read);
        assert_eq!(read.region().map(Region::as_str), Some("us-east-1"));
    }

    #[test]
    fn builder_checks_across_fields() {
        let error = DeploymentSpec::builder()
            .name("llm-prod".parse().unwrap())
            .tier(Tier::LoadBalancer)
            .compute(compute())
            .build()
            .unwrap_err();
        assert_eq!(error.field(), Some("service"));
    }

    #[test]
    fn spec_survives_json() {
        let spec = DeploymentSpec::builder()
            .service(service("a", 1))
            .name("llm".parse().unwrap())
            .tier(Tier::Instances)
            .compute(compute())
            .build()
            .unwrap();
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<DeploymentSpec>(&json).unwrap(), spec);
    }

    #[test]
    fn json_is_checked_across_fields() {
        let json = r#"{"name":"llm","tier":2,"compute":{"instance_type":"g5.xlarge"}}"#;
        let error = serde_json::from_str::<DeploymentSpec>(json)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("service: tier 2 needs at least one"),
            "{error}"
        );
    }
}
