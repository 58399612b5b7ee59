//! The quotas of an account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{acm, cloudfront, ec2, efs, elastic_load_balancing, iam, route53, secrets_manager};
use crate::wire::ServiceError;

/// A quota of the account, as Service Quotas lists it. A quota of a region holds in each region separately.
///
/// A new account cannot run any GPU instance: its quotas of vCPUs for G, VT and P types are 0. By default, this
/// simulator does not limit vCPUs, as if the quotas had been raised; set them to 0 to try a new account.
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
    /// Access points of an EFS file system: 10,000.
    AccessPointsPerFileSystem,
    /// Certificates of Certificate Manager in a region, L-F141DD1D: 2500.
    Certificates,
    /// CloudFront distributions of the account: 500.
    Distributions,
    /// Elastic IP addresses in a region, L-0263D0A3: 5.
    ElasticIps,
    /// EFS file systems in a region: 1000.
    FileSystems,
    /// Route 53 hosted zones of the account, L-4EA4796A: 500.
    HostedZones,
    /// IAM instance profiles of the account: 1000.
    InstanceProfiles,
    /// Key pairs in a region: 5000.
    KeyPairs,
    /// Listeners of an application load balancer: 50.
    ListenersPerLoadBalancer,
    /// Application load balancers in a region: 50.
    LoadBalancers,
    /// Domain names of a certificate, L-FB94F0B0: 10.
    NamesPerCertificate,
    /// NAT gateways in an availability zone, L-FE5A380F: 5.
    NatGatewaysPerZone,
    /// Network interfaces in a region: 5000. EFS uses one for each mount target, and instances use them too.
    NetworkInterfaces,
    /// vCPUs of running on-demand DL instances in a region, L-6E869C2A; not limited unless set.
    OnDemandDl,
    /// vCPUs of running on-demand G and VT instances in a region, L-DB2E81BA; not limited unless set.
    OnDemandGAndVt,
    /// vCPUs of running on-demand Inf instances in a region, L-1945791B; not limited unless set.
    OnDemandInf,
    /// vCPUs of running on-demand P instances in a region, L-417A185B; not limited unless set.
    OnDemandP,
    /// vCPUs of running on-demand standard (A, C, D, H, I, M, R, T, Z) instances in a region, L-1216C47A; not limited
    /// unless set.
    OnDemandStandard,
    /// vCPUs of running on-demand Trn instances in a region, L-2C3B7624; not limited unless set.
    OnDemandTrn,
    /// IAM roles of the account: 1000.
    Roles,
    /// Rules of an application load balancer, without the default ones: 100.
    RulesPerLoadBalancer,
    /// Rules of a security group in one direction, L-0EA8095F: 60. A prefix list counts as its weight.
    RulesPerSecurityGroup,
    /// Secrets of Secrets Manager in a region: 500,000.
    Secrets,
    /// VPC security groups in a region: 2500.
    SecurityGroups,
    /// Security groups of a network interface: 5.
    SecurityGroupsPerInterface,
    /// vCPUs of DL spot instances in a region, L-85EED4F7; not limited unless set.
    SpotDl,
    /// vCPUs of G and VT spot instances in a region, L-3819A6DF; not limited unless set.
    SpotGAndVt,
    /// vCPUs of Inf spot instances in a region, L-B5D1601B; not limited unless set.
    SpotInf,
    /// vCPUs of P4, P3 and P2 spot instances in a region, L-7212CCBC; not limited unless set.
    SpotP,
    /// vCPUs of P5 and newer P spot instances in a region, L-C4BD4855; not limited unless set.
    SpotP5,
    /// vCPUs of standard spot instances in a region, L-34B43A08; not limited unless set.
    SpotStandard,
    /// vCPUs of Trn spot instances in a region, L-6B0D517C; not limited unless set.
    SpotTrn,
    /// Subnets of a VPC: 200.
    SubnetsPerVpc,
    /// Target groups in a region: 3000.
    TargetGroups,
    /// Targets of a target group: 1000.
    TargetsPerTargetGroup,
    /// CloudFront VPC origins of the account: 25.
    VpcOrigins,
    /// VPCs in a region; not limited unless set, while AWS's default is 5.
    Vpcs,
}

impl Quota {
    /// Returns the value of a quota that is not set; `None` if it is then not limited.
    #[must_use]
    pub fn default_value(self) -> Option<u32> {
        match self {
            Self::OnDemandDl
            | Self::OnDemandGAndVt
            | Self::OnDemandInf
            | Self::OnDemandP
            | Self::OnDemandStandard
            | Self::OnDemandTrn
            | Self::SpotDl
            | Self::SpotGAndVt
            | Self::SpotInf
            | Self::SpotP
            | Self::SpotP5
            | Self::SpotStandard
            | Self::SpotTrn
            | Self::Vpcs => None,
            Self::ElasticIps | Self::NatGatewaysPerZone | Self::SecurityGroupsPerInterface => {
                Some(5)
            }
            Self::NamesPerCertificate => Some(10),
            Self::VpcOrigins => Some(25),
            Self::ListenersPerLoadBalancer | Self::LoadBalancers => Some(50),
            Self::RulesPerSecurityGroup => Some(60),
            Self::RulesPerLoadBalancer => Some(100),
            Self::SubnetsPerVpc => Some(200),
            Self::Distributions | Self::HostedZones => Some(500),
            Self::FileSystems
            | Self::InstanceProfiles
            | Self::Roles
            | Self::TargetsPerTargetGroup => Some(1000),
            Self::Certificates | Self::SecurityGroups => Some(2500),
            Self::TargetGroups => Some(3000),
            Self::KeyPairs | Self::NetworkInterfaces => Some(5000),
            Self::AccessPointsPerFileSystem => Some(10_000),
            Self::Secrets => Some(500_000),
        }
    }

    /// Returns AWS's answer to a request beyond the quota. The codes are those of the service models and of the list of
    /// EC2's error codes.
    fn refusal(self, limit: u32) -> ServiceError {
        let message = self.message(limit);
        match self {
            Self::AccessPointsPerFileSystem => {
                ServiceError::new(efs::Code::AccessPointLimitExceeded, message)
            }
            Self::Certificates | Self::NamesPerCertificate => {
                ServiceError::new(acm::Code::LimitExceededException, message)
            }
            Self::HostedZones => ServiceError::new(route53::Code::TooManyHostedZones, message),
            Self::Distributions => {
                ServiceError::new(cloudfront::Code::TooManyDistributions, message)
            }
            Self::VpcOrigins => ServiceError::new(cloudfront::Code::EntityLimitExceeded, message),
            Self::ElasticIps => ServiceError::new(ec2::Code::AddressLimitExceeded, message),
            Self::FileSystems => ServiceError::new(efs::Code::FileSystemLimitExceeded, message),
            Self::InstanceProfiles | Self::Roles => {
                ServiceError::new(iam::Code::LimitExceeded, message)
            }
            Self::KeyPairs => ServiceError::new(ec2::Code::KeyPairLimitExceeded, message),
            Self::ListenersPerLoadBalancer => {
                ServiceError::new(elastic_load_balancing::Code::TooManyListeners, message)
            }
            Self::LoadBalancers => {
                ServiceError::new(elastic_load_balancing::Code::TooManyLoadBalancers, message)
            }
            Self::NatGatewaysPerZone => {
                ServiceError::new(ec2::Code::NatGatewayLimitExceeded, message)
            }
            Self::NetworkInterfaces => {
                ServiceError::new(ec2::Code::NetworkInterfaceLimitExceeded, message)
            }
            Self::OnDemandDl
            | Self::OnDemandGAndVt
            | Self::OnDemandInf
            | Self::OnDemandP
            | Self::OnDemandStandard
            | Self::OnDemandTrn => ServiceError::new(ec2::Code::VcpuLimitExceeded, message),
            Self::RulesPerLoadBalancer => {
                ServiceError::new(elastic_load_balancing::Code::TooManyRules, message)
            }
            Self::RulesPerSecurityGroup => {
                ServiceError::new(ec2::Code::RulesPerSecurityGroupLimitExceeded, message)
            }
            Self::Secrets => {
                ServiceError::new(secrets_manager::Code::LimitExceededException, message)
            }
            Self::SecurityGroups => {
                ServiceError::new(ec2::Code::SecurityGroupLimitExceeded, message)
            }
            Self::SecurityGroupsPerInterface => {
                ServiceError::new(ec2::Code::SecurityGroupsPerInterfaceLimitExceeded, message)
            }
            Self::SpotDl
            | Self::SpotGAndVt
            | Self::SpotInf
            | Self::SpotP
            | Self::SpotP5
            | Self::SpotStandard
            | Self::SpotTrn => ServiceError::new(ec2::Code::MaxSpotInstanceCountExceeded, message),
            Self::SubnetsPerVpc => ServiceError::new(ec2::Code::SubnetLimitExceeded, message),
            Self::TargetGroups => {
                ServiceError::new(elastic_load_balancing::Code::TooManyTargetGroups, message)
            }
            Self::TargetsPerTargetGroup => {
                ServiceError::new(elastic_load_balancing::Code::TooManyTargets, message)
            }
            Self::Vpcs => ServiceError::new(ec2::Code::VpcLimitExceeded, message),
        }
    }

    /// Returns the message of the answer: AWS's where public reports quote it, else the model's description.
    fn message(self, limit: u32) -> String {
        match self {
            Self::AccessPointsPerFileSystem => "The account has already created the maximum number of access points allowed per file system.".to_owned(),
            Self::Certificates => format!("Error: you have reached your limit of {limit} certificates in the last year."),
            Self::HostedZones => format!("Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more than {limit} hosted zones."),
            Self::NamesPerCertificate => format!("Error: you have requested more domain names than your limit of {limit} per certificate."),
            Self::Distributions => "Processing your request will cause you to exceed the maximum number of distributions allowed.".to_owned(),
            Self::VpcOrigins => format!("The limit of {limit} VPC origins has been exceeded."),
            Self::FileSystems => "The account has already created the maximum number of file systems allowed per account.".to_owned(),
            Self::InstanceProfiles => {
                format!("Cannot exceed quota for InstanceProfilesPerAccount: {limit}")
            }
            Self::Roles => format!("Cannot exceed quota for RolesPerAccount: {limit}"),
            Self::ListenersPerLoadBalancer => {
                format!("The maximum number of listeners per load balancer, '{limit}', has been reached")
            }
            Self::LoadBalancers => "The maximum number of load balancers has been reached".to_owned(),
            Self::OnDemandDl
            | Self::OnDemandGAndVt
            | Self::OnDemandInf
            | Self::OnDemandP
            | Self::OnDemandStandard
            | Self::OnDemandTrn => format!(
                "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
            ),
            Self::RulesPerLoadBalancer => {
                format!("The maximum number of rules per load balancer, '{limit}', has been reached")
            }
            Self::SpotDl
            | Self::SpotGAndVt
            | Self::SpotInf
            | Self::SpotP
            | Self::SpotP5
            | Self::SpotStandard
            | Self::SpotTrn => {
                "Max spot instance count exceeded".to_owned()
            }
            Self::TargetGroups => "The maximum number of target groups has been reached".to_owned(),
            Self::TargetsPerTargetGroup => {
                format!("The maximum number of targets per target group, '{limit}', has been reached")
            }
            Self::Secrets => "You have exceeded the quota of secrets in this account and region.".to_owned(),
            Self::ElasticIps => reached("addresses"),
            Self::KeyPairs => reached("key pairs"),
            Self::NatGatewaysPerZone => {
                format!("Performing this operation would exceed the limit of {limit} NAT gateways")
            }
            Self::NetworkInterfaces => reached("network interfaces"),
            Self::RulesPerSecurityGroup => reached("rules per security group"),
            Self::SecurityGroups => reached("security groups"),
            Self::SecurityGroupsPerInterface => reached("security groups per interface"),
            Self::SubnetsPerVpc => reached("subnets"),
            Self::Vpcs => reached("VPCs"),
        }
    }
}

/// Returns EC2's message about a quota.
fn reached(what: &str) -> String {
    format!("The maximum number of {what} has been reached.")
}

/// The account's quotas that were set; the others have their defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Quotas {
    chosen: BTreeMap<Quota, u32>,
}

impl Quotas {
    pub(crate) fn set(&mut self, quota: Quota, value: u32) {
        self.chosen.insert(quota, value);
    }

    /// Returns the limit of a quota; `None` if there is no limit.
    pub(crate) fn limit(&self, quota: Quota) -> Option<u32> {
        self.chosen
            .get(&quota)
            .copied()
            .or_else(|| quota.default_value())
    }

    /// Refuses a request that would make the total exceed the quota.
    pub(crate) fn admit(&self, quota: Quota, total: usize) -> Result<(), ServiceError> {
        match self.limit(quota) {
            Some(limit) if total > usize::try_from(limit).unwrap_or(usize::MAX) => {
                Err(quota.refusal(limit))
            }
            _ => Ok(()),
        }
    }
}
