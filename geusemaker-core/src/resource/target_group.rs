//! Target groups: one per service.

use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::builders::DescribeTargetGroupsFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as SdkTargetGroup, TargetGroupAttribute,
    TargetHealthDescription, TargetTypeEnum,
};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::ownership::{if_ours, is_taken, ours};
use super::setting::Setting;
use super::tagged::TaggedResource;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, TargetGroupArn, VpcId};
use crate::kind::ResourceKind;
use crate::spec::{
    Health, HealthMatcher, HealthPath, LoadBalancer as LoadBalancerSpec, ServiceName, Target,
    TargetProtocol, TargetVersion,
};

/// A new target group: the instances that serve one service.
#[derive(Clone, Debug)]
pub(crate) struct NewTargetGroup {
    pub(crate) name: String,
    pub(crate) vpc: VpcId,
    /// The port of the instances that serves.
    pub(crate) port: u16,
    pub(crate) health: Health,
    pub(crate) target: Target,
    /// The pace of the checks.
    pub(crate) checks: LoadBalancerSpec,
    pub(crate) owner: Owner,
}

impl Create for NewTargetGroup {
    type Id = TargetGroupArn;
    type Lookup = Lookup;

    const VERIFY_OWNER: bool = true;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<TargetGroupArn, AwsError> {
        const OPERATION: &str = "elasticloadbalancing:CreateTargetGroup";
        let interval = self.checks.health_check_interval().as_secs();
        let reply = aws
            .elastic_load_balancing
            .create_target_group()
            .name(&self.name)
            .protocol(self.protocol())
            .set_protocol_version(self.version())
            .port(self.port.into())
            .vpc_id(self.vpc.as_str())
            .target_type(TargetTypeEnum::Instance)
            .health_check_protocol(self.protocol())
            .health_check_path(self.path())
            .set_health_check_port(self.health.port().map(|port| port.to_string()))
            .set_matcher(self.matcher())
            .health_check_interval_seconds(count(interval))
            // AWS requires a timeout shorter than the interval, which may be as short as five seconds.
            .health_check_timeout_seconds(if interval > 6 { 6 } else { 4 })
            .healthy_threshold_count(count(self.checks.healthy_threshold()))
            .unhealthy_threshold_count(count(self.checks.unhealthy_threshold()))
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

impl NewTargetGroup {
    /// Returns the statuses of a healthy target, unless they are AWS's default.
    fn matcher(&self) -> Option<Matcher> {
        let matcher = self.health.matcher();
        let is_usual = *matcher == HealthMatcher::default();
        (!is_usual).then(|| {
            let builder = Matcher::builder();
            match self.target.version() {
                TargetVersion::Grpc => builder.grpc_code(matcher.as_str()).build(),
                TargetVersion::Http1 | TargetVersion::Http2 => {
                    builder.http_code(matcher.as_str()).build()
                }
            }
        })
    }

    fn protocol(&self) -> ProtocolEnum {
        match self.target.protocol() {
            TargetProtocol::Http => ProtocolEnum::Http,
            TargetProtocol::Https => ProtocolEnum::Https,
        }
    }

    /// Returns the version of HTTP, unless it is AWS's default.
    fn version(&self) -> Option<String> {
        match self.target.version() {
            TargetVersion::Http1 => None,
            TargetVersion::Http2 => Some("HTTP2".to_owned()),
            TargetVersion::Grpc => Some("GRPC".to_owned()),
        }
    }

    /// Returns the path of the health check: that of AWS for gRPC, unless the spec has one.
    ///
    /// Source: Elastic Load Balancing API, `CreateTargetGroup`, parameter `HealthCheckPath`.
    fn path(&self) -> &str {
        let path = self.health.path();
        match self.target.version() {
            TargetVersion::Grpc if *path == HealthPath::default() => "/AWS.ALB/healthcheck",
            TargetVersion::Http1 | TargetVersion::Http2 | TargetVersion::Grpc => path.as_str(),
        }
    }
}

/// The way in which a target group chooses its targets, and treats those that come and go.
#[derive(Clone, Debug)]
pub(crate) struct TargetAttributes {
    pub(crate) target_group: TargetGroupArn,
    pub(crate) target: Target,
}

impl TargetAttributes {
    /// Returns the attributes that differ from AWS's defaults. The stickiness of a group is switched on before its time
    /// counts.
    fn wanted(&self) -> Vec<(&'static str, String)> {
        let target = &self.target;
        let seconds = |time: std::time::Duration| time.as_secs().to_string();
        let mut wanted = vec![
            (
                "load_balancing.algorithm.type",
                target.algorithm().as_str().to_owned(),
            ),
            (
                "deregistration_delay.timeout_seconds",
                seconds(target.deregistration_delay()),
            ),
        ];
        if let Some(time) = target.slow_start() {
            wanted.push(("slow_start.duration_seconds", seconds(time)));
        }
        if let Some(time) = target.stickiness() {
            wanted.push(("stickiness.enabled", "true".to_owned()));
            wanted.push(("stickiness.type", "lb_cookie".to_owned()));
            wanted.push(("stickiness.lb_cookie.duration_seconds", seconds(time)));
        }
        if !target.cross_zone() {
            wanted.push(("load_balancing.cross_zone.enabled", "false".to_owned()));
        }
        wanted
    }
}

impl Setting for TargetAttributes {
    const KIND: ResourceKind = ResourceKind::TargetGroup;
    const DOING: &'static str = "setting how the load balancer chooses instances";

    async fn apply(&self, aws: &Writer, _: &Reader) -> Result<(), AwsError> {
        let wanted = self.wanted().into_iter();
        let wanted = wanted.map(|(key, value)| {
            TargetGroupAttribute::builder()
                .key(key)
                .value(value)
                .build()
        });
        aws.elastic_load_balancing
            .modify_target_group_attributes()
            .target_group_arn(self.target_group.as_str())
            .set_attributes(Some(wanted.collect()))
            .send()
            .await
            .map_err(AwsError::of(
                "elasticloadbalancing:ModifyTargetGroupAttributes",
            ))?;
        Ok(())
    }

    async fn is_applied(&self, aws: &Reader) -> Result<bool, AwsError> {
        let reply = aws
            .elastic_load_balancing
            .describe_target_group_attributes()
            .target_group_arn(self.target_group.as_str())
            .send()
            .await
            .map_err(AwsError::of(
                "elasticloadbalancing:DescribeTargetGroupAttributes",
            ))?;
        let is_there = |(key, value): (&str, String)| {
            let mut all = reply.attributes().iter();
            all.any(|it| it.key() == Some(key) && it.value() == Some(value.as_str()))
        };
        Ok(self.wanted().into_iter().all(is_there))
    }
}

/// A lookup by the name, which is unique in a region, if the tag names this deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "target group";
    const AFTER: &'static [ResourceKind] = &[ResourceKind::LoadBalancer];
    const BLOCKED_BY: &'static [ResourceKind] = &[
        ResourceKind::LoadBalancer,
        ResourceKind::Listener,
        ResourceKind::ListenerRule,
    ];

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws elbv2 delete-target-group --target-group-arn {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { name, deployment } = self;
        if_ours(aws, arn_of(aws, name).await?, deployment).await
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let request = aws.elastic_load_balancing.describe_target_groups();
        let found = first(request.target_group_arns(id)).await?;
        Ok(found.map(|_| "available".to_owned()))
    }

    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.elastic_load_balancing
            .delete_target_group()
            .target_group_arn(id)
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DeleteTargetGroup"))?;
        Ok(())
    }

    /// Returns the target groups that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
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

/// Returns true if a target group of this name exists, of any owner.
pub(crate) async fn is_named(aws: &Reader, name: &str) -> Result<bool, AwsError> {
    is_taken(arn_of(aws, name).await)
}

/// Returns the ARNs of the load balancers whose listeners or rules use the target group.
pub(super) async fn load_balancers_of(aws: &Reader, arn: &str) -> Result<Vec<String>, AwsError> {
    let request = aws.elastic_load_balancing.describe_target_groups();
    let found = first(request.target_group_arns(arn)).await?;
    Ok(found
        .and_then(|group| group.load_balancer_arns)
        .unwrap_or_default())
}

async fn arn_of(aws: &Reader, name: &str) -> Result<Option<String>, AwsError> {
    let found = first(
        aws.elastic_load_balancing
            .describe_target_groups()
            .names(name),
    )
    .await?;
    Ok(found.and_then(|group| group.target_group_arn))
}

/// Returns the first target group that AWS describes.
async fn first(
    request: DescribeTargetGroupsFluentBuilder,
) -> Result<Option<SdkTargetGroup>, AwsError> {
    let reply = request
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeTargetGroups"))?;
    Ok(reply.target_groups.and_then(|all| all.into_iter().next()))
}

/// Converts a number that the spec bounds far below the largest `i32`.
fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
