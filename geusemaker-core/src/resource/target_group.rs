//! Target groups: one per service.

use aws_sdk_elasticloadbalancingv2::types::{
    ProtocolEnum, TargetHealthDescription, TargetTypeEnum,
};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::lookup::Lookup;
use super::ownership::{if_ours, is_taken, ours};
use super::tagged::TaggedResource;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, TargetGroupArn, VpcId};
use crate::kind::ResourceKind;
use crate::spec::{LoadBalancer as LoadBalancerSpec, Service, ServiceName};

/// A new target group: the instances that serve one service.
#[derive(Clone, Debug)]
pub(crate) struct NewTargetGroup {
    pub(crate) name: String,
    pub(crate) vpc: VpcId,
    pub(crate) service: Service,
    pub(crate) health: LoadBalancerSpec,
    pub(crate) owner: Owner,
}

impl Create for NewTargetGroup {
    type Id = TargetGroupArn;

    const VERIFY_OWNER: bool = true;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup::TargetGroup {
            name: self.name.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<TargetGroupArn, AwsError> {
        const OPERATION: &str = "elasticloadbalancing:CreateTargetGroup";
        let interval = self.health.health_check_interval().as_secs();
        let reply = aws
            .elastic_load_balancing
            .create_target_group()
            .name(&self.name)
            .protocol(ProtocolEnum::Http)
            .port(self.service.port().into())
            .vpc_id(self.vpc.as_str())
            .target_type(TargetTypeEnum::Instance)
            .health_check_protocol(ProtocolEnum::Http)
            .health_check_path(self.service.health_path().to_string())
            .health_check_interval_seconds(count(interval))
            // AWS requires a timeout shorter than the interval, which may be as short as five seconds.
            .health_check_timeout_seconds(if interval > 6 { 6 } else { 4 })
            .healthy_threshold_count(count(self.health.healthy_threshold()))
            .unhealthy_threshold_count(count(self.health.unhealthy_threshold()))
            .set_tags(Some(self.owner.elastic_load_balancing(&self.name)))
            .send()
            .await
            .map_err(AwsError::of(OPERATION))?;
        let created = reply.target_groups.and_then(|all| all.into_iter().next());
        created
            .and_then(|group| group.target_group_arn)
            .map(TargetGroupArn::from_aws)
            .ok_or_else(|| AwsError::incomplete(OPERATION, "target group ARN"))
    }
}

/// A service's target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TargetGroup {
    /// The ARN of the target group.
    pub arn: TargetGroupArn,
    /// The service that its targets serve.
    pub service: ServiceName,
}

/// Returns AWS's description of the health of each target of a group.
pub(crate) async fn health(
    aws: &Reader,
    arn: &TargetGroupArn,
) -> Result<Vec<TargetHealthDescription>, AwsError> {
    let reply = aws
        .elastic_load_balancing
        .describe_target_health()
        .target_group_arn(arn.as_str())
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeTargetHealth"))?;
    Ok(reply.target_health_descriptions.unwrap_or_default())
}

/// Finds the target group by name, which is unique in a region, if its tag names this deployment.
pub(super) async fn find(
    aws: &Reader,
    name: &str,
    deployment: &DeploymentId,
) -> Result<Option<String>, AwsError> {
    if_ours(aws, arn_of(aws, name).await?, deployment).await
}

/// Returns true if a target group of this name exists, of any owner.
pub(crate) async fn is_named(aws: &Reader, name: &str) -> Result<bool, AwsError> {
    is_taken(arn_of(aws, name).await)
}

async fn arn_of(aws: &Reader, name: &str) -> Result<Option<String>, AwsError> {
    let reply = aws
        .elastic_load_balancing
        .describe_target_groups()
        .names(name)
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeTargetGroups"))?;
    let found = reply.target_groups.and_then(|all| all.into_iter().next());
    Ok(found.and_then(|group| group.target_group_arn))
}

/// Returns the target groups that carry this program's tags.
pub(super) async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
    let all = aws
        .elastic_load_balancing
        .describe_target_groups()
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeTargetGroups"))?;
    let arns = all.iter().filter_map(|found| found.target_group_arn());
    ours(aws, ResourceKind::TargetGroup, arns).await
}

pub(super) async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
    let reply = aws
        .elastic_load_balancing
        .describe_target_groups()
        .target_group_arns(id)
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeTargetGroups"))?;
    let found = !reply.target_groups().is_empty();
    Ok(found.then(|| "available".to_owned()))
}

pub(super) async fn delete(aws: &Writer, id: &str) -> Result<(), AwsError> {
    aws.elastic_load_balancing
        .delete_target_group()
        .target_group_arn(id)
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DeleteTargetGroup"))?;
    Ok(())
}

/// Converts a number that the spec bounds far below the largest `i32`.
fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
