//! The network that a deployment uses.

use serde::{Deserialize, Serialize};

use crate::id::{SubnetId, VpcId};

/// The network that a deployment uses; by default the Region's default VPC.
///
/// ```
/// use geusemaker_core::spec::Network;
///
/// let network = Network::default();
/// assert_eq!(network.vpc(), None);
/// assert!(network.subnets().is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Network {
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc: Option<VpcId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subnets: Vec<SubnetId>,
}

impl Network {
    /// Starts the settings from their defaults.
    pub fn builder() -> NetworkBuilder {
        NetworkBuilder::default()
    }

    /// Returns a builder that starts from these settings.
    pub fn to_builder(&self) -> NetworkBuilder {
        self.clone().into()
    }

    /// Returns the VPC to use, if the spec names one. Otherwise it is the Region's default VPC.
    pub fn vpc(&self) -> Option<&VpcId> {
        self.vpc.as_ref()
    }

    /// Returns the subnets to use. If there are none, they are discovered.
    pub fn subnets(&self) -> &[SubnetId] {
        &self.subnets
    }
}

/// A builder of the [`Network`] of a spec: from [`Network::builder`], for
/// [`DeploymentSpecBuilder::network`](super::DeploymentSpecBuilder::network).
///
/// ```
/// use geusemaker_core::spec::{Compute, DeploymentSpec, Network, SpecError, Tier};
///
/// fn main() -> Result<(), SpecError> {
///     let network = Network::builder()
///         .vpc("vpc-0a1b2c3d".parse()?)
///         .subnets(["subnet-0a1b2c3d".parse()?, "subnet-1a2b3c4d".parse()?]);
///     let compute = Compute::builder("g5.xlarge".parse()?);
///     let spec = DeploymentSpec::builder("llm-prod".parse()?, Tier::Instances, compute)
///         .network(network)
///         .build()?;
///     assert_eq!(spec.network().subnets().len(), 2);
///     Ok(())
/// }
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`vpc`](Self::vpc) | the Region's default VPC | never |
/// | [`subnets`](Self::subnets) | all suitable subnets | if one is repeated, or is the only one in tier 2 or 3 |
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct NetworkBuilder {
    vpc: Option<VpcId>,
    subnets: Vec<SubnetId>,
}

impl NetworkBuilder {
    /// Sets the VPC to use, instead of the Region's default one.
    pub fn vpc(mut self, vpc: VpcId) -> Self {
        self.vpc = Some(vpc);
        self
    }

    /// Sets the subnets to use, instead of all suitable subnets of the VPC. A load balancer needs two, in different
    /// Availability Zones.
    pub fn subnets(mut self, subnets: impl IntoIterator<Item = SubnetId>) -> Self {
        self.subnets = subnets.into_iter().collect();
        self
    }

    /// Makes the settings. Nothing in them can be wrong by itself.
    pub(super) fn finish(self) -> Network {
        Network {
            vpc: self.vpc,
            subnets: self.subnets,
        }
    }
}

impl From<Network> for NetworkBuilder {
    fn from(network: Network) -> Self {
        Self {
            vpc: network.vpc,
            subnets: network.subnets,
        }
    }
}
