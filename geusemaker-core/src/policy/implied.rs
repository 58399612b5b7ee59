//! The permissions for what AWS does itself on behalf of the caller.

use super::need::Need;

/// Actions that AWS checks besides the operations that are called.
pub(super) const IMPLIED: &[(Need, &[&str])] = &[
    (
        Need::LoadBalancer,
        &[
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAddresses",
            "ec2:DescribeInternetGateways",
        ],
    ),
    (Need::Cognito, &["cognito-idp:DescribeUserPoolClient"]),
    (Need::WebAcl, &["wafv2:GetWebACL"]),
    (Need::CdnLogs, &["s3:GetBucketAcl", "s3:PutBucketAcl"]),
];

/// The services whose first use in an account makes a role.
pub(super) const SERVICE_LINKED_ROLES: &[(Need, &str)] = &[
    (Need::Every, "elasticfilesystem.amazonaws.com"),
    (Need::LoadBalancer, "elasticloadbalancing.amazonaws.com"),
    (Need::Spot, "spot.amazonaws.com"),
    (Need::VpcOrigin, "vpcorigin.cloudfront.amazonaws.com"),
];
