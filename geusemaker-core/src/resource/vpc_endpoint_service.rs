//! The services of AWS that VPC endpoints lead to: the names that a region has for them.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{ServiceDetail, ServiceType};

use super::filter::filter;
use crate::aws::clients::Reader;
use crate::aws::error::AwsError;

/// The services that instances without the internet reach by interface endpoints: those of the agent of Systems Manager,
/// of images, of logs and of secrets.
///
/// Source: AWS Systems Manager User Guide, "Improve the security of EC2 instances by using VPC endpoints"; Amazon ECR
/// User Guide, "Amazon ECR interface VPC endpoints".
pub(crate) const INTERFACES: [&str; 7] = [
    "ssm",
    "ssmmessages",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "secretsmanager",
];

/// The service that is reached by routes instead: ECR keeps the layers of images there.
pub(crate) const GATEWAY: &str = "s3";

/// A service that instances without the internet need.
pub(crate) struct EndpointService {
    /// The last part of its name: `ecr.api`.
    pub(crate) service: &'static str,
    /// Its name in the region, where it is offered: in China some begin with `cn.com.amazonaws`.
    pub(crate) name: Option<String>,
    /// The zones in which it has endpoints.
    pub(crate) zones: BTreeSet<String>,
}

/// Returns the services that instances without the internet need, as this region names them.
pub(crate) async fn needed(aws: &Reader, region: &str) -> Result<Vec<EndpointService>, AwsError> {
    let mut details = Vec::new();
    let mut next = None;
    loop {
        let reply = aws
            .ec2
            .describe_vpc_endpoint_services()
            .filters(filter("owner", "amazon"))
            .set_next_token(next)
            .send()
            .await
            .map_err(AwsError::of("ec2:DescribeVpcEndpointServices"))?;
        details.extend(reply.service_details.unwrap_or_default());
        next = reply.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    let found = |service, kind| found(&details, region, service, kind);
    let interfaces = INTERFACES.map(|service| found(service, ServiceType::Interface));
    let gateway = found(GATEWAY, ServiceType::Gateway);
    Ok(interfaces.into_iter().chain([gateway]).collect())
}

fn found(
    details: &[ServiceDetail],
    region: &str,
    service: &'static str,
    kind: ServiceType,
) -> EndpointService {
    let end = format!(".{region}.{service}");
    let is_it = |detail: &&ServiceDetail| {
        let kinds = detail.service_type().iter();
        let mut kinds = kinds.filter_map(|kind| kind.service_type());
        detail
            .service_name()
            .is_some_and(|name| name.ends_with(&end))
            && kinds.any(|it| *it == kind)
    };
    let detail = details.iter().find(is_it);
    let zones = detail.map(|detail| detail.availability_zones());
    EndpointService {
        service,
        name: detail
            .and_then(|detail| detail.service_name())
            .map(str::to_owned),
        zones: zones.unwrap_or_default().iter().cloned().collect(),
    }
}
