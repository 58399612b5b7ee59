//! The network that a deployment uses.

use bon::Builder;
use serde::{Deserialize, Serialize};

use crate::id::{SubnetId, VpcId};

/// The network that a deployment uses; by default the Region's default VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Network {
    /// The VPC to use, instead of the Region's default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc: Option<VpcId>,
    /// The subnets to use, instead of all suitable subnets of the VPC. A load balancer needs two, in different
    /// Availability Zones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[builder(default)]
    subnets: Vec<SubnetId>,
}

impl Network {
    /// Returns the VPC to use, if the spec names one. Otherwise it is the Region's default VPC.
    pub fn vpc(&self) -> Option<&VpcId> {
        self.vpc.as_ref()
    }

    /// Returns the subnets to use. If there are none, they are discovered.
    pub fn subnets(&self) -> &[SubnetId] {
        &self.subnets
    }
}
