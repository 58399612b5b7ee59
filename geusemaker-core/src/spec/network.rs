//! The network that a deployment uses.

use serde::{Deserialize, Serialize};

use super::egress::Egress;
use super::vpc_range::VpcRange;
use crate::id::{SubnetId, VpcId};

/// The network that a deployment uses: by default the Region's default VPC, or else another one, or a new one.
///
/// ```
/// use geusemaker_core::spec::Network;
///
/// let network = Network::default();
/// assert_eq!(network.vpc(), None);
/// assert!(network.subnets().is_empty());
/// assert!(!network.is_created());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Network {
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc: Option<VpcId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subnets: Vec<SubnetId>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    create: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cidr: Option<VpcRange>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    private: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    egress: Option<Egress>,
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

    /// Returns the VPC to use, if the spec names one. Otherwise it is the Region's default VPC, or a new one.
    pub fn vpc(&self) -> Option<&VpcId> {
        self.vpc.as_ref()
    }

    /// Returns the subnets to use. If there are none, they are discovered, or created with the VPC.
    pub fn subnets(&self) -> &[SubnetId] {
        &self.subnets
    }

    /// Returns true if the deployment creates a network of its own, which is deleted with it.
    pub fn is_created(&self) -> bool {
        self.create
    }

    /// Returns the range of addresses of the new VPC, if one is created.
    pub fn range(&self) -> Option<VpcRange> {
        self.create.then(|| self.cidr.clone().unwrap_or_default())
    }

    /// Returns the way out of the instances, if they have no public addresses.
    pub fn egress(&self) -> Option<Egress> {
        self.private.then(|| self.egress.unwrap_or_default())
    }

    /// Returns the first key that has a meaning only beside another one, with the reason.
    pub(super) fn contradiction(&self) -> Option<(&'static str, String)> {
        if self.create {
            let makes = "create = true makes a new VPC";
            if let Some(vpc) = &self.vpc {
                let why = format!("{vpc} exists, and {makes}: leave one of the two keys out");
                return Some(("vpc", why));
            }
            if !self.subnets.is_empty() {
                let why =
                    format!("these subnets exist, and {makes}: leave one of the two keys out");
                return Some(("subnets", why));
            }
        } else if self.private {
            let why = "needs create = true: whether instances in an existing subnet get public addresses is a setting of \
                       that subnet; name private subnets in subnets";
            return Some(("private", why.to_owned()));
        } else if self.cidr.is_some() {
            let why = "is the range of a new VPC: set create = true, or leave cidr out";
            return Some(("cidr", why.to_owned()));
        }
        if self.egress.is_some() && !self.private {
            let why = "is the way out of instances without public addresses: set private = true, or leave egress out";
            return Some(("egress", why.to_owned()));
        }
        None
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
///
///     // A network of its own, in which the instances have no public addresses.
///     let network = Network::builder().create(true).cidr("10.20.0.0/16".parse()?).private(true);
///     let spec = spec.to_builder().network(network).build()?;
///     assert!(spec.network().is_created());
///     Ok(())
/// }
/// ```
///
/// | setter | default | refused by `build` |
/// |---|---|---|
/// | [`vpc`](Self::vpc) | the Region's default VPC | beside `create` |
/// | [`subnets`](Self::subnets) | all suitable subnets | beside `create`, if one is repeated, or is the only one in tier 2 or 3 |
/// | [`create`](Self::create) | false | beside `vpc` or `subnets` |
/// | [`cidr`](Self::cidr) | 10.0.0.0/16 | without `create` |
/// | [`private`](Self::private) | false | without `create` |
/// | [`egress`](Self::egress) | [`Egress::Nat`] | without `private` |
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it is given to the builder of a spec"]
pub struct NetworkBuilder {
    network: Network,
}

impl NetworkBuilder {
    /// Sets the VPC to use, instead of the Region's default one.
    pub fn vpc(mut self, vpc: VpcId) -> Self {
        self.network.vpc = Some(vpc);
        self
    }

    /// Sets the subnets to use, instead of all suitable subnets of the VPC. A load balancer needs two, in different
    /// Availability Zones.
    pub fn subnets(mut self, subnets: impl IntoIterator<Item = SubnetId>) -> Self {
        self.network.subnets = subnets.into_iter().collect();
        self
    }

    /// Sets if the deployment creates a network of its own, with subnets in two Availability Zones.
    pub fn create(mut self, create: bool) -> Self {
        self.network.create = create;
        self
    }

    /// Sets the range of addresses of the new VPC.
    pub fn cidr(mut self, range: VpcRange) -> Self {
        self.network.cidr = Some(range);
        self
    }

    /// Sets if the instances of a new network have no public addresses. A load balancer has them still.
    pub fn private(mut self, private: bool) -> Self {
        self.network.private = private;
        self
    }

    /// Sets the way out of instances without public addresses.
    pub fn egress(mut self, egress: Egress) -> Self {
        self.network.egress = Some(egress);
        self
    }

    /// Makes the settings, which are checked with the rest of the spec.
    pub(super) fn finish(self) -> Network {
        self.network
    }
}

impl From<Network> for NetworkBuilder {
    fn from(network: Network) -> Self {
        Self { network }
    }
}
