//! The network of a deployment: as it is planned, and as it exists.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::VpcId;
use crate::resource::subnet::Subnet;
use crate::spec::{CidrBlock, Egress, Region, VpcRange};

/// The network that a deployment will use.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\nnetwork.create = true";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// use geusemaker_core::PlannedNetwork;
///
/// let planned = session.plan(spec).await?;
/// match &planned.state().plan.network {
///     PlannedNetwork::Existing { vpc, .. } => println!("in {vpc}, which stays"),
///     PlannedNetwork::New { new_network, .. } => {
///         println!("in a new VPC with the range {}", new_network.range);
/// #       assert_eq!(new_network.zones.len(), 2);
///     }
///     _ => {}
/// }
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum PlannedNetwork {
    /// A network that exists, and stays.
    #[non_exhaustive]
    Existing {
        /// The VPC.
        vpc: VpcId,
        /// The subnets of the load balancer, or of the instances if there is none: one per zone.
        subnets: Vec<Subnet>,
    },
    /// A network that is created and deleted with the stack.
    #[non_exhaustive]
    New {
        /// The network.
        new_network: NewNetwork,
    },
}

impl PlannedNetwork {
    /// Returns the VPC, if it exists.
    #[must_use]
    pub fn existing_vpc(&self) -> Option<&VpcId> {
        match self {
            Self::Existing { vpc, .. } => Some(vpc),
            Self::New { .. } => None,
        }
    }

    /// Returns the zones of the subnets.
    pub fn zones(&self) -> impl Iterator<Item = &str> {
        let (subnets, zones) = match self {
            Self::Existing { subnets, .. } => (subnets.as_slice(), &[][..]),
            Self::New { new_network } => (&[][..], new_network.zones.as_slice()),
        };
        let existing = subnets.iter().map(|subnet| subnet.zone.as_str());
        existing.chain(zones.iter().map(|zone| zone.zone.as_str()))
    }
}

/// A network that is created with a stack.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, PlannedNetwork, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n\
/// #     network = { create = true, cidr = '10.1.0.0/16', private = true }";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// # let planned = session.plan(spec).await?;
/// # let PlannedNetwork::New { new_network, .. } = &planned.state().plan.network else { panic!() };
/// use geusemaker_core::spec::Egress;
///
/// assert_eq!(new_network.egress, Some(Egress::Nat));
/// let first = &new_network.zones[0];
/// assert_eq!((first.zone.as_str(), first.public.as_str()), ("us-east-1a", "10.1.0.0/18"));
/// assert_eq!(first.private.as_ref().unwrap().as_str(), "10.1.128.0/18");
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewNetwork {
    /// The range of the VPC.
    pub range: VpcRange,
    /// The zones that get subnets.
    pub zones: Vec<NewZone>,
    /// The way out of the instances, if they have no public addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Egress>,
    /// The names of the services to which the VPC gets endpoints: `com.amazonaws.us-east-1.ssm`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoint_services: Vec<String>,
}

/// The subnets of a new network in one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewZone {
    /// The Availability Zone: `us-east-1a`.
    pub zone: String,
    /// The range of the public subnet, which has the load balancer.
    pub public: CidrBlock,
    /// The range of the private subnet, if the instances have no public addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<CidrBlock>,
}

impl NewNetwork {
    /// Plans the subnets of the first two of these zones: each is a quarter of the range.
    pub(crate) fn plan(
        range: VpcRange,
        zones: impl IntoIterator<Item = String>,
        egress: Option<Egress>,
    ) -> Self {
        let [public_a, public_b, private_a, private_b] = range.quarters();
        let ranges = [(public_a, private_a), (public_b, private_b)];
        let zones = zones.into_iter().zip(ranges);
        Self {
            zones: zones
                .map(|(zone, (public, private))| NewZone {
                    zone,
                    public,
                    private: egress.map(|_| private),
                })
                .collect(),
            range,
            egress,
            endpoint_services: Vec::new(),
        }
    }

    /// Returns the name of a service in the region, such as `com.amazonaws.us-east-1.ssm` for `ssm`.
    pub(crate) fn endpoint_service(&self, region: &Region, service: &str) -> String {
        let end = format!(".{region}.{service}");
        let mut names = self.endpoint_services.iter();
        let planned = names.find(|name| name.ends_with(&end));
        // Journals of earlier versions have no names.
        planned.map_or_else(|| format!("com.amazonaws{end}"), String::clone)
    }
}

/// Returns the zones of a new network, the best first: those that offer the first instance type, then those that offer
/// most of the others.
pub(crate) fn best_zones(all: BTreeSet<String>, offers: &[BTreeSet<String>]) -> Vec<String> {
    let worth = |zone: &String| {
        let offered: Vec<_> = offers.iter().map(|zones| zones.contains(zone)).collect();
        let first = offered.first() == Some(&true);
        (
            first,
            offered.iter().filter(|is_offered| **is_offered).count(),
        )
    };
    let mut zones: Vec<_> = all.into_iter().collect();
    // A stable sort, which keeps zones of the same worth in the order of their names.
    zones.sort_by_key(|zone| Reverse(worth(zone)));
    zones
}

/// The network that a deployment uses, as it exists.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\nnetwork.create = true";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// let ready = session.plan(spec).await?.launch().await?;
/// let network = &ready.state().network;
/// println!("{} with subnets in {} zones", network.vpc, network.instance_subnets.len());
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UsedNetwork {
    /// The VPC.
    pub vpc: VpcId,
    /// The subnets of the load balancer: one per zone.
    pub balancer_subnets: Vec<Subnet>,
    /// The subnets of the instances: one per zone.
    pub instance_subnets: Vec<Subnet>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(names: &str) -> BTreeSet<String> {
        names.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn zones_of_first_type_come_first() {
        let best = |offers: &[&str]| {
            let offers: Vec<_> = offers.iter().map(|names| zones(names)).collect();
            best_zones(zones("a b c d"), &offers).join(" ")
        };
        assert_eq!(best(&["b d", "c d"]), "d b c a");
        assert_eq!(best(&["a b c d"]), "a b c d");
        assert_eq!(best(&["", "c"]), "c a b d");
    }

    /// Journals that earlier versions have written must stay readable, and their form stays the same.
    #[test]
    fn stored_form_of_existing_network_is_unchanged() {
        let json = r#"{"vpc":"vpc-0a","subnets":[]}"#;
        let network: PlannedNetwork = serde_json::from_str(json).unwrap();
        assert_eq!(network.existing_vpc().unwrap().as_str(), "vpc-0a");
        assert_eq!(serde_json::to_string(&network).unwrap(), json);
        let range: VpcRange = "10.1.0.0/24".parse().unwrap();
        let zones = ["us-east-1a", "us-east-1b", "us-east-1c"].map(str::to_owned);
        let new_network = NewNetwork::plan(range, zones, Some(Egress::Nat));
        let network = PlannedNetwork::New { new_network };
        assert_eq!(
            Vec::from_iter(network.zones()),
            ["us-east-1a", "us-east-1b"]
        );
        let json = r#"{"new_network":{"range":"10.1.0.0/24","zones":[{"zone":"us-east-1a","public":"10.1.0.0/26","private":"10.1.0.128/26"},{"zone":"us-east-1b","public":"10.1.0.64/26","private":"10.1.0.192/26"}],"egress":"nat"}}"#;
        assert_eq!(serde_json::to_string(&network).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<PlannedNetwork>(json).unwrap(),
            network
        );
    }
}
