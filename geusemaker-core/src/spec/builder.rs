//! The builder of a whole spec.

use super::DeploymentSpec;
use super::access::AccessBuilder;
use super::cdn::CdnBuilder;
use super::compute::ComputeBuilder;
use super::domain::DomainBuilder;
use super::error::SpecError;
use super::load_balancer::LoadBalancerBuilder;
use super::network::NetworkBuilder;
use super::region::Region;
use super::service::ServiceBuilder;
use super::stack_name::StackName;
use super::storage::StorageBuilder;
use super::tier::Tier;
use super::unchecked::{ImportWarnings, UncheckedSpec};

/// A builder of a [`DeploymentSpec`]: from [`DeploymentSpec::builder`], or from a spec with
/// [`DeploymentSpec::to_builder`].
///
/// The setters never fail: [`build`](Self::build) alone does, after it has checked every value and the values against
/// each other. Its error names the field as a file would have it, such as `service[1].port`.
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Service, SpecError, Tier};
///
/// fn main() -> Result<(), SpecError> {
///     let ollama = Service::builder("ollama".parse()?, 11434, "ollama/ollama:latest".parse()?)
///         .health_path("/api/version".parse()?);
///     let compute = Compute::builder("g5.xlarge".parse()?).count(2);
///     let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::LoadBalancer, compute)
///         .region("us-east-1".parse()?)
///         .service(ollama)
///         .build()?;
///     assert_eq!(spec.default_service(), spec.services().first());
///
///     let error = spec.to_builder().compute(spec.compute().to_builder().count(21)).build().unwrap_err();
///     assert_eq!(error.to_string(), "compute.count: must be 1 to 20, not 21");
///     Ok(())
/// }
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`name`](Self::name) | required | if a target group's name, stack-service, exceeds 32 characters |
/// | [`tier`](Self::tier) | required | if the rest does not suffice for it: tiers 2 and 3 need a service |
/// | [`compute`](Self::compute) | required | see [`ComputeBuilder`] |
/// | [`region`](Self::region) | the Region of the AWS environment | never |
/// | [`network`](Self::network) | the default VPC of the Region | see [`NetworkBuilder`] |
/// | [`access`](Self::access) | the defaults of [`AccessBuilder`] | see there |
/// | [`storage`](Self::storage) | a new file system | never |
/// | [`service`](Self::service), [`services`](Self::services) | none | see [`ServiceBuilder`] |
/// | [`load_balancer`](Self::load_balancer) | the defaults of [`LoadBalancerBuilder`] | see there |
/// | [`cdn`](Self::cdn) | the defaults of [`CdnBuilder`] | see there |
/// | [`domain`](Self::domain) | none | at tier 1; see [`DomainBuilder`] |
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct DeploymentSpecBuilder {
    name: StackName,
    region: Option<Region>,
    tier: Tier,
    network: NetworkBuilder,
    compute: ComputeBuilder,
    access: AccessBuilder,
    storage: StorageBuilder,
    services: Vec<ServiceBuilder>,
    load_balancer: LoadBalancerBuilder,
    cdn: CdnBuilder,
    domain: Option<DomainBuilder>,
}

impl DeploymentSpecBuilder {
    pub(super) fn new(name: StackName, tier: Tier, compute: ComputeBuilder) -> Self {
        Self {
            name,
            region: None,
            tier,
            network: NetworkBuilder::default(),
            compute,
            access: AccessBuilder::default(),
            storage: StorageBuilder::default(),
            services: Vec::new(),
            load_balancer: LoadBalancerBuilder::default(),
            cdn: CdnBuilder::default(),
            domain: None,
        }
    }

    /// Sets the name of the deployment.
    pub fn name(mut self, name: StackName) -> Self {
        self.name = name;
        self
    }

    /// Sets the Region, instead of the Region of the AWS environment.
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Sets the Region back to that of the AWS environment.
    pub fn without_region(mut self) -> Self {
        self.region = None;
        self
    }

    /// Sets the tier: how much of the stack to deploy.
    pub fn tier(mut self, tier: Tier) -> Self {
        self.tier = tier;
        self
    }

    /// Sets the network.
    pub fn network(mut self, network: impl Into<NetworkBuilder>) -> Self {
        self.network = network.into();
        self
    }

    /// Sets the GPU instances.
    pub fn compute(mut self, compute: impl Into<ComputeBuilder>) -> Self {
        self.compute = compute.into();
        self
    }

    /// Sets the access to the instances and to what runs on them.
    pub fn access(mut self, access: impl Into<AccessBuilder>) -> Self {
        self.access = access.into();
        self
    }

    /// Sets the shared file system.
    pub fn storage(mut self, storage: impl Into<StorageBuilder>) -> Self {
        self.storage = storage.into();
        self
    }

    /// Adds a service after those that the builder has.
    ///
    /// The names, ports and paths of the services must differ, and at most one service may have no paths.
    pub fn service(mut self, service: impl Into<ServiceBuilder>) -> Self {
        self.services.push(service.into());
        self
    }

    /// Sets all services, in place of those that the builder has.
    pub fn services<S: Into<ServiceBuilder>>(
        mut self,
        services: impl IntoIterator<Item = S>,
    ) -> Self {
        self.services = services.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the health checks of the load balancer.
    pub fn load_balancer(mut self, load_balancer: impl Into<LoadBalancerBuilder>) -> Self {
        self.load_balancer = load_balancer.into();
        self
    }

    /// Sets the settings of the CDN.
    pub fn cdn(mut self, cdn: impl Into<CdnBuilder>) -> Self {
        self.cdn = cdn.into();
        self
    }

    /// Sets the name under which the stack is reached.
    pub fn domain(mut self, domain: impl Into<DomainBuilder>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Checks all values and makes the spec.
    ///
    /// # Errors
    /// Returns an error for the first value that is out of its bounds or does not fit the others. It names the field
    /// and says what would be right.
    pub fn build(self) -> Result<DeploymentSpec, SpecError> {
        let services = self.services.into_iter();
        let fields = UncheckedSpec {
            name: self.name,
            region: self.region,
            tier: self.tier,
            compose: None,
            network: self.network.finish(),
            compute: self
                .compute
                .checked()
                .map_err(|error| error.in_table("compute"))?,
            access: self.access.finish(),
            storage: self.storage.finish(),
            services: services.map(ServiceBuilder::into_fields).collect(),
            load_balancer: self
                .load_balancer
                .checked()
                .map_err(|error| error.in_table("load_balancer"))?,
            cdn: self.cdn.checked().map_err(|error| error.in_table("cdn"))?,
            domain: self
                .domain
                .map(DomainBuilder::checked)
                .transpose()
                .map_err(|error| error.in_table("domain"))?,
            import_warnings: ImportWarnings::default(),
        };
        DeploymentSpec::check_written(fields, None)
    }
}

impl From<DeploymentSpec> for DeploymentSpecBuilder {
    fn from(spec: DeploymentSpec) -> Self {
        let fields = spec.0;
        Self {
            name: fields.name,
            region: fields.region,
            tier: fields.tier,
            network: fields.network.into(),
            compute: fields.compute.into(),
            access: fields.access.into(),
            storage: fields.storage.into(),
            services: fields.services.into_iter().map(Into::into).collect(),
            load_balancer: fields.load_balancer.into(),
            cdn: fields.cdn.into(),
            domain: fields.domain.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Compute, LoadBalancer, Service};
    use super::*;
    use std::time::Duration;

    fn service(name: &str, port: u16) -> ServiceBuilder {
        Service::builder(name.parse().unwrap(), port, "a/b".parse().unwrap())
    }

    fn compute() -> ComputeBuilder {
        Compute::builder("g5.xlarge".parse().unwrap())
    }

    fn builder(tier: Tier) -> DeploymentSpecBuilder {
        DeploymentSpec::builder("llm-prod".parse().unwrap(), tier, compute())
    }

    #[test]
    fn builder_and_file_make_same_spec() {
        let built = builder(Tier::Cdn)
            .service(service("ollama", 11434))
            .region("us-east-1".parse().unwrap())
            .load_balancer(LoadBalancer::builder().wait_timeout(Duration::from_secs(90)))
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
        let error = builder(Tier::LoadBalancer).build().unwrap_err();
        assert_eq!(error.field(), Some("service"));
    }

    /// Every value that has bounds is refused outside of them, by its path in a file.
    #[test]
    fn builder_names_field_out_of_bounds() {
        let spec = builder(Tier::Cdn).service(service("ollama", 11434));
        let load_balancer = LoadBalancer::builder;
        for (spec, wanted) in [
            (
                spec.clone().compute(compute().count(21)),
                "compute.count: must be 1 to 20, not 21",
            ),
            (
                spec.clone().compute(compute().root_volume_gib(99)),
                "compute.root_volume_gib: must be 100 to 16384, not 99",
            ),
            (
                spec.clone().service(service("ui", 22)),
                "service[1].port: port 22 is taken by SSH: choose another",
            ),
            (
                spec.clone()
                    .load_balancer(load_balancer().wait_timeout(Duration::from_secs(9))),
                "load_balancer.wait_timeout: must be 10s to 1h, not 9s",
            ),
            (
                spec.clone()
                    .load_balancer(load_balancer().health_check_interval(Duration::from_secs(301))),
                "load_balancer.health_check_interval: must be 5s to 5m, not 301s",
            ),
            (
                spec.clone()
                    .load_balancer(load_balancer().healthy_threshold(1)),
                "load_balancer.healthy_threshold: must be 2 to 10, not 1",
            ),
            (
                spec.clone()
                    .load_balancer(load_balancer().unhealthy_threshold(11)),
                "load_balancer.unhealthy_threshold: must be 2 to 10, not 11",
            ),
            (
                spec.cdn(super::super::Cdn::builder().wait_timeout(Duration::from_secs(5460))),
                "cdn.wait_timeout: must be 1m to 90m, not 91m",
            ),
        ] {
            assert_eq!(spec.build().unwrap_err().to_string(), wanted);
        }
    }

    #[test]
    fn builder_of_spec_keeps_every_field() {
        let spec = DeploymentSpec::from_toml(
            "name = 'llm-prod'\nregion = 'us-east-1'\ntier = 3\n\
             [network]\nvpc = 'vpc-0a'\nsubnets = ['subnet-0a', 'subnet-0b']\n\
             [compute]\ninstance_type = 'g5.xlarge'\ncount = 2\nfallback = ['g6.xlarge']\nmarket = 'spot'\n\
             ami = 'ami-0a'\nroot_volume_gib = 300\nkey_pair = 'me'\ngpu_check = false\n\
             [access]\nssm = false\ninstance_profile = 'p'\ncontainers_use_role = true\nssh_from = ['10.0.0.0/8']\n\
             [storage]\nfile_system = 'fs-0a'\nkeep_on_destroy = true\n\
             [[service]]\nname = 'ollama'\nport = 11434\nhealth_path = '/api/version'\npaths = ['/ollama/*']\n\
             image = 'ollama/ollama'\ndata_path = '/root/.ollama'\n\
             [load_balancer]\nwait_timeout = '10m'\nhealth_check_interval = '15s'\nhealthy_threshold = 3\n\
             unhealthy_threshold = 4\n[cdn]\nwait_timeout = '1h'\n",
        )
        .unwrap();
        assert_eq!(spec.to_builder().build().unwrap(), spec);
        let anew = builder(Tier::Cdn)
            .region("us-east-1".parse().unwrap())
            .network(spec.network().to_builder())
            .compute(spec.compute().to_builder())
            .access(spec.access().to_builder())
            .storage(spec.storage().to_builder())
            .services(spec.services().iter().map(Service::to_builder))
            .load_balancer(spec.load_balancer().to_builder())
            .cdn(spec.cdn().to_builder());
        assert_eq!(anew.build().unwrap(), spec);
    }

    #[test]
    fn spec_is_cloned_under_other_names() {
        let spec = builder(Tier::Instances).build().unwrap();
        for number in 1..=20 {
            let name: StackName = format!("llm-{number}").parse().unwrap();
            let clone = spec.to_builder().name(name.clone()).build().unwrap();
            assert_eq!(clone.name(), &name);
            assert_eq!(clone.compute(), spec.compute());
        }
        let changed = spec.to_builder().tier(Tier::LoadBalancer).build();
        assert_eq!(changed.unwrap_err().field(), Some("service"));
    }

    #[test]
    fn last_region_applies() {
        let builder = builder(Tier::Instances).region("us-east-1".parse().unwrap());
        let other = builder
            .clone()
            .region("eu-west-1".parse().unwrap())
            .build()
            .unwrap();
        assert_eq!(other.region().unwrap().as_str(), "eu-west-1");
        assert_eq!(builder.without_region().build().unwrap().region(), None);
    }
}
