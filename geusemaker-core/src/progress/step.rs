//! The steps of a deployment and of a removal.

use std::fmt;

use serde::ser::SerializeMap;

use crate::id::InstanceId;
use crate::spec::{DomainName, StackName, Tier};
use crate::words;

/// A step of a deployment or of a removal. Its `Display` is the sentence for people, which ends in an ellipsis if the
/// step takes time.
///
/// ```
/// use geusemaker_core::Step;
///
/// assert_eq!(Step::CreatingLoadBalancer.to_string(), "Creating ALB...");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The preflight checks begin.
    CheckingAccount,
    /// The network of the stack is being created.
    CreatingNetwork,
    /// The NAT gateway of a new network is being created.
    CreatingNatGateway,
    /// The VPC endpoints of a new network are being created.
    CreatingEndpoints,
    /// The security groups are being created.
    CreatingSecurityGroups,
    /// The file system is being created.
    CreatingFileSystem,
    /// The access points of the file system are being created.
    CreatingAccessPoints,
    /// The instances are being requested.
    LaunchingInstances,
    /// The instances boot.
    WaitingForInstances,
    /// The target groups are being created.
    CreatingTargetGroups,
    /// The load balancer is being created.
    CreatingLoadBalancer,
    /// The instances are being registered as targets.
    RegisteringInstances,
    /// The load balancer is being provisioned.
    WaitingForLoadBalancer,
    /// The load balancer is active.
    #[non_exhaustive]
    LoadBalancerActive {
        /// The load balancer's DNS name.
        dns_name: String,
    },
    /// A certificate is being requested.
    #[non_exhaustive]
    RequestingCertificate {
        /// The first name of the certificate.
        name: DomainName,
    },
    /// Certificate Manager validates the names of a certificate.
    WaitingForCertificate,
    /// The certificate is issued.
    CertificateIssued,
    /// A record is being created that leads from a name to the stack.
    #[non_exhaustive]
    CreatingRecord {
        /// The name.
        name: DomainName,
    },
    /// The health checks run.
    WaitingForTargets,
    /// Every target is healthy.
    TargetsHealthy,
    /// The GPU reports are being read.
    CheckingGpus,
    /// The services of an instance take longer than usual to start; the wait for them has ended.
    ServicesStillStarting {
        /// The instance.
        instance: InstanceId,
    },
    /// The GPUs of all instances are those of their type.
    GpusAsExpected {
        /// The GPUs, as the instances report them: `1 x NVIDIA A10G, 23028 MiB, driver 595.91.07`.
        gpus: String,
    },
    /// The services are being asked as a viewer would.
    Verifying,
    /// CloudFront is being asked to drop cached answers.
    InvalidatingCache,
    /// The secret between the CDN and the load balancer is being changed.
    RotatingOriginSecret,
    /// The bearer token that the load balancer asks for is being changed.
    RotatingBearerToken,
    /// The VPC origin through which CloudFront reaches the load balancer is being created.
    CreatingVpcOrigin,
    /// The distribution is being created.
    CreatingDistribution,
    /// The distribution is being deployed to every edge location.
    WaitingForDistribution,
    /// The distribution is deployed.
    #[non_exhaustive]
    DistributionDeployed {
        /// The distribution's domain.
        domain: String,
    },
    /// The undo of a step, which was interrupted before, is being finished.
    FinishingUndo,
    /// A step that failed is being undone.
    UndoingStep,
    /// A deployment that was not committed is being removed.
    #[non_exhaustive]
    RollingBack {
        /// The stack.
        stack: StackName,
    },
    /// A stack is being removed.
    #[non_exhaustive]
    Destroying {
        /// The stack.
        stack: StackName,
    },
    /// The deployment is in use.
    #[non_exhaustive]
    Committed {
        /// The committed tier.
        tier: Tier,
    },
    /// The stack is removed, and nothing of it is left.
    #[non_exhaustive]
    Gone {
        /// The stack.
        stack: StackName,
    },
    /// The resources that no journal knows are being looked for.
    FindingOrphans,
    /// The resources that no journal knows are being removed.
    #[non_exhaustive]
    RemovingOrphans {
        /// The number of resources.
        count: usize,
    },
}

impl Step {
    /// Returns the name of the step in a serialized event: `creating-load-balancer`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CheckingAccount => "checking-account",
            Self::CreatingNetwork => "creating-network",
            Self::CreatingNatGateway => "creating-nat-gateway",
            Self::CreatingEndpoints => "creating-endpoints",
            Self::CreatingSecurityGroups => "creating-security-groups",
            Self::CreatingFileSystem => "creating-file-system",
            Self::CreatingAccessPoints => "creating-access-points",
            Self::LaunchingInstances => "launching-instances",
            Self::WaitingForInstances => "waiting-for-instances",
            Self::CreatingTargetGroups => "creating-target-groups",
            Self::CreatingLoadBalancer => "creating-load-balancer",
            Self::RegisteringInstances => "registering-instances",
            Self::WaitingForLoadBalancer => "waiting-for-load-balancer",
            Self::LoadBalancerActive { .. } => "load-balancer-active",
            Self::RequestingCertificate { .. } => "requesting-certificate",
            Self::WaitingForCertificate => "waiting-for-certificate",
            Self::CertificateIssued => "certificate-issued",
            Self::CreatingRecord { .. } => "creating-record",
            Self::WaitingForTargets => "waiting-for-targets",
            Self::TargetsHealthy => "targets-healthy",
            Self::CheckingGpus => "checking-gpus",
            Self::ServicesStillStarting { .. } => "services-still-starting",
            Self::GpusAsExpected { .. } => "gpus-as-expected",
            Self::CreatingVpcOrigin => "creating-vpc-origin",
            Self::CreatingDistribution => "creating-distribution",
            Self::WaitingForDistribution => "waiting-for-distribution",
            Self::Verifying => "verifying",
            Self::InvalidatingCache => "invalidating-cache",
            Self::RotatingOriginSecret => "rotating-origin-secret",
            Self::RotatingBearerToken => "rotating-bearer-token",
            Self::DistributionDeployed { .. } => "distribution-deployed",
            Self::FinishingUndo => "finishing-undo",
            Self::UndoingStep => "undoing-step",
            Self::RollingBack { .. } => "rolling-back",
            Self::Destroying { .. } => "destroying",
            Self::Committed { .. } => "committed",
            Self::Gone { .. } => "gone",
            Self::FindingOrphans => "finding-orphans",
            Self::RemovingOrphans { .. } => "removing-orphans",
        }
    }

    /// Adds the name and the details to a serialized event. The stack is in every event.
    pub(super) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let mut detail =
            |name, value: &dyn fmt::Display| map.serialize_entry(name, &value.to_string());
        match self {
            Self::LoadBalancerActive { dns_name } => detail("dns_name", dns_name)?,
            Self::DistributionDeployed { domain } => detail("domain", domain)?,
            Self::RequestingCertificate { name } | Self::CreatingRecord { name } => {
                detail("name", name)?;
            }
            Self::Committed { tier } => map.serialize_entry("tier", tier)?,
            Self::RemovingOrphans { count } => map.serialize_entry("count", count)?,
            Self::CheckingAccount
            | Self::CreatingNetwork
            | Self::CreatingNatGateway
            | Self::CreatingEndpoints
            | Self::CreatingSecurityGroups
            | Self::CreatingFileSystem
            | Self::CreatingAccessPoints
            | Self::LaunchingInstances
            | Self::WaitingForInstances
            | Self::CreatingTargetGroups
            | Self::CreatingLoadBalancer
            | Self::RegisteringInstances
            | Self::WaitingForLoadBalancer
            | Self::WaitingForCertificate
            | Self::CertificateIssued
            | Self::WaitingForTargets
            | Self::TargetsHealthy
            | Self::CheckingGpus
            | Self::ServicesStillStarting { .. }
            | Self::GpusAsExpected { .. }
            | Self::CreatingVpcOrigin
            | Self::CreatingDistribution
            | Self::WaitingForDistribution
            | Self::Verifying
            | Self::InvalidatingCache
            | Self::RotatingOriginSecret
            | Self::RotatingBearerToken
            | Self::FinishingUndo
            | Self::UndoingStep
            | Self::RollingBack { .. }
            | Self::Destroying { .. }
            | Self::Gone { .. }
            | Self::FindingOrphans => {}
        }
        map.serialize_entry("step", self.name())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CheckingAccount => "Checking credentials and network...",
            Self::CreatingNetwork => "Creating network...",
            Self::CreatingNatGateway => "Creating NAT gateway...",
            Self::CreatingEndpoints => "Creating VPC endpoints...",
            Self::CreatingSecurityGroups => "Creating security groups...",
            Self::CreatingFileSystem => "Creating file system...",
            Self::CreatingAccessPoints => "Creating access points...",
            Self::LaunchingInstances => "Launching instances...",
            Self::WaitingForInstances => "Waiting for instances to run...",
            Self::CreatingTargetGroups => "Creating target groups...",
            Self::CreatingLoadBalancer => "Creating ALB...",
            Self::RegisteringInstances => "Registering instances...",
            Self::WaitingForLoadBalancer => "Waiting for ALB to be active...",
            Self::LoadBalancerActive { dns_name } => {
                return write!(f, "ALB is active: {dns_name}");
            }
            Self::RequestingCertificate { name } => {
                return write!(f, "Requesting certificate for {name}...");
            }
            Self::WaitingForCertificate => "Waiting for certificate to be issued...",
            Self::CertificateIssued => "Certificate is issued",
            Self::CreatingRecord { name } => return write!(f, "Creating DNS record {name}..."),
            Self::WaitingForTargets => "Waiting for healthy targets...",
            Self::TargetsHealthy => "All targets are healthy",
            Self::CheckingGpus => "Checking GPUs...",
            Self::ServicesStillStarting { instance } => {
                return write!(f, "Services of {instance} are still starting");
            }
            Self::GpusAsExpected { gpus } => {
                return write!(f, "GPU check passed: {gpus}");
            }
            Self::CreatingVpcOrigin => "Creating VPC origin of CloudFront...",
            Self::CreatingDistribution => "Creating CloudFront distribution...",
            Self::WaitingForDistribution => "Waiting for CloudFront to deploy it...",
            Self::Verifying => "Verifying that it serves...",
            Self::InvalidatingCache => "Invalidating cached answers...",
            Self::RotatingOriginSecret => "Changing the secret between CDN and load balancer...",
            Self::RotatingBearerToken => "Changing the bearer token of the load balancer...",
            Self::DistributionDeployed { domain } => {
                return write!(f, "CloudFront distribution is deployed: https://{domain}");
            }
            Self::FinishingUndo => "Finishing the interrupted undo of this step...",
            Self::UndoingStep => "Undoing this step...",
            Self::RollingBack { stack } => return write!(f, "Rolling back {stack}..."),
            Self::Destroying { stack } => return write!(f, "Destroying {stack}..."),
            Self::Committed { tier } => return write!(f, "Tier {tier} is committed"),
            Self::Gone { stack } => return write!(f, "{stack} is gone"),
            Self::FindingOrphans => "Looking for leftover resources...",
            Self::RemovingOrphans { count } => {
                return write!(f, "Removing {}...", words::count(*count, "resource"));
            }
        })
    }
}
