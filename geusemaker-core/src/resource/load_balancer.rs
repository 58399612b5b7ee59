//! Application Load Balancers.

use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::builders::DescribeLoadBalancersFluentBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    LoadBalancer as SdkLoadBalancer, LoadBalancerAttribute, LoadBalancerSchemeEnum,
    LoadBalancerStateEnum, LoadBalancerTypeEnum,
};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::observed::{Observed, StateReason};
use super::ownership::{if_ours, is_taken, ours};
use super::protection::Protection;
use super::setting::Setting;
use super::tagged::{Billed, TaggedResource};
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, HostedZoneId, LoadBalancerArn, SecurityGroupId, SubnetId};
use crate::kind::ResourceKind;
use crate::spec::{LoadBalancer as LoadBalancerSpec, Scheme};
use crate::wait::{Expected, PollState};

/// A new load balancer.
#[derive(Clone, Debug)]
pub(crate) struct NewLoadBalancer {
    pub(crate) name: String,
    pub(crate) subnets: Vec<SubnetId>,
    pub(crate) security_group: SecurityGroupId,
    pub(crate) scheme: Scheme,
    pub(crate) owner: Owner,
}

impl Create for NewLoadBalancer {
    type Id = LoadBalancerArn;
    type Lookup = Lookup;

    const VERIFY_OWNER: bool = true;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<LoadBalancerArn, AwsError> {
        const OPERATION: &str = "elasticloadbalancing:CreateLoadBalancer";
        let subnets = self.subnets.iter().map(ToString::to_string).collect();
        let reply = aws
            .elastic_load_balancing
            .create_load_balancer()
            .name(&self.name)
            .r#type(LoadBalancerTypeEnum::Application)
            .scheme(match self.scheme {
                Scheme::InternetFacing => LoadBalancerSchemeEnum::InternetFacing,
                Scheme::Internal => LoadBalancerSchemeEnum::Internal,
            })
            .set_subnets(Some(subnets))
            .security_groups(self.security_group.as_str())
            .set_tags(Some(self.owner.elastic_load_balancing(&self.name)))
            .send()
            .await
            .map_err(AwsError::of(OPERATION))?;
        let created = reply.load_balancers.and_then(|all| all.into_iter().next());
        created
            .and_then(|load_balancer| load_balancer.load_balancer_arn)
            .map(LoadBalancerArn::from_aws)
            .ok_or_else(|| AwsError::incomplete(OPERATION, "load balancer ARN"))
    }
}

/// A lookup by the name, which is unique in a region, if the tag names this deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "load balancer";
    const AFTER: &'static [ResourceKind] = &[ResourceKind::Listener, ResourceKind::VpcOrigin];
    const BLOCKED_BY: &'static [ResourceKind] = &[ResourceKind::VpcOrigin];
    const DELETION: Expected = Expected::with_deadline_minutes(5, 20, 10);
    const IS_PROTECTABLE: bool = true;

    async fn protection(aws: &Reader, id: &str) -> Result<Option<Protection>, AwsError> {
        let all = attributes(aws, id).await?;
        let is_on = value_of(&all, DELETION_PROTECTION) == Some("true");
        Ok(is_on.then_some(Protection::Deletion))
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, region: &str) -> String {
        format!("aws elbv2 delete-load-balancer --load-balancer-arn {id} --region {region}")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { name, deployment } = self;
        if_ours(aws, arn_of(aws, name).await?, deployment).await
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let found = describe(aws, id).await?;
        Ok(found
            .and_then(|found| state(&found))
            .map(|state| state.as_str().to_owned()))
    }

    async fn describe(aws: &Reader, id: &str) -> Result<Option<Observed>, AwsError> {
        let found = describe(aws, id).await?;
        Ok(found.and_then(|found| {
            let reason = found.state().and_then(|state| state.reason());
            Some(Observed {
                reason: StateReason::new(None, reason),
                ..Observed::in_state(state(&found)?.as_str().to_owned())
            })
        }))
    }

    /// Deletes the load balancer with its listeners. One that does not exist any more counts as deleted.
    async fn delete(aws: &Writer, _: &Reader, id: &str) -> Result<(), AwsError> {
        aws.elastic_load_balancing
            .delete_load_balancer()
            .load_balancer_arn(id)
            .send()
            .await
            .map_err(AwsError::of("elasticloadbalancing:DeleteLoadBalancer"))?;
        Ok(())
    }

    /// Returns the load balancers that carry this program's tags.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = all(aws).await?;
        let arns = all.iter().filter_map(|found| found.load_balancer_arn());
        let ours = ours(aws, ResourceKind::LoadBalancer, arns).await?;
        let with_age = ours.into_iter().map(|found| {
            let mut all = all.iter();
            let described = all.find(|one| one.load_balancer_arn() == Some(found.id.as_str()));
            TaggedResource {
                billed: described.map(billed).unwrap_or_default(),
                ..found.since(described.and_then(|described| described.created_time()))
            }
        });
        Ok(with_age.collect())
    }
}

/// Returns the public addresses of a load balancer: at least one in each zone.
fn billed(described: &SdkLoadBalancer) -> Billed {
    let is_public = described.scheme() == Some(&LoadBalancerSchemeEnum::InternetFacing);
    let zones = described.availability_zones().len();
    Billed {
        public_addresses: match is_public {
            true => zones.try_into().unwrap_or_default(),
            false => 0,
        },
        ..Billed::default()
    }
}

/// The attribute that keeps AWS from deleting a load balancer.
pub(crate) const DELETION_PROTECTION: &str = "deletion_protection.enabled";

/// Attributes of a load balancer.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) load_balancer: LoadBalancerArn,
    pub(crate) wanted: Vec<(&'static str, String)>,
}

impl Attributes {
    /// Returns the attributes with which a load balancer of this spec serves.
    pub(crate) fn of_spec(load_balancer: &LoadBalancerArn, spec: &LoadBalancerSpec) -> Self {
        let mut wanted = vec![(
            "idle_timeout.timeout_seconds",
            spec.idle_timeout().as_secs().to_string(),
        )];
        if !spec.http2() {
            wanted.push(("routing.http2.enabled", "false".to_owned()));
        }
        if let Some(logs) = spec.access_logs() {
            wanted.push(("access_logs.s3.enabled", "true".to_owned()));
            wanted.push(("access_logs.s3.bucket", logs.bucket().to_string()));
            let folder = logs.folder().map(ToString::to_string);
            wanted.extend(folder.map(|folder| ("access_logs.s3.prefix", folder)));
        }
        Self {
            load_balancer: load_balancer.clone(),
            wanted,
        }
    }
}

impl Setting for Attributes {
    const KIND: ResourceKind = ResourceKind::LoadBalancer;
    const DOING: &'static str = "setting the attributes of the load balancer";

    async fn apply(&self, aws: &Writer, _: &Reader) -> Result<(), AwsError> {
        let attributes = self.wanted.iter().map(|(key, value)| {
            LoadBalancerAttribute::builder()
                .key(*key)
                .value(value)
                .build()
        });
        aws.elastic_load_balancing
            .modify_load_balancer_attributes()
            .load_balancer_arn(self.load_balancer.as_str())
            .set_attributes(Some(attributes.collect()))
            .send()
            .await
            .map_err(AwsError::of(
                "elasticloadbalancing:ModifyLoadBalancerAttributes",
            ))?;
        Ok(())
    }

    async fn is_applied(&self, aws: &Reader) -> Result<bool, AwsError> {
        let all = attributes(aws, self.load_balancer.as_str()).await?;
        let is_there = |(key, value): &(&str, String)| value_of(&all, key) == Some(value);
        Ok(self.wanted.iter().all(is_there))
    }
}

/// Returns the attributes of a load balancer.
async fn attributes(aws: &Reader, arn: &str) -> Result<Vec<LoadBalancerAttribute>, AwsError> {
    let reply = aws
        .elastic_load_balancing
        .describe_load_balancer_attributes()
        .load_balancer_arn(arn)
        .send()
        .await
        .map_err(AwsError::of(
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
        ))?;
    Ok(reply.attributes.unwrap_or_default())
}

/// Returns the value of the attribute with this key.
fn value_of<'a>(attributes: &'a [LoadBalancerAttribute], key: &str) -> Option<&'a str> {
    let mut all = attributes.iter();
    all.find(|it| it.key() == Some(key))?.value()
}

/// An active load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActiveLoadBalancer {
    /// The ARN of the load balancer.
    pub arn: LoadBalancerArn,
    /// The DNS name of the load balancer.
    pub dns_name: String,
    /// The hosted zone of AWS that the DNS name is in, for records that lead to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted_zone: Option<HostedZoneId>,
}

/// Polls the load balancer, which is ready once it is active.
pub(crate) async fn active(
    aws: &Reader,
    arn: &LoadBalancerArn,
) -> Result<PollState<ActiveLoadBalancer>, AwsError> {
    let found = match describe(aws, arn.as_str()).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(PollState::Pending("not visible yet".to_owned())),
        Err(error) if error.is_not_found() => {
            return Ok(PollState::Pending("not visible yet".to_owned()));
        }
        Err(error) => return Err(error),
    };
    let reason = found
        .state()
        .and_then(|state| state.reason())
        .unwrap_or("AWS gives no reason");
    Ok(match state(&found) {
        Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => {
            PollState::Ready(ActiveLoadBalancer {
                arn: arn.clone(),
                dns_name: found.dns_name.unwrap_or_default(),
                hosted_zone: found.canonical_hosted_zone_id.map(HostedZoneId::from_aws),
            })
        }
        Some(LoadBalancerStateEnum::Failed) => PollState::Failed(reason.to_owned()),
        Some(other) => PollState::Pending(other.as_str().to_owned()),
        None => PollState::Pending("unknown".to_owned()),
    })
}

/// Returns true if a load balancer of this name exists, of any owner.
pub(crate) async fn is_named(aws: &Reader, name: &str) -> Result<bool, AwsError> {
    is_taken(arn_of(aws, name).await)
}

/// Returns all load balancers of the region, of any owner.
async fn all(aws: &Reader) -> Result<Vec<SdkLoadBalancer>, AwsError> {
    aws.elastic_load_balancing
        .describe_load_balancers()
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeLoadBalancers"))
}

/// Returns the ARNs of the internal load balancers of the region that carry this program's tags.
pub(super) async fn own_internal(aws: &Reader) -> Result<Vec<String>, AwsError> {
    let all = all(aws).await?;
    let internal = all
        .iter()
        .filter(|found| found.scheme() == Some(&LoadBalancerSchemeEnum::Internal));
    let arns = internal.filter_map(|found| found.load_balancer_arn());
    let ours = ours(aws, ResourceKind::LoadBalancer, arns).await?;
    Ok(ours.into_iter().map(|found| found.id.to_string()).collect())
}

async fn arn_of(aws: &Reader, name: &str) -> Result<Option<String>, AwsError> {
    let found = first(
        aws.elastic_load_balancing
            .describe_load_balancers()
            .names(name),
    )
    .await?;
    Ok(found.and_then(|load_balancer| load_balancer.load_balancer_arn))
}

/// Returns the DNS name of the load balancer in the form in which names are compared, if it exists.
pub(crate) async fn dns_name(aws: &Reader, arn: &LoadBalancerArn) -> Result<Vec<String>, AwsError> {
    let found = describe(aws, arn.as_str()).await?;
    let name = found.and_then(|found| found.dns_name);
    Ok(name.iter().map(|name| name.to_ascii_lowercase()).collect())
}

async fn describe(aws: &Reader, arn: &str) -> Result<Option<SdkLoadBalancer>, AwsError> {
    let request = aws.elastic_load_balancing.describe_load_balancers();
    first(request.load_balancer_arns(arn)).await
}

/// Returns the first load balancer that AWS describes.
async fn first(
    request: DescribeLoadBalancersFluentBuilder,
) -> Result<Option<SdkLoadBalancer>, AwsError> {
    let reply = request
        .send()
        .await
        .map_err(AwsError::of("elasticloadbalancing:DescribeLoadBalancers"))?;
    Ok(reply.load_balancers.and_then(|all| all.into_iter().next()))
}

fn state(load_balancer: &SdkLoadBalancer) -> Option<LoadBalancerStateEnum> {
    load_balancer
        .state()
        .and_then(|state| state.code())
        .cloned()
}
