//! VPC origins of CloudFront, through which distributions reach internal load balancers.

use aws_sdk_cloudfront::types::{
    OriginProtocolPolicy, OriginSslProtocols, SslProtocol, VpcOrigin as SdkVpcOrigin,
    VpcOriginEndpointConfig, VpcOriginSummary,
};
use aws_smithy_types::error::operation::BuildError;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::load_balancer;
use super::tagged::TaggedResource;
use super::tags::{DEPLOYMENT, Owner};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{DeploymentId, LoadBalancerArn, VpcOriginId};
use crate::kind::ResourceKind;
use crate::wait::{Expected, PollState};

/// The name of the security group that CloudFront keeps in each VPC with a VPC origin.
///
/// Source: Amazon CloudFront Developer Guide, "Restrict access with VPC origins".
pub(super) const SERVICE_GROUP: &str = "CloudFront-VPCOrigins-Service-SG";

/// A new VPC origin that leads to a load balancer.
#[derive(Clone, Debug)]
pub(crate) struct NewVpcOrigin {
    pub(crate) name: String,
    pub(crate) load_balancer: LoadBalancerArn,
    /// True if the load balancer has a certificate, so that it is asked with HTTPS.
    pub(crate) is_secure: bool,
    pub(crate) owner: Owner,
}

impl NewVpcOrigin {
    fn config(&self) -> Result<VpcOriginEndpointConfig, BuildError> {
        // Only the newest protocol that CloudFront speaks with origins.
        let protocols = OriginSslProtocols::builder()
            .quantity(1)
            .items(SslProtocol::TlSv12)
            .build()?;
        VpcOriginEndpointConfig::builder()
            .name(&self.name)
            .arn(self.load_balancer.as_str())
            .http_port(80)
            .https_port(443)
            .origin_protocol_policy(match self.is_secure {
                true => OriginProtocolPolicy::HttpsOnly,
                false => OriginProtocolPolicy::HttpOnly,
            })
            .set_origin_ssl_protocols(self.is_secure.then_some(protocols))
            .build()
    }
}

impl Create for NewVpcOrigin {
    type Id = VpcOriginId;
    type Lookup = Lookup;

    fn lookup(&self, _: &str) -> Lookup {
        Lookup {
            name: self.name.clone(),
            load_balancer: self.load_balancer.clone(),
            deployment: self.owner.deployment.clone(),
        }
    }

    async fn create(&self, aws: &Writer, _: &str) -> Result<VpcOriginId, AwsError> {
        const OPERATION: &str = "cloudfront:CreateVpcOrigin";
        let config = self
            .config()
            .map_err(|missing| AwsError::incomplete(OPERATION, &missing.to_string()))?;
        let reply = aws
            .cloudfront
            .create_vpc_origin()
            .vpc_origin_endpoint_config(config)
            .tags(self.owner.cloudfront(&self.name))
            .send()
            .await
            .map_err(AwsError::of(OPERATION))?;
        reply
            .vpc_origin
            .map(|origin| VpcOriginId::from_aws(origin.id))
            .ok_or_else(|| AwsError::incomplete(OPERATION, "VPC origin"))
    }
}

/// A lookup by the name and the load balancer, if the tag names this deployment: AWS takes no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) load_balancer: LoadBalancerArn,
    pub(crate) deployment: DeploymentId,
}

impl Kind for Lookup {
    const NAME: &'static str = "VPC origin of CloudFront";
    const WORKING: &'static [&'static str] = &["Deployed"];
    const AFTER: &'static [ResourceKind] = &[ResourceKind::Distribution];
    const BLOCKED_BY: &'static [ResourceKind] = &[ResourceKind::Distribution];
    // CloudFront names no duration; Terraform waits a quarter of an hour. One that is being deployed is not deleted
    // before that is done.
    const DELETION: Expected = Expected::with_deadline_minutes(300, 900, 40);

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn removal_command(id: &str, _: &str) -> String {
        format!("aws cloudfront delete-vpc-origin --id {id} --if-match ETAG")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self {
            name,
            load_balancer,
            deployment,
        } = self;
        for found in all(aws).await? {
            if found.name() == name
                && found.origin_endpoint_arn() == load_balancer.as_str()
                && let Some(tags) = tags_of(aws, found.arn()).await?
                && tags
                    .iter()
                    .any(|tag| tag.key() == DEPLOYMENT && tag.value() == Some(deployment.as_str()))
            {
                return Ok(Some(found.id().to_owned()));
            }
        }
        Ok(None)
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        Ok(Some(describe(aws, id).await?.origin.status))
    }

    /// Deletes the origin with its current ETag.
    async fn delete(aws: &Writer, reader: &Reader, id: &str) -> Result<(), AwsError> {
        let found = describe(reader, id).await?;
        aws.cloudfront
            .delete_vpc_origin()
            .id(id)
            .set_if_match(found.e_tag)
            .send()
            .await
            .map_err(AwsError::of("cloudfront:DeleteVpcOrigin"))?;
        Ok(())
    }

    /// Returns the VPC origins with this program's tags that lead to its load balancers of the region. AWS keeps a load
    /// balancer as long as a VPC origin leads there, so without an internal one CloudFront is not asked.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let internal = load_balancer::own_internal(aws).await?;
        if internal.is_empty() {
            return Ok(Vec::new());
        }
        let all = all(aws).await?.into_iter();
        let here = all.filter(|item| internal.iter().any(|arn| arn == item.origin_endpoint_arn()));
        let found: Vec<_> = stream::iter(here.map(|item| tagged(aws, item)))
            .buffered(8)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// Polls the origin, which is ready once distributions can use it.
pub(crate) async fn deployed(aws: &Reader, id: &VpcOriginId) -> Result<PollState<()>, AwsError> {
    let status = match describe(aws, id.as_str()).await {
        Ok(found) => found.origin.status,
        Err(error) if error.is_not_found() => {
            return Ok(PollState::Pending("not visible yet".to_owned()));
        }
        Err(error) => return Err(error),
    };
    Ok(match status.as_str() {
        "Deployed" => PollState::Ready(()),
        // AWS documents no status of a failure.
        failed if failed.to_ascii_lowercase().contains("fail") => {
            PollState::Failed(format!("AWS reports {failed}"))
        }
        _ => PollState::Pending(status),
    })
}

/// Returns true if a VPC origin of this name exists, of any owner.
pub(crate) async fn is_named(aws: &Reader, name: &str) -> Result<bool, AwsError> {
    Ok(all(aws).await?.iter().any(|found| found.name() == name))
}

/// Returns the VPC origins that lead to a load balancer.
pub(super) async fn leading_to(aws: &Reader, load_balancer: &str) -> Result<Vec<String>, AwsError> {
    let all = all(aws).await?.into_iter();
    let leading = all.filter(|found| found.origin_endpoint_arn() == load_balancer);
    Ok(leading.map(|found| found.id).collect())
}

/// Returns the distributions that use a VPC origin.
pub(super) async fn distributions_of(aws: &Reader, id: &str) -> Result<Vec<String>, AwsError> {
    let reply = aws
        .cloudfront
        .list_distributions_by_vpc_origin_id()
        .vpc_origin_id(id)
        .send()
        .await
        .map_err(AwsError::of("cloudfront:ListDistributionsByVpcOriginId"))?;
    let list = reply.distribution_id_list;
    Ok(list.and_then(|list| list.items).unwrap_or_default())
}

struct Described {
    origin: SdkVpcOrigin,
    e_tag: Option<String>,
}

async fn describe(aws: &Reader, id: &str) -> Result<Described, AwsError> {
    const OPERATION: &str = "cloudfront:GetVpcOrigin";
    let reply = aws
        .cloudfront
        .get_vpc_origin()
        .id(id)
        .send()
        .await
        .map_err(AwsError::of(OPERATION))?;
    Ok(Described {
        origin: reply
            .vpc_origin
            .ok_or_else(|| AwsError::incomplete(OPERATION, "VPC origin"))?,
        e_tag: reply.e_tag,
    })
}

async fn all(aws: &Reader) -> Result<Vec<VpcOriginSummary>, AwsError> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let reply = aws
            .cloudfront
            .list_vpc_origins()
            .set_marker(marker)
            .send()
            .await
            .map_err(AwsError::of("cloudfront:ListVpcOrigins"))?;
        let Some(list) = reply.vpc_origin_list else {
            return Ok(found);
        };
        found.extend(list.items.unwrap_or_default());
        marker = list.next_marker;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// Returns the tags of an origin, or `None` if it is gone.
async fn tags_of(
    aws: &Reader,
    arn: &str,
) -> Result<Option<Vec<aws_sdk_cloudfront::types::Tag>>, AwsError> {
    let reply = aws
        .cloudfront
        .list_tags_for_resource()
        .resource(arn)
        .send()
        .await
        .map_err(AwsError::of("cloudfront:ListTagsForResource"));
    match reply {
        Ok(reply) => {
            let tags = reply.tags.and_then(|tags| tags.items);
            Ok(Some(tags.unwrap_or_default()))
        }
        Err(error) if error.code.as_deref() == Some("NoSuchResource") => Ok(None),
        Err(error) => Err(error),
    }
}

async fn tagged(aws: &Reader, item: VpcOriginSummary) -> Result<Option<TaggedResource>, AwsError> {
    let Some(tags) = tags_of(aws, item.arn()).await? else {
        return Ok(None);
    };
    let tags = tags.iter().map(|tag| (Some(tag.key()), tag.value()));
    let found = TaggedResource::read(ResourceKind::VpcOrigin, item.id(), tags);
    Ok(found.map(|found| found.since(Some(item.created_time()))))
}
