//! AWS's buckets: their names and sizes, and the buckets that each call takes from.

use std::time::Duration;

use super::bucket::Size;
use crate::wire::operation::is_read;
use crate::wire::params::Params;
use crate::wire::{Call, Input, Service};

/// The tokens that a call takes out of one bucket.
pub(super) struct Withdrawal {
    pub(super) bucket: String,
    pub(super) size: Size,
    pub(super) tokens: u32,
}

/// A class of buckets of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    AcmDelete,
    AcmDescribe,
    AcmList,
    AcmOther,
    CloudFrontMutating,
    CloudFrontNonMutating,
    Ec2InterfaceMutating,
    Ec2Mutating,
    Ec2NonMutating,
    Ec2ResourceIntensive,
    Ec2RunInstances,
    Ec2RunRequests,
    Ec2TagMutating,
    Ec2TerminateInstances,
    Ec2TerminateRequests,
    Ec2Unfiltered,
    Efs,
    ElbAccount,
    ElbDescribe,
    ElbMutating,
    ElbRegistration,
    ElbResourceIntensive,
    Route53,
}

impl Class {
    /// Returns the size of the class's buckets: EC2 developer guide, "Request throttling for the Amazon EC2 API";
    /// Elastic Load Balancing user guide, "API throttling".
    const fn size(self) -> Size {
        match self {
            // ACM user guide, "API rate quotas"; Route 53 developer guide, "Quotas on Route 53 API requests".
            Self::AcmDelete | Self::AcmDescribe => Size::per_second(10, 10),
            Self::AcmList => Size::per_second(8, 8),
            Self::AcmOther | Self::Route53 => Size::per_second(5, 5),
            // Assumed: nothing is published, but aws-sdk-js #3983 reports one invalidation in two seconds.
            Self::CloudFrontMutating => Size::one_in(5, Duration::from_secs(2)),
            // Assumed.
            Self::CloudFrontNonMutating | Self::Efs => Size::per_second(20, 5),
            Self::Ec2InterfaceMutating | Self::Ec2TerminateRequests => Size::per_second(100, 5),
            Self::Ec2Mutating | Self::Ec2ResourceIntensive => Size::per_second(50, 5),
            Self::Ec2NonMutating => Size::per_second(100, 20),
            Self::Ec2RunInstances => Size::per_second(1000, 2),
            Self::Ec2RunRequests => Size::per_second(5, 2),
            Self::Ec2TagMutating => Size::per_second(100, 10),
            Self::Ec2TerminateInstances => Size::per_second(1000, 20),
            Self::Ec2Unfiltered => Size::per_second(50, 10),
            Self::ElbAccount | Self::ElbDescribe => Size::per_second(40, 10),
            Self::ElbMutating => Size::per_second(20, 3),
            Self::ElbRegistration => Size::per_second(20, 4),
            Self::ElbResourceIntensive => Size::one_in(10, Duration::from_secs(5)),
        }
    }

    /// Returns the bucket's name among those of the service.
    const fn name(self) -> &'static str {
        match self {
            Self::AcmDelete | Self::AcmDescribe | Self::AcmList | Self::AcmOther => "calls",
            Self::CloudFrontMutating | Self::Ec2Mutating | Self::ElbMutating => "mutating",
            Self::CloudFrontNonMutating | Self::Ec2NonMutating => "non-mutating",
            Self::Ec2InterfaceMutating => "interfaces",
            Self::Ec2ResourceIntensive | Self::ElbResourceIntensive => "resource-intensive",
            Self::Ec2RunInstances | Self::Ec2TerminateInstances => "instances",
            Self::Ec2RunRequests | Self::Ec2TerminateRequests => "requests",
            Self::Ec2TagMutating => "tags",
            Self::Ec2Unfiltered => "unfiltered",
            Self::Efs | Self::ElbAccount | Self::Route53 => "all",
            Self::ElbDescribe => "describe",
            Self::ElbRegistration => "registration",
        }
    }
}

/// Returns the tokens that a call takes, and their buckets.
pub(super) fn withdrawals(call: &Call) -> Vec<Withdrawal> {
    let Call {
        service,
        region,
        operation,
        input,
    } = call;
    // CloudFront, IAM and Route 53 have one endpoint for all regions.
    let place = match service {
        Service::CloudFront | Service::Iam | Service::Route53 => "global",
        Service::Acm
        | Service::Ec2
        | Service::Efs
        | Service::ElasticLoadBalancing
        | Service::SecretsManager
        | Service::ServiceQuotas
        | Service::Ssm
        | Service::Sts => region,
    };
    // EC2 developer guide and ACM user guide: each action is counted separately. In the other services the actions of a class share a
    // bucket.
    let action = match service {
        Service::Acm | Service::Ec2 => format!(" {operation}"),
        Service::CloudFront
        | Service::Efs
        | Service::ElasticLoadBalancing
        | Service::Iam
        | Service::Route53
        | Service::SecretsManager
        | Service::ServiceQuotas
        | Service::Ssm
        | Service::Sts => String::new(),
    };
    classes(*service, operation, input)
        .into_iter()
        .map(|(class, tokens)| Withdrawal {
            bucket: format!("{place} {service}{action} {}", class.name()),
            size: class.size(),
            tokens,
        })
        .collect()
}

fn classes(service: Service, operation: &str, input: &Input) -> Vec<(Class, u32)> {
    match (service, input) {
        (Service::Ec2, Input::Query(params)) => ec2(operation, params),
        (Service::ElasticLoadBalancing, _) => {
            vec![(Class::ElbAccount, 1), (load_balancing(operation), 1)]
        }
        (Service::CloudFront, _) if is_read(operation) => {
            vec![(Class::CloudFrontNonMutating, 1)]
        }
        (Service::CloudFront, _) => vec![(Class::CloudFrontMutating, 1)],
        (Service::Efs, _) => vec![(Class::Efs, 1)],
        (Service::Acm, _) => {
            let class = match operation {
                "DeleteCertificate" => Class::AcmDelete,
                "DescribeCertificate" | "ListTagsForCertificate" => Class::AcmDescribe,
                "ListCertificates" => Class::AcmList,
                _ => Class::AcmOther,
            };
            vec![(class, 1)]
        }
        (Service::Route53, _) => vec![(Class::Route53, 1)],
        (
            Service::Ec2
            | Service::Iam
            | Service::SecretsManager
            | Service::ServiceQuotas
            | Service::Ssm
            | Service::Sts,
            _,
        ) => Vec::new(),
    }
}

fn ec2(operation: &str, params: &Params) -> Vec<(Class, u32)> {
    // The call is not read yet, so its parameters are read on a copy.
    let mut params = params.clone();
    match operation {
        "RunInstances" => {
            let instances = params.parsed("MaxCount").ok().flatten().unwrap_or(1);
            vec![
                (Class::Ec2RunRequests, 1),
                (Class::Ec2RunInstances, instances),
            ]
        }
        "StartInstances" => vec![
            (Class::Ec2RunRequests, 1),
            (Class::Ec2RunInstances, named_instances(&mut params)),
        ],
        "TerminateInstances" => vec![
            (Class::Ec2TerminateRequests, 1),
            (Class::Ec2TerminateInstances, named_instances(&mut params)),
        ],
        "CreateTags" | "DeleteTags" => vec![(Class::Ec2TagMutating, 1)],
        "AssociateIamInstanceProfile" | "CreateNetworkInterface" | "DeleteNetworkInterface" => {
            vec![(Class::Ec2InterfaceMutating, 1)]
        }
        "AuthorizeSecurityGroupIngress"
        | "CancelSpotInstanceRequests"
        | "CreateKeyPair"
        | "RequestSpotInstances"
        | "RevokeSecurityGroupIngress" => vec![(Class::Ec2ResourceIntensive, 1)],
        // A list of ids is neither a filter nor a page, so a call with one counts as unfiltered.
        "DescribeInstanceStatus"
        | "DescribeInstances"
        | "DescribeNetworkInterfaces"
        | "DescribeSecurityGroups"
        | "DescribeSnapshots"
        | "DescribeSpotInstanceRequests"
        | "DescribeVolumes"
            if !["Filter", "MaxResults", "NextToken"]
                .iter()
                .any(|name| params.has(name)) =>
        {
            vec![(Class::Ec2Unfiltered, 1)]
        }
        _ if is_read(operation) => vec![(Class::Ec2NonMutating, 1)],
        _ => vec![(Class::Ec2Mutating, 1)],
    }
}

fn named_instances(params: &mut Params) -> u32 {
    u32::try_from(params.list("InstanceId").len()).unwrap_or(u32::MAX)
}

fn load_balancing(operation: &str) -> Class {
    match operation {
        "CreateLoadBalancer" | "SetSubnets" => Class::ElbResourceIntensive,
        "DeregisterTargets" | "RegisterTargets" => Class::ElbRegistration,
        _ if is_read(operation) => Class::ElbDescribe,
        _ => Class::ElbMutating,
    }
}
