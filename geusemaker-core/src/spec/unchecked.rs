//! The fields of a spec, each valid by itself, before the checks between them.

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::cdn::{Cdn, CdnOrigin};
use super::compose::Compose;
use super::compute::Compute;
use super::domain::Domain;
use super::error::SpecError;
use super::load_balancer::LoadBalancer;
use super::network::Network;
use super::region::Region;
use super::service::{Service, ServiceFields};
use super::stack_name::StackName;
use super::storage::Storage;
use super::tier::Tier;
use super::warning::SpecWarning;

/// The fields of a [`DeploymentSpec`](super::DeploymentSpec), in the order of a file. In an
/// `UncheckedSpec<ServiceFields>`, the keys of each service may still contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub(super) struct UncheckedSpec<S = Service> {
    pub(super) name: StackName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Region>,
    pub(super) tier: Tier,
    /// A file with more services. It is read before the checks, so none is left after them.
    #[serde(default, skip_serializing)]
    pub(super) compose: Option<Compose>,
    #[serde(default)]
    pub(super) network: Network,
    pub(super) compute: Compute,
    #[serde(default)]
    pub(super) access: Access,
    #[serde(default)]
    pub(super) storage: Storage,
    #[serde(default, rename = "service", skip_serializing_if = "Vec::is_empty")]
    pub(super) services: Vec<S>,
    #[serde(default)]
    pub(super) load_balancer: LoadBalancer,
    #[serde(default)]
    pub(super) cdn: Cdn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<Domain>,
    #[serde(skip)]
    pub(super) import_warnings: ImportWarnings,
}

impl<S> UncheckedSpec<S> {
    /// Returns true if the CDN reaches the load balancer through a VPC origin.
    pub(super) fn has_vpc_origin(&self) -> bool {
        self.tier == Tier::Cdn && self.cdn.origin() == CdnOrigin::Vpc
    }

    /// Returns true if the CDN shows the load balancer a secret. Through a VPC origin, nobody else reaches it.
    pub(super) fn has_origin_secret(&self) -> bool {
        self.tier == Tier::Cdn && self.cdn.origin() == CdnOrigin::Internet
    }
}

/// The warnings about a file that the services were read from. They are about the file, so specs that differ only in
/// them are equal, and no journal has them.
#[derive(Debug, Clone, Default)]
pub(super) struct ImportWarnings(pub(super) Vec<SpecWarning>);

impl PartialEq for ImportWarnings {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ImportWarnings {}

impl UncheckedSpec<ServiceFields> {
    /// Checks each service by itself.
    pub(super) fn with_checked_services(self) -> Result<UncheckedSpec, SpecError> {
        if self.compose.is_some() {
            let message = "a Compose file is looked for in the folder of the spec's file: read the spec with \
                           DeploymentSpec::from_file";
            return Err(SpecError::new(message).at("compose"));
        }
        let services = self.services.into_iter().enumerate();
        let (mut checked, mut errors) = (Vec::new(), Vec::new());
        for (index, service) in services {
            match service.checked() {
                Ok(service) => checked.push(service),
                Err(error) => errors.push(error.in_table(&format!("service[{index}]"))),
            }
        }
        if let Some(error) = SpecError::of_all(errors) {
            return Err(error);
        }
        Ok(UncheckedSpec {
            name: self.name,
            region: self.region,
            tier: self.tier,
            compose: None,
            network: self.network,
            compute: self.compute,
            access: self.access,
            storage: self.storage,
            services: checked,
            load_balancer: self.load_balancer,
            cdn: self.cdn,
            domain: self.domain,
            import_warnings: self.import_warnings,
        })
    }
}
