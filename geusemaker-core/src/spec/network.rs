//! Where in the account's network a deployment lives.

use crate::id::{SubnetId, VpcId};
use bon::Builder;
use serde::{Deserialize, Serialize};

/// Where in the account's network a deployment lives. Nothing given: the Region's default VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Builder, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Network {
    /// The VPC to use, instead of the Region's default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc: Option<VpcId>,
    /// The subnets to use, instead of all of the VPC's that qualify. A load balancer needs two, in different
    /// Availability Zones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[builder(default)]
    subnets: Vec<SubnetId>,
}

impl Network {
    /// The VPC to use, if not the Region's default one.
    pub fn vpc(&self) -> Option<&VpcId> {
        self.vpc.as_ref()
    }

    /// The subnets to use; empty where they are to be discovered.
    pub fn subnets(&self) -> &[SubnetId] {
        &self.subnets
    }
}
