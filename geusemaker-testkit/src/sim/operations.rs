//! The operations that the simulator knows, by service: the names that a fault can use.

use crate::wire::Service;

/// Returns the operations of a service, in alphabetical order.
pub(crate) fn operations(service: Service) -> &'static [&'static str] {
    match service {
        Service::CloudFront => CLOUDFRONT,
        Service::Ec2 => EC2,
        Service::Efs => EFS,
        Service::ElasticLoadBalancing => ELASTIC_LOAD_BALANCING,
        Service::Sts => STS,
    }
}

const CLOUDFRONT: &[&str] = &[
    "CreateDistribution",
    "CreateDistributionWithTags",
    "CreateInvalidation",
    "DeleteDistribution",
    "GetCachePolicy",
    "GetCachePolicyConfig",
    "GetDistribution",
    "GetDistributionConfig",
    "GetInvalidation",
    "GetOriginRequestPolicy",
    "GetOriginRequestPolicyConfig",
    "GetResponseHeadersPolicy",
    "GetResponseHeadersPolicyConfig",
    "ListCachePolicies",
    "ListDistributions",
    "ListDistributionsByCachePolicyId",
    "ListDistributionsByOriginRequestPolicyId",
    "ListDistributionsByResponseHeadersPolicyId",
    "ListInvalidations",
    "ListOriginRequestPolicies",
    "ListResponseHeadersPolicies",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateDistribution",
];

const EC2: &[&str] = &[
    "AllocateAddress",
    "AssociateAddress",
    "AssociateRouteTable",
    "AttachInternetGateway",
    "AttachNetworkInterface",
    "AttachVolume",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CancelSpotInstanceRequests",
    "CreateDefaultSubnet",
    "CreateDefaultVpc",
    "CreateInternetGateway",
    "CreateKeyPair",
    "CreateNetworkInterface",
    "CreateRoute",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateTags",
    "CreateVolume",
    "CreateVpc",
    "DeleteInternetGateway",
    "DeleteKeyPair",
    "DeleteNetworkInterface",
    "DeleteRoute",
    "DeleteRouteTable",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DeleteTags",
    "DeleteVolume",
    "DeleteVpc",
    "DescribeAccountAttributes",
    "DescribeAddresses",
    "DescribeAvailabilityZones",
    "DescribeDhcpOptions",
    "DescribeEgressOnlyInternetGateways",
    "DescribeIamInstanceProfileAssociations",
    "DescribeImages",
    "DescribeInstanceAttribute",
    "DescribeInstanceStatus",
    "DescribeInstanceTypeOfferings",
    "DescribeInstanceTypes",
    "DescribeInstances",
    "DescribeInternetGateways",
    "DescribeKeyPairs",
    "DescribeManagedPrefixLists",
    "DescribeNatGateways",
    "DescribeNetworkAcls",
    "DescribeNetworkInterfaceAttribute",
    "DescribeNetworkInterfaces",
    "DescribePrefixLists",
    "DescribeRegions",
    "DescribeRouteTables",
    "DescribeSecurityGroupReferences",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroups",
    "DescribeSpotInstanceRequests",
    "DescribeSubnets",
    "DescribeTags",
    "DescribeVolumeStatus",
    "DescribeVolumes",
    "DescribeVpcAttribute",
    "DescribeVpcEndpoints",
    "DescribeVpcPeeringConnections",
    "DescribeVpcs",
    "DescribeVpnGateways",
    "DetachInternetGateway",
    "DetachNetworkInterface",
    "DetachVolume",
    "DisassociateAddress",
    "DisassociateRouteTable",
    "GetConsoleOutput",
    "GetManagedPrefixListEntries",
    "GetSecurityGroupsForVpc",
    "ImportKeyPair",
    "ModifyInstanceAttribute",
    "ModifyInstanceMetadataOptions",
    "ModifyNetworkInterfaceAttribute",
    "ModifySecurityGroupRules",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "MonitorInstances",
    "RebootInstances",
    "ReleaseAddress",
    "ReplaceRoute",
    "ReplaceRouteTableAssociation",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
    "UnmonitorInstances",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
];

const EFS: &[&str] = &[
    "CreateAccessPoint",
    "CreateFileSystem",
    "CreateMountTarget",
    "CreateTags",
    "DeleteAccessPoint",
    "DeleteFileSystem",
    "DeleteFileSystemPolicy",
    "DeleteMountTarget",
    "DeleteTags",
    "DescribeAccessPoints",
    "DescribeBackupPolicy",
    "DescribeFileSystemPolicy",
    "DescribeFileSystems",
    "DescribeLifecycleConfiguration",
    "DescribeMountTargetSecurityGroups",
    "DescribeMountTargets",
    "DescribeTags",
    "ListTagsForResource",
    "ModifyMountTargetSecurityGroups",
    "PutBackupPolicy",
    "PutFileSystemPolicy",
    "PutLifecycleConfiguration",
    "TagResource",
    "UntagResource",
    "UpdateFileSystem",
    "UpdateFileSystemProtection",
];

const ELASTIC_LOAD_BALANCING: &[&str] = &[
    "AddListenerCertificates",
    "AddTags",
    "CreateListener",
    "CreateLoadBalancer",
    "CreateRule",
    "CreateTargetGroup",
    "DeleteListener",
    "DeleteLoadBalancer",
    "DeleteRule",
    "DeleteTargetGroup",
    "DeregisterTargets",
    "DescribeAccountLimits",
    "DescribeListenerAttributes",
    "DescribeListenerCertificates",
    "DescribeListeners",
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeRules",
    "DescribeSSLPolicies",
    "DescribeTags",
    "DescribeTargetGroupAttributes",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
    "ModifyListener",
    "ModifyListenerAttributes",
    "ModifyLoadBalancerAttributes",
    "ModifyRule",
    "ModifyTargetGroup",
    "ModifyTargetGroupAttributes",
    "RegisterTargets",
    "RemoveListenerCertificates",
    "RemoveTags",
    "SetIpAddressType",
    "SetRulePriorities",
    "SetSecurityGroups",
    "SetSubnets",
];

const STS: &[&str] = &["GetCallerIdentity"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;

    use super::operations;
    use crate::wire::Service;

    #[test]
    fn listed_operations_are_dispatched_ones() {
        let arm = Regex::new(r#""(\w+)"\s*(?:\||=>)"#).unwrap();
        for service in Service::ALL {
            let dispatcher = match service {
                Service::CloudFront => include_str!("cloudfront/mod.rs"),
                Service::Ec2 => include_str!("ec2/mod.rs"),
                Service::Efs => include_str!("efs/mod.rs"),
                Service::ElasticLoadBalancing => include_str!("elastic_load_balancing/mod.rs"),
                Service::Sts => include_str!("sts.rs"),
            };
            let (_, arms) = dispatcher.split_once("match operation {").unwrap();
            let (arms, _) = arms.split_once(" _ =>").unwrap();
            let dispatched: BTreeSet<_> = arm
                .captures_iter(arms)
                .map(|captures| captures.extract::<1>().1[0])
                .collect();
            let listed: BTreeSet<_> = operations(service).iter().copied().collect();
            assert_eq!(
                listed, dispatched,
                "{service}: src/sim/operations.rs lists the left"
            );
        }
    }
}
