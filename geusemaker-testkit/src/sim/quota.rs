//! How much of everything an account may have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::wire::ServiceError;

/// A quota of the account, as Service Quotas lists it. Those of a region hold in each region for itself.
///
/// A new account may run no GPU instance at all: its quotas of vCPUs for G, VT and P types are 0. This simulator does
/// not limit vCPUs unless it is told to, as if the quotas had been raised; give them a 0 to try a new account.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use geusemaker_testkit::{Aws, Quota};
///
/// let new_account = Aws::builder()
///     .quota(Quota::OnDemandGAndVt, 0)
///     .quota(Quota::SpotGAndVt, 0)
///     .build();
/// # let _ = new_account;
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Quota {
    /// CloudFront distributions of the account: 500.
    Distributions,
    /// EFS file systems in a region: 1000.
    FileSystems,
    /// Key pairs in a region: 5000.
    KeyPairs,
    /// Listeners of an application load balancer: 50.
    ListenersPerLoadBalancer,
    /// Application load balancers in a region: 50.
    LoadBalancers,
    /// Network interfaces in a region: 5000. EFS draws on it with each mount target, as instances do.
    NetworkInterfaces,
    /// vCPUs of running on-demand G and VT instances in a region, L-DB2E81BA; not limited unless given.
    OnDemandGAndVt,
    /// vCPUs of running on-demand P instances in a region, L-417A185B; not limited unless given.
    OnDemandP,
    /// vCPUs of running on-demand standard (A, C, D, H, I, M, R, T, Z) instances in a region, L-1216C47A; not limited unless given.
    OnDemandStandard,
    /// Rules of an application load balancer, without the default ones: 100.
    RulesPerLoadBalancer,
    /// Rules of a security group in one direction, L-0EA8095F: 60. A prefix list counts as its weight.
    RulesPerSecurityGroup,
    /// VPC security groups in a region: 2500.
    SecurityGroups,
    /// Security groups of a network interface: 5.
    SecurityGroupsPerInterface,
    /// vCPUs of G and VT spot instances in a region, L-3819A6DF; not limited unless given.
    SpotGAndVt,
    /// vCPUs of P spot instances in a region, L-7212CCBC; not limited unless given. AWS counts P5 and newer ones apart.
    SpotP,
    /// vCPUs of standard spot instances in a region; not limited unless given.
    SpotStandard,
    /// Subnets of a VPC: 200.
    SubnetsPerVpc,
    /// Target groups in a region: 3000.
    TargetGroups,
    /// Targets of a target group: 1000.
    TargetsPerTargetGroup,
    /// VPCs in a region; not limited unless given, where AWS's default is 5.
    Vpcs,
}

impl Quota {
    /// What it is if nobody asks for something else; none if it is not limited then.
    #[must_use]
    pub fn default_value(self) -> Option<u32> {
        match self {
            Self::OnDemandGAndVt
            | Self::OnDemandP
            | Self::OnDemandStandard
            | Self::SpotGAndVt
            | Self::SpotP
            | Self::SpotStandard
            | Self::Vpcs => None,
            Self::SecurityGroupsPerInterface => Some(5),
            Self::ListenersPerLoadBalancer | Self::LoadBalancers => Some(50),
            Self::RulesPerSecurityGroup => Some(60),
            Self::RulesPerLoadBalancer => Some(100),
            Self::SubnetsPerVpc => Some(200),
            Self::Distributions => Some(500),
            Self::FileSystems | Self::TargetsPerTargetGroup => Some(1000),
            Self::SecurityGroups => Some(2500),
            Self::TargetGroups => Some(3000),
            Self::KeyPairs | Self::NetworkInterfaces => Some(5000),
        }
    }

    /// What AWS answers to whoever wants more. The codes and statuses are those of the service models and of the list
    /// of EC2's error codes; the messages are AWS's where public reports quote them, else the model's description.
    fn refusal(self, limit: u32) -> ServiceError {
        let (code, message) = match self {
            Self::Distributions => (
                "TooManyDistributions",
                "Processing your request will cause you to exceed the maximum number of distributions allowed.".to_owned(),
            ),
            Self::FileSystems => {
                let message = "The account has already created the maximum number of file systems allowed per account.";
                return ServiceError::new("FileSystemLimitExceeded", message).status(403);
            }
            Self::KeyPairs => (
                "KeyPairLimitExceeded",
                "The maximum number of key pairs has been reached.".to_owned(),
            ),
            Self::ListenersPerLoadBalancer => (
                "TooManyListeners",
                format!("The maximum number of listeners per load balancer, '{limit}', has been reached"),
            ),
            Self::LoadBalancers => (
                "TooManyLoadBalancers",
                "The maximum number of load balancers has been reached".to_owned(),
            ),
            Self::NetworkInterfaces => (
                "NetworkInterfaceLimitExceeded",
                "The maximum number of network interfaces has been reached.".to_owned(),
            ),
            Self::OnDemandGAndVt | Self::OnDemandP | Self::OnDemandStandard => (
                "VcpuLimitExceeded",
                format!(
                    "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
                ),
            ),
            Self::RulesPerLoadBalancer => (
                "TooManyRules",
                format!("The maximum number of rules per load balancer, '{limit}', has been reached"),
            ),
            Self::RulesPerSecurityGroup => (
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.".to_owned(),
            ),
            Self::SecurityGroups => (
                "SecurityGroupLimitExceeded",
                "The maximum number of security groups has been reached.".to_owned(),
            ),
            Self::SecurityGroupsPerInterface => (
                "SecurityGroupsPerInterfaceLimitExceeded",
                "The maximum number of security groups per interface has been reached.".to_owned(),
            ),
            Self::SpotGAndVt | Self::SpotP | Self::SpotStandard => (
                "MaxSpotInstanceCountExceeded",
                "Max spot instance count exceeded".to_owned(),
            ),
            Self::SubnetsPerVpc => (
                "SubnetLimitExceeded",
                "The maximum number of subnets has been reached.".to_owned(),
            ),
            Self::TargetGroups => (
                "TooManyTargetGroups",
                "The maximum number of target groups has been reached".to_owned(),
            ),
            Self::TargetsPerTargetGroup => (
                "TooManyTargets",
                format!("The maximum number of targets per target group, '{limit}', has been reached"),
            ),
            Self::Vpcs => (
                "VpcLimitExceeded",
                "The maximum number of VPCs has been reached.".to_owned(),
            ),
        };
        ServiceError::new(code, message)
    }
}

/// The account's quotas: those that were asked for; the others have their defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Quotas {
    chosen: BTreeMap<Quota, u32>,
}

impl Quotas {
    pub(crate) fn set(&mut self, quota: Quota, value: u32) {
        self.chosen.insert(quota, value);
    }

    /// How much there may be; none if there is no end.
    pub(crate) fn limit(&self, quota: Quota) -> Option<u32> {
        self.chosen
            .get(&quota)
            .copied()
            .or_else(|| quota.default_value())
    }

    /// Refuses what would make it `total`.
    pub(crate) fn admit(&self, quota: Quota, total: usize) -> Result<(), ServiceError> {
        match self.limit(quota) {
            Some(limit) if total > usize::try_from(limit).unwrap_or(usize::MAX) => {
                Err(quota.refusal(limit))
            }
            _ => Ok(()),
        }
    }
}
