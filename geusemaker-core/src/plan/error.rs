//! The error of a spec that does not fit the account.

use crate::id::{AmiId, FileSystemId, SubnetId, VpcId};
use crate::spec::{Architecture, GpuInstanceType, InstanceProfileName, Region, StackName, Tier};

/// Error returned when a spec does not fit the account. Nothing was created.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n\
/// #     network.vpc = 'vpc-0a1b2c3d'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// use geusemaker_core::{Error, PlanError};
///
/// // The spec names a VPC of another account.
/// match session.plan(spec).await {
///     Err(Error::Plan(error @ PlanError::Missing { field, .. })) => {
///         assert_eq!(field, "network.vpc");
///         println!("{error}: {}", error.remedy());
///     }
///     other => panic!("{other:?}"),
/// }
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The account has no default VPC in the region.
    #[error("the account has no default VPC in {region}")]
    #[non_exhaustive]
    NoDefaultVpc {
        /// The region.
        region: Region,
    },
    /// A resource that the spec names does not exist.
    #[error("{field} {id} does not exist in {region}, or these credentials cannot see it")]
    #[non_exhaustive]
    Missing {
        /// The field of the spec: `network.vpc`.
        field: &'static str,
        /// The id or the name in the spec.
        id: String,
        /// The region.
        region: Region,
    },
    /// A subnet is not in the VPC that the spec names.
    #[error("network.subnets: {subnet} is in {actual}, not in {vpc}")]
    #[non_exhaustive]
    OtherVpc {
        /// The subnet.
        subnet: SubnetId,
        /// The VPC that it is in.
        actual: VpcId,
        /// The VPC that it should be in.
        vpc: VpcId,
    },
    /// A load balancer needs two zones, and the VPC has subnets in fewer.
    #[error("tier {tier} needs subnets in two availability zones, and {vpc} has {}", joined(.zones))]
    #[non_exhaustive]
    OneZone {
        /// The tier in the spec.
        tier: Tier,
        /// The VPC.
        vpc: VpcId,
        /// The zones of its subnets.
        zones: Vec<String>,
    },
    /// No zone with a subnet offers any of the instance types.
    #[error("no zone of the subnets offers {wanted}: the subnets are in {}, and it is offered in {}", joined(.have), joined(.offered))]
    #[non_exhaustive]
    NotOffered {
        /// The instance types.
        wanted: String,
        /// The zones of the subnets.
        have: Vec<String>,
        /// The zones that offer the types.
        offered: Vec<String>,
    },
    /// The region has no Deep Learning image.
    #[error("no Deep Learning image for {architecture} was found in {region}")]
    #[non_exhaustive]
    NoImage {
        /// The architecture.
        architecture: Architecture,
        /// The region.
        region: Region,
    },
    /// The image is built for another architecture.
    #[error("compute.ami {image} is built for {found}, and {instance_type} needs {needed}")]
    #[non_exhaustive]
    WrongArchitecture {
        /// The image.
        image: AmiId,
        /// The architecture that the image is built for.
        found: String,
        /// The instance type.
        instance_type: GpuInstanceType,
        /// The architecture that the instance type needs.
        needed: Architecture,
    },
    /// The region has no prefix list of CloudFront's servers.
    #[error("the prefix list of CloudFront's origin-facing servers was not found in {region}")]
    #[non_exhaustive]
    NoPrefixList {
        /// The region.
        region: Region,
    },
    /// The file system belongs to a stack that exists, and is deleted with that stack.
    #[error("storage.file_system {file_system} belongs to stack {stack}, which still exists")]
    #[non_exhaustive]
    BelongsToStack {
        /// The file system.
        file_system: FileSystemId,
        /// The stack that created the file system.
        stack: StackName,
    },
    /// The instance profile that the spec names has no role, so instances with it may do nothing.
    #[error("access.instance_profile {profile} has no role")]
    #[non_exhaustive]
    ProfileWithoutRole {
        /// The instance profile.
        profile: InstanceProfileName,
    },
    /// A name that has to be unique in the region is taken.
    #[error("a {what} named {name} exists in {region} already")]
    #[non_exhaustive]
    NameTaken {
        /// The kind of resource: `load balancer`.
        what: &'static str,
        /// The name.
        name: String,
        /// The region.
        region: Region,
    },
}

impl PlanError {
    /// Returns what the user can do about the error.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NoDefaultVpc { .. } => {
                "name a VPC in network.vpc, or create a default one: aws ec2 create-default-vpc"
            }
            Self::Missing { field, id, .. } if *field == "service.secrets" => {
                return create_secret(id);
            }
            Self::Missing { .. } => "check the id, the region and the account",
            Self::OtherVpc { .. } => "name subnets of one VPC",
            Self::OneZone { .. } => {
                "name subnets in two zones in network.subnets, or create one in another zone"
            }
            Self::NotOffered { .. } => {
                "name subnets in zones that offer it, or another instance type in compute"
            }
            Self::NoImage { .. } => "name an image in compute.ami",
            Self::WrongArchitecture { .. } => {
                "name an image for the architecture of the instance type"
            }
            Self::NoPrefixList { .. } => "choose another region, where AWS has this prefix list",
            Self::BelongsToStack { .. } => {
                "first destroy that stack with --keep-file-system, or leave storage.file_system out"
            }
            Self::ProfileWithoutRole { .. } => {
                "put a role into it: aws iam add-role-to-instance-profile, or leave access.instance_profile out"
            }
            Self::NameTaken { .. } => {
                "choose another stack name, or remove the resource with this name"
            }
        }
        .to_owned()
    }
}

/// Returns the command that puts a secret where the spec looks for it.
fn create_secret(place: &str) -> String {
    match place.split_once(':') {
        Some(("ssm", name)) => format!(
            "put it there, or correct the name: aws ssm put-parameter --type SecureString --name {name} --value VALUE"
        ),
        Some((_, name)) => format!(
            "put it there, or correct the name: aws secretsmanager create-secret --name {name} --secret-string VALUE"
        ),
        None => "check the name, the region and the account".to_owned(),
    }
}

fn joined(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}
