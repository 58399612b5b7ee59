//! The fields of a spec, each valid by itself, before the checks between them.

use serde::{Deserialize, Serialize};

use super::cdn::Cdn;
use super::compute::Compute;
use super::load_balancer::LoadBalancer;
use super::network::Network;
use super::region::Region;
use super::service::Service;
use super::stack_name::StackName;
use super::storage::Storage;
use super::tier::Tier;

/// The fields of a [`DeploymentSpec`](super::DeploymentSpec), in the order of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct UncheckedSpec {
    pub(super) name: StackName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Region>,
    pub(super) tier: Tier,
    #[serde(default)]
    pub(super) network: Network,
    pub(super) compute: Compute,
    #[serde(default)]
    pub(super) storage: Storage,
    #[serde(default, rename = "service", skip_serializing_if = "Vec::is_empty")]
    pub(super) services: Vec<Service>,
    #[serde(default)]
    pub(super) load_balancer: LoadBalancer,
    #[serde(default)]
    pub(super) cdn: Cdn,
}
