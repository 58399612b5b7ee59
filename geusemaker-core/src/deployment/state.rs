//! The states of a deployment. A state is what has been reached, not a label: each owns the one before it.

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::id::{FileSystemId, MountTargetId, SecurityGroupId};
use crate::resource::distribution::Distribution;
use crate::resource::instance::RunningInstance;
use crate::resource::load_balancer::ActiveLoadBalancer;
use crate::resource::target_group::TargetGroup;

mod sealed {
    pub trait Sealed {}
}

/// A state that a [`Deployment`](crate::Deployment) can be in.
///
/// It is sealed: the states are [`Planned`], [`Ec2Ready`], [`AlbHealthy`], [`CdnPending`] and [`CdnDeployed`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state of a deployment",
    label = "not a state of a deployment",
    note = "the states are Planned, Ec2Ready, AlbHealthy, CdnPending and CdnDeployed"
)]
pub trait State: sealed::Sealed + Send + Sync + 'static {}

macro_rules! states {
    ($($state:ident),+) => {$(
        impl sealed::Sealed for $state {}
        impl State for $state {}
    )+};
}

states!(Planned, Ec2Ready, AlbHealthy, CdnPending, CdnDeployed);

/// Nothing exists yet: the spec fits the account, and what it leaves open is chosen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Planned {
    /// What is going to be made.
    pub plan: Plan,
}

/// The instances run. Their storage and the proof of their GPUs may still be on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ec2Ready {
    /// What was planned.
    pub plan: Plan,
    /// The group of the instances, which admits nobody by itself.
    pub instance_group: SecurityGroupId,
    /// The shared file system.
    pub file_system: FileSystemId,
    /// Where it is mounted: one per zone that is used; none if the file system was adopted with its own.
    pub mount_targets: Vec<MountTargetId>,
    /// The instances.
    pub instances: Vec<RunningInstance>,
}

/// The load balancer takes requests, and every target is healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlbHealthy {
    /// What it balances.
    pub ec2: Ec2Ready,
    /// The load balancer.
    pub load_balancer: ActiveLoadBalancer,
    /// One target group per service.
    pub target_groups: Vec<TargetGroup>,
}

/// The distribution exists and is on its way to the edge locations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CdnPending {
    /// What it publishes.
    pub alb: AlbHealthy,
    /// The distribution.
    pub distribution: Distribution,
}

/// The distribution answers at every edge location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CdnDeployed {
    /// What it publishes.
    pub alb: AlbHealthy,
    /// The distribution.
    pub distribution: Distribution,
}

/// The last state that a journal has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub(crate) enum Reached {
    Ec2Ready(Ec2Ready),
    AlbHealthy(AlbHealthy),
    CdnPending(CdnPending),
    CdnDeployed(CdnDeployed),
}

macro_rules! reached {
    ($($state:ident),+) => {$(
        impl From<$state> for Reached {
            fn from(state: $state) -> Self {
                Self::$state(state)
            }
        }
    )+};
}

reached!(Ec2Ready, AlbHealthy, CdnPending, CdnDeployed);

impl Reached {
    /// The load balancer, once there is one.
    pub(crate) fn alb(&self) -> Option<&AlbHealthy> {
        match self {
            Self::Ec2Ready(_) => None,
            Self::AlbHealthy(alb) => Some(alb),
            Self::CdnPending(cdn) => Some(&cdn.alb),
            Self::CdnDeployed(cdn) => Some(&cdn.alb),
        }
    }

    /// The instances.
    pub(crate) fn ec2(&self) -> &Ec2Ready {
        match self {
            Self::Ec2Ready(ec2) => ec2,
            Self::AlbHealthy(alb) => &alb.ec2,
            Self::CdnPending(cdn) => &cdn.alb.ec2,
            Self::CdnDeployed(cdn) => &cdn.alb.ec2,
        }
    }

    /// The distribution, once there is one.
    pub(crate) fn distribution(&self) -> Option<&Distribution> {
        match self {
            Self::Ec2Ready(_) | Self::AlbHealthy(_) => None,
            Self::CdnPending(cdn) => Some(&cdn.distribution),
            Self::CdnDeployed(cdn) => Some(&cdn.distribution),
        }
    }
}
