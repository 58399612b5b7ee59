//! Findings in the account that do not keep a stack from being deployed.

use crate::aws::error::AwsError;
use crate::id::{FileSystemId, VpcId};
use crate::resource::network_quota::NetworkQuota;
use crate::spec::{GpuInstanceType, InstanceType, OperatingSystem, StackName, VcpuQuota};

/// A finding in the account that does not keep the stack from being deployed, from [`Plan::warnings`](crate::Plan).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::{Aws, Fault};
/// # let fault = Fault::on("GetServiceQuota").denied();
/// # let aws = Aws::builder().fault(fault).build();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = DeploymentSpec::from_toml("name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'")?;
/// // These credentials may not read quotas.
/// let planned = session.plan(spec).await?;
/// let warnings = &planned.state().plan.warnings;
/// assert!(warnings[0].to_string().starts_with("the quota of vCPUs is unknown"));
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanWarning {
    /// A quota of vCPUs could not be read.
    #[error("the quota of vCPUs is unknown (\"{quota}\"): {reason}")]
    #[non_exhaustive]
    QuotaUnknown {
        /// The quota.
        quota: VcpuQuota,
        /// The reason: the refused call.
        reason: String,
    },
    /// A quota that a network of its own counts against could not be read.
    #[error("the quota \"{quota}\" is unknown: {reason}")]
    #[non_exhaustive]
    NetworkQuotaUnknown {
        /// The quota.
        quota: NetworkQuota,
        /// The reason: the refused call.
        reason: String,
    },
    /// No quota of vCPUs is known for the family of an instance type.
    #[error(
        "the quota of vCPUs of {instance_type} was not checked: the quota of its family is not known"
    )]
    #[non_exhaustive]
    NoKnownQuota {
        /// The instance type.
        instance_type: InstanceType,
    },
    /// The instance type is not in the catalog, so no list says that the driver of the image works on it.
    #[error(
        "{instance_type} is newer than this version's catalog: the Deep Learning AMI of {os} is not known to have a driver \
         for it; the GPU check tells"
    )]
    #[non_exhaustive]
    DriverUnproven {
        /// The instance type.
        instance_type: GpuInstanceType,
        /// The operating system of the image.
        os: OperatingSystem,
    },
    /// A quota of vCPUs is too small for some of the instance types, which are not tried.
    #[error("{wanted} is not tried: it needs {needed} vCPUs, and the quota \"{quota}\" is {limit}")]
    #[non_exhaustive]
    QuotaTooSmall {
        /// The quota.
        quota: VcpuQuota,
        /// Its value in the account.
        limit: u32,
        /// The instances: `2 x p5.48xlarge on-demand`.
        wanted: String,
        /// The vCPUs of those instances.
        needed: u32,
    },
    /// A quota of vCPUs is in use at the moment.
    #[error(
        "{wanted} may be refused: it needs {needed} vCPUs, and of the quota \"{quota}\" of {limit}, {used} are in use"
    )]
    #[non_exhaustive]
    QuotaInUse {
        /// The quota.
        quota: VcpuQuota,
        /// Its value in the account.
        limit: u32,
        /// The vCPUs that count against it now.
        used: u32,
        /// The instances: `2 x p5.48xlarge on-demand`.
        wanted: String,
        /// The vCPUs of those instances.
        needed: u32,
    },
    /// The instances have no route to the internet, and the VPC has an endpoint of Amazon ECR.
    #[error(
        "{vpc} has no route to the internet for the instances: only images of Amazon ECR can be pulled, through the VPC's \
         endpoint, and models from elsewhere cannot be downloaded"
    )]
    #[non_exhaustive]
    OnlyEcr {
        /// The VPC.
        vpc: VpcId,
    },
    /// The default VPC lacks the route to the internet that AWS makes with it.
    #[error(
        "the default VPC {vpc} has no route to an internet gateway: unless there is another way, nothing can be downloaded \
         in it and nobody reaches it; attach a gateway, and route 0.0.0.0/0 to it"
    )]
    #[non_exhaustive]
    DefaultVpcWithoutRoute {
        /// The VPC.
        vpc: VpcId,
    },
    /// The file system belongs to another stack, and is deleted with it.
    #[error(
        "{file_system} belongs to stack {stack}: as long as this stack uses it, {stack} cannot be removed completely, and \
         afterwards {stack} deletes it unless it keeps its file system"
    )]
    #[non_exhaustive]
    FileSystemOfStack {
        /// The file system.
        file_system: FileSystemId,
        /// The stack that has created it.
        stack: StackName,
    },
    /// A check was left out, because the credentials lack the permission to look.
    #[error("{what} was not checked: {} is not permitted", .call.operation)]
    #[non_exhaustive]
    NotChecked {
        /// The part that was not checked: `the DNS of the VPC`.
        what: &'static str,
        /// The refused call.
        call: AwsError,
    },
}
