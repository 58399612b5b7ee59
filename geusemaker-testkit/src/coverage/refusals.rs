//! The error codes with which the simulator refuses calls, by service: the codes that a program can be tested against.

use crate::wire::Service;

/// Returns the error codes with which a service refuses calls, without those of faults and those for requests that the
/// simulator does not know.
pub(super) fn errors(service: Service) -> &'static [&'static str] {
    match service {
        Service::CloudFront => CLOUDFRONT,
        Service::Ec2 => EC2,
        Service::Efs => EFS,
        Service::ElasticLoadBalancing => ELASTIC_LOAD_BALANCING,
        Service::Sts => STS,
    }
}

const CLOUDFRONT: &[&str] = &[
    "BatchTooLarge",
    "CNAMEAlreadyExists",
    "DistributionAlreadyExists",
    "DistributionNotDisabled",
    "IllegalUpdate",
    "InconsistentQuantities",
    "InvalidArgument",
    "InvalidIfMatchVersion",
    "InvalidMinimumProtocolVersion",
    "InvalidTTLOrder",
    "InvalidTagging",
    "InvalidViewerCertificate",
    "NoSuchCachePolicy",
    "NoSuchDistribution",
    "NoSuchInvalidation",
    "NoSuchOrigin",
    "NoSuchOriginRequestPolicy",
    "NoSuchResource",
    "NoSuchResponseHeadersPolicy",
    "PreconditionFailed",
    "Throttling",
    "TooManyDistributions",
    "TooManyInvalidationsInProgress",
];

const EC2: &[&str] = &[
    "AuthFailure",
    "CannotDelete",
    "DefaultVpcAlreadyExists",
    "DefaultVpcDoesNotExist",
    "DependencyViolation",
    "DryRunOperation",
    "Gateway.NotAttached",
    "IdempotentInstanceTerminated",
    "IdempotentParameterMismatch",
    "IncorrectInstanceState",
    "IncorrectState",
    "InsufficientCidrBlocks",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientInstanceCapacity",
    "InvalidAMIID.Malformed",
    "InvalidAMIID.NotFound",
    "InvalidAddress.NotFound",
    "InvalidAssociationID.NotFound",
    "InvalidAttachment.NotFound",
    "InvalidAttachmentID.NotFound",
    "InvalidBlockDeviceMapping",
    "InvalidGroup.Duplicate",
    "InvalidGroup.NotFound",
    "InvalidGroupId.Malformed",
    "InvalidID",
    "InvalidIPAddress.InUse",
    "InvalidInstanceAttributeValue",
    "InvalidInstanceID.Malformed",
    "InvalidInstanceID.NotFound",
    "InvalidInstanceType",
    "InvalidKey.Format",
    "InvalidKeyPair.Duplicate",
    "InvalidKeyPair.NotFound",
    "InvalidNetworkInterface.InUse",
    "InvalidNetworkInterfaceID.Malformed",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidParameter",
    "InvalidParameterCombination",
    "InvalidParameterValue",
    "InvalidPermission.Duplicate",
    "InvalidPermission.NotFound",
    "InvalidRoute.NotFound",
    "InvalidSecurityGroupRuleId.Malformed",
    "InvalidSecurityGroupRuleId.NotFound",
    "InvalidSnapshot.NotFound",
    "InvalidSpotInstanceRequestID.Malformed",
    "InvalidSpotInstanceRequestID.NotFound",
    "InvalidSubnet.Conflict",
    "InvalidSubnet.Range",
    "InvalidSubnetID.Malformed",
    "InvalidSubnetID.NotFound",
    "InvalidUserData.Malformed",
    "InvalidVolume.Malformed",
    "InvalidVolume.NotFound",
    "InvalidVolume.ZoneMismatch",
    "InvalidVpc.Range",
    "InvalidVpcID.Malformed",
    "InvalidVpcID.NotFound",
    "InvalidZone.NotFound",
    "KeyPairLimitExceeded",
    "MaxSpotInstanceCountExceeded",
    "MissingInput",
    "MissingParameter",
    "NetworkInterfaceLimitExceeded",
    "OperationNotPermitted",
    "RequestLimitExceeded",
    "Resource.AlreadyAssociated",
    "RouteAlreadyExists",
    "RulesPerSecurityGroupLimitExceeded",
    "SecurityGroupLimitExceeded",
    "SecurityGroupsPerInterfaceLimitExceeded",
    "SubnetLimitExceeded",
    "TagLimitExceeded",
    "Unsupported",
    "UnsupportedHibernationConfiguration",
    "UnsupportedOperation",
    "VPCIdNotSpecified",
    "VcpuLimitExceeded",
    "VolumeInUse",
    "VpcLimitExceeded",
];

const EFS: &[&str] = &[
    "AccessPointAlreadyExists",
    "AccessPointNotFound",
    "AvailabilityZonesMismatch",
    "BadRequest",
    "FileSystemAlreadyExists",
    "FileSystemInUse",
    "FileSystemLimitExceeded",
    "FileSystemNotFound",
    "IncorrectFileSystemLifeCycleState",
    "IncorrectMountTargetState",
    "InvalidPolicyException",
    "IpAddressInUse",
    "MountTargetConflict",
    "MountTargetNotFound",
    "NetworkInterfaceLimitExceeded",
    "NoFreeAddressesInSubnet",
    "PolicyNotFound",
    "SecurityGroupLimitExceeded",
    "SecurityGroupNotFound",
    "SubnetNotFound",
    "ThrottlingException",
    "TooManyRequests",
    "UnsupportedAvailabilityZone",
];

const ELASTIC_LOAD_BALANCING: &[&str] = &[
    "CertificateNotFound",
    "DuplicateListener",
    "DuplicateLoadBalancerName",
    "DuplicateTagKeys",
    "DuplicateTargetGroupName",
    "InvalidConfigurationRequest",
    "InvalidLoadBalancerAction",
    "InvalidSecurityGroup",
    "InvalidSubnet",
    "InvalidTarget",
    "ListenerNotFound",
    "LoadBalancerNotFound",
    "OperationNotPermitted",
    "PriorityInUse",
    "ResourceInUse",
    "RuleNotFound",
    "SSLPolicyNotFound",
    "SubnetNotFound",
    "TargetGroupAssociationLimit",
    "TargetGroupNotFound",
    "ThrottlingException",
    "TooManyCertificates",
    "TooManyListeners",
    "TooManyLoadBalancers",
    "TooManyRules",
    "TooManyTags",
    "TooManyTargetGroups",
    "TooManyTargets",
    "ValidationError",
];

const STS: &[&str] = &[];

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use regex::Regex;

    use super::errors;
    use crate::sim::limits;
    use crate::wire::Service;

    /// Returns the whole source of the simulator.
    pub(in crate::coverage) fn source_of_simulator() -> String {
        source(&simulator())
    }

    fn simulator() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim")
    }

    /// Returns the source of a file, or of all files below a folder.
    fn source(path: &Path) -> String {
        if path.is_file() {
            return fs::read_to_string(path).unwrap();
        }
        let entries = fs::read_dir(path).unwrap();
        entries
            .map(|entry| source(&entry.unwrap().path()))
            .collect()
    }

    /// Returns the place of a service's source.
    fn place(service: Service) -> PathBuf {
        let name = match service {
            Service::CloudFront => "cloudfront",
            Service::Ec2 => "ec2",
            Service::Efs => "efs",
            Service::ElasticLoadBalancing => "elastic_load_balancing",
            Service::Sts => "sts.rs",
        };
        simulator().join(name)
    }

    /// Formats the list as it has to be in the source.
    fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
        let lines = names.into_iter().map(|name| format!("    \"{name}\",\n"));
        lines.collect()
    }

    #[test]
    fn source_codes_are_offered() {
        let literal = Regex::new(r#"ServiceError::new\(\s*"([A-Za-z.]+)""#).unwrap();
        for service in Service::ALL {
            let source = source(&place(service));
            let mut codes: BTreeSet<&str> = literal
                .captures_iter(&source)
                .map(|found| found.extract::<1>().1[0])
                .collect();
            let throttled = limits::refusal(service).code;
            if service != Service::Sts {
                codes.insert(&throttled);
            }
            codes.extend(errors(service));
            let expected = listed(codes);
            let found = listed(errors(service).iter().copied());
            assert_eq!(
                found, expected,
                "the codes of {service} should be\n{expected}"
            );
        }
    }

    #[test]
    fn offered_codes_are_in_source() {
        let source = source_of_simulator();
        for service in Service::ALL {
            for code in errors(service) {
                // EC2 has a code of this form for each kind of resource.
                let stem = code
                    .strip_suffix(".NotFound")
                    .or_else(|| code.strip_suffix(".Malformed"));
                let stands = |text: &str| source.contains(&format!("\"{text}\""));
                assert!(
                    stands(code) || stem.is_some_and(stands),
                    "{service} never says {code}"
                );
            }
        }
    }
}
