//! The reasons why a spec does not fit an account, each with what to do about it.

use std::fmt;

use super::domain_problem::DomainProblem;
use crate::aws::error::AwsError;
use crate::id::{
    AmiId, CapacityReservationId, FileSystemId, MountTargetId, SecurityGroupId, SubnetId, VpcId,
};
use crate::resource::network_quota::NetworkQuota;
use crate::resource::vpc::DnsAttribute;
use crate::spec::{
    Architecture, Gpus, InstanceProfileName, InstanceType, InstanceTypeName, OperatingSystem,
    PolicyId, Region, SecretSource, ServiceName, StackName, Tier, VcpuQuota,
};

/// A reason why a spec does not fit the account, from [`PlanError::problems`](crate::PlanError::problems).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # use geusemaker_core::{DeploymentSpec, Journals, Session};
/// # use geusemaker_testkit::Aws;
/// # let aws = Aws::new();
/// # let session = Session::new(aws.sdk_config(), Journals::in_memory());
/// # let spec = "name = 'llm'\ntier = 1\ncompute.instance_type = 'g5.xlarge'\n\
/// #     compute.key_pair = 'mine'";
/// # let spec = DeploymentSpec::from_toml(spec)?;
/// use geusemaker_core::{Error, PlanProblem};
///
/// // The account has no such key pair.
/// let Err(Error::Plan(error)) = session.plan(spec).await else { panic!() };
/// for problem in error.problems() {
///     match problem {
///         PlanProblem::Missing { field, .. } => assert_eq!(*field, "compute.key_pair"),
///         other => panic!("{other}"),
///     }
///     assert_eq!(problem.remedy(), "check the id, the region and the account");
/// }
/// # session.close().await.into_result()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanProblem {
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
    /// The credentials lack a permission.
    #[error("{doing}")]
    #[non_exhaustive]
    NotPermitted {
        /// The work that the permission is for: `choosing the image`.
        doing: String,
        /// The refused call.
        source: AwsError,
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
    /// A subnet is in a Local Zone or a Wavelength Zone, where the shared file system does not exist.
    #[error(
        "network.subnets: {subnet} is in {zone}, which is not an Availability Zone: it has no file systems"
    )]
    #[non_exhaustive]
    LocalZone {
        /// The subnet.
        subnet: SubnetId,
        /// The zone.
        zone: String,
    },
    /// The VPC belongs to a stack that exists, and is deleted with that stack.
    #[error("{vpc} belongs to stack {stack}, and is deleted with it")]
    #[non_exhaustive]
    NetworkOfStack {
        /// The VPC.
        vpc: VpcId,
        /// The stack that created the VPC.
        stack: StackName,
    },
    /// The VPC lacks an attribute without which the name of the file system has no address.
    #[error("{vpc} has {} switched off, so the file system's name has no address there", .attribute.name())]
    #[non_exhaustive]
    NoDns {
        /// The VPC.
        vpc: VpcId,
        /// The attribute that is switched off.
        attribute: DnsAttribute,
        /// The region.
        region: Region,
    },
    /// The instances could not reach the internet, from which images and models come.
    #[error("no route to the internet from {}: nothing could be downloaded there", joined(.subnets))]
    #[non_exhaustive]
    NoInternetRoute {
        /// The subnets.
        subnets: Vec<SubnetId>,
        /// The VPC.
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
    /// A load balancer that people reach from the internet needs two zones with a route to an internet gateway.
    #[error(
        "tier {tier} needs subnets with a route to an internet gateway in two availability zones, and {vpc} has such \
         subnets in {}",
        joined(.zones)
    )]
    #[non_exhaustive]
    NotPublic {
        /// The tier in the spec.
        tier: Tier,
        /// The VPC.
        vpc: VpcId,
        /// The zones of its subnets that have such a route.
        zones: Vec<String>,
    },
    /// CloudFront takes a VPC origin only in a VPC with an internet gateway, through which no request goes.
    #[error(
        "cdn.origin: {vpc} has no internet gateway, without which CloudFront takes no VPC origin"
    )]
    #[non_exhaustive]
    NoInternetGateway {
        /// The VPC.
        vpc: VpcId,
    },
    /// A subnet has too few free addresses.
    #[error("{subnet} in {zone} has {free} free addresses, and {needed} are needed")]
    #[non_exhaustive]
    TooFewAddresses {
        /// The subnet.
        subnet: SubnetId,
        /// Its zone.
        zone: String,
        /// The number of its free addresses.
        free: u32,
        /// The number of addresses that the stack may need there.
        needed: u32,
    },
    /// No zone with a subnet offers any of the instance types.
    #[error("no zone of the subnets has {wanted}: the subnets are in {}, and it is offered or reserved in {}", joined(.have), joined(.offered))]
    #[non_exhaustive]
    NotOffered {
        /// The instance types.
        wanted: String,
        /// The zones of the subnets.
        have: Vec<String>,
        /// The zones that offer the types.
        offered: Vec<String>,
    },
    /// The quotas of vCPUs admit none of the instance types.
    #[error(
        "the quota \"{quota}\" is {limit} vCPUs with {used} in use, and {wanted} needs {needed}"
    )]
    #[non_exhaustive]
    Quota {
        /// The quota.
        quota: VcpuQuota,
        /// Its value in the account.
        limit: u32,
        /// The vCPUs of running instances that count against it.
        used: u32,
        /// The instances: `2 x g5.xlarge`.
        wanted: String,
        /// The vCPUs of those instances.
        needed: u32,
        /// The region.
        region: Region,
    },
    /// The quota leaves no room for a network of its own.
    #[error(
        "the quota \"{quota}\" is {limit} with {used} in use, and network.create needs one more"
    )]
    #[non_exhaustive]
    NetworkQuota {
        /// The quota.
        quota: NetworkQuota,
        /// Its value in the account.
        limit: u32,
        /// The resources that count against it.
        used: u32,
        /// The region.
        region: Region,
    },
    /// AWS has no endpoints of some services that instances without the internet need.
    #[error(
        "{region} has no VPC endpoints of {} in all of {}",
        joined(services),
        joined(zones)
    )]
    #[non_exhaustive]
    NoEndpointService {
        /// The services: `ecr.api`.
        services: Vec<String>,
        /// The zones of the instances.
        zones: Vec<String>,
        /// The region.
        region: Region,
    },
    /// CloudFront does not belong to the partition of the region.
    #[error(
        "{region} has no CloudFront: in its partition, {partition}, it is missing or another service"
    )]
    #[non_exhaustive]
    NoCloudFront {
        /// The region.
        region: Region,
        /// The partition: `aws-us-gov`.
        partition: &'static str,
    },
    /// AWS has no instance type of this name in the region.
    #[error("{field}: AWS has no instance type \"{name}\" in {region}{hint}")]
    #[non_exhaustive]
    UnknownType {
        /// The field of the spec: `compute.fallback[0]`.
        field: String,
        /// The name in the spec.
        name: InstanceTypeName,
        /// The names of the catalog that are nearest to it: a clause that begins with its punctuation, or nothing.
        hint: String,
        /// The region.
        region: Region,
    },
    /// The instance type has accelerators that this program cannot set up.
    #[error(
        "{field}: {name} has {has}, and only GPUs of NVIDIA and AMD, and types without any, are served"
    )]
    #[non_exhaustive]
    UnservedType {
        /// The field of the spec: `compute.instance_type`.
        field: String,
        /// The name in the spec.
        name: InstanceTypeName,
        /// Its accelerators: `1 x AWS Inferentia2`.
        has: String,
    },
    /// The instance type, which AWS has described, does not suit the rest of the spec.
    #[error("{field}: {reason}")]
    #[non_exhaustive]
    UnsuitedType {
        /// The field of the spec: `compute.fallback[0]`.
        field: String,
        /// The reason.
        reason: String,
        /// The remedy.
        remedy: String,
    },
    /// A service needs more GPUs than the instance type has.
    #[error("service {service}: gpus is {gpus}, and {instance_type} has {}", if *.has == 0 { "no GPU".to_owned() } else { .has.to_string() })]
    #[non_exhaustive]
    TooFewGpus {
        /// The service.
        service: ServiceName,
        /// The GPUs that the spec names for it.
        gpus: Gpus,
        /// The instance type.
        instance_type: InstanceType,
        /// The number of its GPUs.
        has: u32,
    },
    /// No parameter of AWS names an image of the operating system.
    #[error("no image of {os} was found in {region}: AWS's parameter {parameter} names none")]
    #[non_exhaustive]
    NoPlainImage {
        /// The operating system.
        os: OperatingSystem,
        /// The public parameter of Systems Manager.
        parameter: String,
        /// The region.
        region: Region,
    },
    /// The region has no Deep Learning image.
    #[error("no Deep Learning image of {os} for {architecture} was found in {region}")]
    #[non_exhaustive]
    NoImage {
        /// The operating system.
        os: OperatingSystem,
        /// The architecture.
        architecture: Architecture,
        /// The region.
        region: Region,
    },
    /// The parameter that the spec names has no image.
    #[error("compute.ami {source_text}: the value of the parameter is not the id of an image")]
    #[non_exhaustive]
    NotAnImage {
        /// The text in the spec: `resolve:ssm:/golden/gpu`.
        source_text: String,
    },
    /// The capacity reservation that the spec names cannot take the instances.
    #[error("compute.capacity_reservation {reservation} {reason}")]
    #[non_exhaustive]
    Reservation {
        /// The reservation.
        reservation: CapacityReservationId,
        /// The reason: a clause without its subject.
        reason: String,
        /// True if it is enough to wait.
        will_begin: bool,
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
        instance_type: InstanceType,
        /// The architecture that the instance type needs.
        needed: Architecture,
    },
    /// The image cannot be launched now.
    #[error("compute.ami {image} is {state}, so it cannot be launched")]
    #[non_exhaustive]
    ImageNotAvailable {
        /// The image.
        image: AmiId,
        /// The state that AWS reports: `pending`.
        state: String,
    },
    /// The root volume is smaller than the snapshot of the image.
    #[error(
        "compute.root_volume_gib {root_volume_gib} is less than the {snapshot_gib} GiB of the snapshot of {image}"
    )]
    #[non_exhaustive]
    RootVolumeTooSmall {
        /// The image.
        image: AmiId,
        /// The size of the image's snapshot in GiB.
        snapshot_gib: u32,
        /// The size in the spec in GiB.
        root_volume_gib: u32,
    },
    /// The region has no prefix list of CloudFront's servers.
    #[error("the prefix list of CloudFront's origin-facing servers was not found in {region}")]
    #[non_exhaustive]
    NoPrefixList {
        /// The region.
        region: Region,
    },
    /// The file system cannot be mounted now.
    #[error("storage.file_system {file_system} is {state}")]
    #[non_exhaustive]
    FileSystemNotAvailable {
        /// The file system.
        file_system: FileSystemId,
        /// The state that AWS reports: `deleting`.
        state: String,
    },
    /// The mount targets of the file system are in another VPC. AWS allows those of one VPC only.
    #[error(
        "storage.file_system {file_system} has its mount targets in {actual}, and this stack would be in {}",
        .vpc.as_ref().map_or("a new VPC", VpcId::as_str)
    )]
    #[non_exhaustive]
    FileSystemInOtherVpc {
        /// The file system.
        file_system: FileSystemId,
        /// The VPC of its mount targets.
        actual: VpcId,
        /// The VPC of the stack, if it exists already.
        vpc: Option<VpcId>,
        /// The stack that has created the VPC of the mount targets, and deletes it with itself.
        stack: Option<StackName>,
    },
    /// The file system keeps its data in one zone, in which the stack would have no instance.
    #[error("storage.file_system {file_system} is in {zone} alone, and no instance would be there")]
    #[non_exhaustive]
    FileSystemOfOtherZone {
        /// The file system.
        file_system: FileSystemId,
        /// Its zone.
        zone: String,
        /// True if the stack creates its network.
        makes_network: bool,
    },
    /// The security groups of an existing mount target do not admit the instances.
    #[error(
        "mount target {mount_target} of {file_system} in {zone} would not admit the instances: {} {} NFS (port 2049) from {range}",
        joined(.groups),
        if .groups.len() == 1 { "does not admit" } else { "do not admit" }
    )]
    #[non_exhaustive]
    MountTargetClosed {
        /// The file system.
        file_system: FileSystemId,
        /// The mount target.
        mount_target: MountTargetId,
        /// Its zone.
        zone: String,
        /// Its security groups.
        groups: Vec<SecurityGroupId>,
        /// The range of the subnet of the instances.
        range: String,
        /// The region.
        region: Region,
    },
    /// The instance profile that the spec names has no role, so instances with it may do nothing.
    #[error("access.instance_profile {profile} has no role")]
    #[non_exhaustive]
    ProfileWithoutRole {
        /// The instance profile.
        profile: InstanceProfileName,
    },
    /// A name of the stack, or a certificate for it, does not fit the account.
    #[error(transparent)]
    Domain(#[from] DomainProblem),
    /// A policy of CloudFront that the spec names by its id does not exist.
    #[error("{field}: CloudFront has no such policy {id}, or these credentials cannot see it")]
    #[non_exhaustive]
    NoCdnPolicy {
        /// The field of the spec: `cdn.behavior[0].cache`.
        field: String,
        /// The id.
        id: PolicyId,
        /// The AWS CLI's command that lists the policies.
        command: &'static str,
    },
    /// The place that the spec names has no client secret.
    #[error("load_balancer.auth.client_secret {place} {reason}")]
    #[non_exhaustive]
    ClientSecret {
        /// The place.
        place: SecretSource,
        /// The reason: a clause without its subject.
        reason: String,
        /// The remedy.
        remedy: String,
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

impl PlanProblem {
    /// Returns what the user can do about the problem.
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
            Self::ClientSecret { remedy, .. } => return remedy.clone(),
            Self::NotPermitted { source, .. } => return source.remedy(),
            Self::Domain(problem) => return problem.remedy(),
            Self::OtherVpc { .. } => "name subnets of one VPC",
            Self::LocalZone { .. } => "name subnets in Availability Zones",
            Self::NoDns { vpc, attribute, region } => {
                return format!(
                    "switch it on: aws ec2 modify-vpc-attribute --vpc-id {vpc} {} '{{\"Value\":true}}' --region {region}",
                    attribute.option()
                );
            }
            Self::NoInternetRoute { vpc, .. } => {
                return format!(
                    "route 0.0.0.0/0 of these subnets to an internet gateway that is attached to {vpc}, or to a NAT \
                     gateway, or name other subnets in network.subnets"
                );
            }
            Self::OneZone { .. } => {
                "name subnets in two zones in network.subnets, or create one in another zone"
            }
            Self::NotPublic { vpc, .. } => {
                return format!(
                    "attach an internet gateway to {vpc}, and route 0.0.0.0/0 of subnets in two zones to it, or name \
                     another VPC"
                );
            }
            Self::NoInternetGateway { vpc } => {
                return format!(
                    "attach an internet gateway to {vpc}; it needs no route, because no request goes through it"
                );
            }
            Self::TooFewAddresses { .. } => {
                "name a larger subnet in network.subnets, or free addresses in this one"
            }
            Self::NotOffered { offered, .. } if offered.is_empty() => {
                "name another instance type in compute, or choose another region"
            }
            Self::NotOffered { .. } => {
                "name subnets in zones that offer it, or another instance type in compute"
            }
            Self::Quota { quota, region, .. } => {
                return format!(
                    "ask for a higher quota at {}, or name smaller types, or types of another family, in compute",
                    quota.console_page(region)
                );
            }
            Self::NetworkQuota { quota, region, .. } => {
                return format!(
                    "ask for a higher quota at {}, delete what is not used, or name an existing network: network.vpc",
                    quota.console_page(region)
                );
            }
            Self::NoEndpointService { .. } => "set network.egress to \"nat\", or choose another region",
            Self::NoCloudFront { .. } => "set tier = 2, or choose a region outside of that partition",
            Self::UnknownType { region, .. } => {
                return format!(
                    "correct the name, or choose a type that the region has: aws ec2 describe-instance-types --region {region}"
                );
            }
            Self::UnservedType { .. } => "name a type with GPUs of NVIDIA or AMD, or without accelerators",
            Self::UnsuitedType { remedy, .. } => remedy,
            Self::TooFewGpus { has: 0, .. } => {
                "set gpus = \"none\" or leave gpus out, or name a type with GPUs in compute.instance_type"
            }
            Self::TooFewGpus { .. } => "lower gpus, write \"all\", or choose a larger instance type",
            Self::NoImage { .. } | Self::NoPlainImage { .. } => "name another operating system in compute.os, or an image in compute.ami",
            Self::NotAnImage { .. } => "put the id of an AMI there, or name another parameter",
            Self::Reservation { will_begin: true, .. } => "wait until it is active",
            Self::Reservation { reason, .. } if reason.contains("set compute.market") => {
                "set it so, or name another one (aws ec2 describe-capacity-reservations)"
            }
            Self::Reservation { .. } => {
                "name another one (aws ec2 describe-capacity-reservations), or leave compute.capacity_reservation out, with \
                 compute.market = \"on-demand\""
            }
            Self::WrongArchitecture { .. } => {
                "name an image for the architecture of the instance type"
            }
            Self::ImageNotAvailable { .. } => "wait until it is available, or name another image",
            Self::RootVolumeTooSmall { snapshot_gib, .. } => {
                return format!("set compute.root_volume_gib to {snapshot_gib} or more");
            }
            Self::NoPrefixList { .. } => "choose another region, where AWS has this prefix list",
            Self::FileSystemNotAvailable { .. } => {
                "wait until it is available, or name another file system"
            }
            Self::FileSystemInOtherVpc { stack: Some(stack), .. } => {
                return format!(
                    "name another file system: that VPC is the network of stack {stack}, which no other stack can use"
                );
            }
            Self::FileSystemInOtherVpc { actual, vpc: None, .. } => {
                return format!(
                    "name that VPC in network.vpc instead of creating one: \"{actual}\", or name another file system"
                );
            }
            Self::NetworkOfStack { .. } => {
                "name another VPC, or set network.create = true for a VPC of the stack's own"
            }
            Self::FileSystemInOtherVpc { actual, .. } => {
                return format!("set network.vpc = \"{actual}\", or name another file system");
            }
            Self::FileSystemOfOtherZone { makes_network: true, .. } => {
                "name another instance type, another file system, or an existing network in network.vpc"
            }
            Self::FileSystemOfOtherZone { .. } => {
                "name a subnet in that zone in network.subnets, another instance type, or another file system"
            }
            Self::MountTargetClosed { groups, range, region, .. } => {
                let group = groups.first().map_or("GROUP", SecurityGroupId::as_str);
                return format!(
                    "admit them: aws ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port 2049 \
                     --cidr {range} --region {region}"
                );
            }
            Self::ProfileWithoutRole { .. } => {
                "put a role into it: aws iam add-role-to-instance-profile, or leave access.instance_profile out"
            }
            Self::NoCdnPolicy { command, .. } => {
                return format!("name one that exists, of the right kind ({command}), or a word such as \"none\"");
            }
            Self::NameTaken { .. } => {
                "choose another stack name, or remove the resource with this name"
            }
        }
        .to_owned()
    }

    /// Returns the message with that of its source, in one line.
    #[must_use]
    pub fn with_sources(&self) -> String {
        match self {
            Self::NotPermitted { doing, source } => format!("{doing}: {source}"),
            _ => self.to_string(),
        }
    }

    /// Returns true if the account, and not the spec, has to be changed: its permissions or its quotas.
    pub(crate) fn is_about_access(&self) -> bool {
        matches!(
            self,
            Self::NotPermitted { .. } | Self::Quota { .. } | Self::NetworkQuota { .. }
        )
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

fn joined<T: fmt::Display>(names: &[T]) -> String {
    match names {
        [] => "none".to_owned(),
        names => {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            names.join(", ")
        }
    }
}
