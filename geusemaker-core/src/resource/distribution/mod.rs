//! CloudFront distributions.

use std::time::Duration;

use aws_sdk_cloudfront::types::{
    AllowedMethods, CachedMethods, CustomHeaders, CustomOriginConfig, DefaultCacheBehavior,
    DistributionConfig, DistributionConfigWithTags, DistributionSummary, Method, Origin,
    OriginCustomHeader, OriginProtocolPolicy, Origins, PriceClass, ViewerProtocolPolicy,
};
use aws_smithy_types::error::operation::BuildError;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};

use super::create::Create;
use super::kind::Kind;
use super::origin_secret::{self, OriginSecret};
use super::tagged::TaggedResource;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::DistributionId;
use crate::kind::ResourceKind;
use crate::wait::{Expected, PollState};

const DEPLOYED: &str = "Deployed";
const ORIGIN: &str = "load-balancer";

/// The managed cache policy CachingDisabled.
///
/// Source: Amazon CloudFront Developer Guide, "Use managed cache policies".
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";

/// The managed origin request policy AllViewer: the application gets the name under which it was asked for in the Host
/// header. Many compare it with the header Origin, and refuse everything else.
///
/// Source: Amazon CloudFront Developer Guide, "Use managed origin request policies".
const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";

/// A new distribution in front of a load balancer.
#[derive(Clone, Debug)]
pub(crate) struct NewDistribution {
    pub(crate) name: String,
    /// The load balancer's DNS name.
    pub(crate) origin: String,
    /// The header by which the load balancer knows this distribution.
    pub(crate) secret: Option<OriginSecret>,
    /// The longest time without data from the load balancer, in whole seconds.
    pub(crate) read_timeout: Duration,
    /// The time for which an unused connection to the load balancer is kept, in whole seconds.
    pub(crate) keep_alive: Duration,
    pub(crate) owner: Owner,
}

impl Create for NewDistribution {
    type Id = DistributionId;
    type Lookup = Lookup;

    fn lookup(&self, token: &str) -> Lookup {
        Lookup {
            caller_reference: token.to_owned(),
        }
    }

    async fn create(&self, aws: &Writer, token: &str) -> Result<DistributionId, AwsError> {
        const OPERATION: &str = "cloudfront:CreateDistributionWithTags";
        let config = self
            .config(token)
            .map_err(|missing| AwsError::incomplete(OPERATION, &missing.to_string()))?;
        let reply = aws
            .cloudfront
            .create_distribution_with_tags()
            .distribution_config_with_tags(config)
            .send()
            .await
            .map_err(AwsError::of(OPERATION))?;
        reply
            .distribution
            .map(|distribution| DistributionId::from_aws(distribution.id))
            .ok_or_else(|| AwsError::incomplete(OPERATION, "distribution"))
    }
}

/// A lookup by the caller reference, which the comment contains too, because ListDistributions does not return the
/// reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) caller_reference: String,
}

impl Kind for Lookup {
    const NAME: &'static str = "CloudFront distribution";
    // Deploying the disabled state takes as long as deploying any other change.
    const DELETION: Expected = Expected::with_deadline_minutes(120, 480, 60);

    fn removal_command(id: &str, _: &str) -> String {
        format!("aws cloudfront delete-distribution --id {id} --if-match ETAG  # disable it first")
    }

    async fn find(&self, aws: &Reader) -> Result<Option<String>, AwsError> {
        let Self { caller_reference } = self;
        let mut marker = None;
        loop {
            let reply = aws
                .cloudfront
                .list_distributions()
                .set_marker(marker)
                .send()
                .await
                .map_err(AwsError::of("cloudfront:ListDistributions"))?;
            let Some(list) = reply.distribution_list else {
                return Ok(None);
            };
            let ours = list
                .items()
                .iter()
                .find(|item| item.comment().ends_with(&marked(caller_reference)));
            if let Some(item) = ours {
                return Ok(Some(item.id().to_owned()));
            }
            marker = list.next_marker;
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn observe(aws: &Reader, id: &str) -> Result<Option<String>, AwsError> {
        let found = describe(aws, id).await?;
        Ok(Some(if found.enabled {
            found.status
        } else {
            format!("disabled, {}", found.status)
        }))
    }

    /// Deletes the distribution with its current ETag, which every update changes.
    async fn delete(aws: &Writer, reader: &Reader, id: &str) -> Result<(), AwsError> {
        let reply = reader
            .cloudfront
            .get_distribution_config()
            .id(id)
            .send()
            .await
            .map_err(AwsError::of("cloudfront:GetDistributionConfig"))?;
        aws.cloudfront
            .delete_distribution()
            .id(id)
            .set_if_match(reply.e_tag)
            .send()
            .await
            .map_err(AwsError::of("cloudfront:DeleteDistribution"))?;
        Ok(())
    }

    /// Returns the distributions that carry this program's tags, with origins in any region: CloudFront has no regions.
    async fn tagged(aws: &Reader) -> Result<Vec<TaggedResource>, AwsError> {
        let all = aws
            .cloudfront
            .list_distributions()
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(AwsError::of("cloudfront:ListDistributions"))?;
        // A comment can be changed by hand, so the tags of every distribution are read, a few at a time.
        let found: Vec<_> = stream::iter(all.into_iter().map(|item| tags_of(aws, item)))
            .buffered(8)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }
}

impl NewDistribution {
    fn config(&self, token: &str) -> Result<DistributionConfigWithTags, BuildError> {
        let origins = Origins::builder()
            .quantity(1)
            .items(self.origin()?)
            .build()?;
        let config = DistributionConfig::builder()
            .caller_reference(token)
            .comment(comment(&self.name, token))
            .enabled(true)
            .price_class(PriceClass::PriceClass100)
            .origins(origins)
            .default_cache_behavior(cache_behavior()?)
            .build()?;
        Ok(DistributionConfigWithTags::builder()
            .distribution_config(config)
            .tags(self.owner.cloudfront(&self.name))
            .build())
    }

    /// Returns the load balancer as an origin.
    fn origin(&self) -> Result<Origin, BuildError> {
        let seconds = |time: Duration| i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
        let config = CustomOriginConfig::builder()
            .http_port(80)
            .https_port(443)
            // The load balancer has no certificate: it cannot have one that covers *.elb.amazonaws.com.
            .origin_protocol_policy(OriginProtocolPolicy::HttpOnly)
            .origin_read_timeout(seconds(self.read_timeout))
            .origin_keepalive_timeout(seconds(self.keep_alive))
            .build()?;
        let header = self.secret.as_ref().map(|secret| {
            OriginCustomHeader::builder()
                .header_name(origin_secret::HEADER)
                .header_value(secret.as_str())
                .build()
        });
        let headers = CustomHeaders::builder()
            .quantity(header.iter().count().try_into().unwrap_or_default())
            .set_items(header.transpose()?.map(|header| vec![header]))
            .build()?;
        Origin::builder()
            .id(ORIGIN)
            .domain_name(&self.origin)
            .custom_headers(headers)
            .custom_origin_config(config)
            .build()
    }
}

/// Returns the behavior for all paths: every method is forwarded, and no answer is cached, because answers of models
/// must not be.
fn cache_behavior() -> Result<DefaultCacheBehavior, BuildError> {
    let cached = CachedMethods::builder()
        .quantity(2)
        .items(Method::Get)
        .items(Method::Head)
        .build()?;
    let methods = [
        Method::Get,
        Method::Head,
        Method::Options,
        Method::Put,
        Method::Post,
        Method::Patch,
        Method::Delete,
    ];
    let allowed = AllowedMethods::builder()
        .quantity(7)
        .set_items(Some(methods.to_vec()))
        .cached_methods(cached)
        .build()?;
    DefaultCacheBehavior::builder()
        .target_origin_id(ORIGIN)
        .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
        .allowed_methods(allowed)
        .compress(true)
        .cache_policy_id(CACHING_DISABLED)
        .origin_request_policy_id(ALL_VIEWER)
        .build()
}

/// A distribution and its domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Distribution {
    /// The distribution id: `E1ABCDEF…`.
    pub id: DistributionId,
    /// The domain name: `d111111abcdef8.cloudfront.net`.
    pub domain: String,
}

/// Polls the distribution, which is ready once AWS shows it, in any status.
pub(crate) async fn created(
    aws: &Reader,
    id: &DistributionId,
) -> Result<PollState<Distribution>, AwsError> {
    Ok(match describe(aws, id.as_str()).await {
        Ok(found) => PollState::Ready(found.distribution(id)),
        Err(error) if error.is_not_found() => PollState::Pending("not visible yet".to_owned()),
        Err(error) => return Err(error),
    })
}

/// Polls the distribution, which is ready once every edge location has it.
pub(crate) async fn deployed(
    aws: &Reader,
    id: &DistributionId,
) -> Result<PollState<Distribution>, AwsError> {
    let found = describe(aws, id.as_str()).await?;
    Ok(if found.status == DEPLOYED {
        PollState::Ready(found.distribution(id))
    } else {
        PollState::Pending(found.status)
    })
}

async fn tags_of(
    aws: &Reader,
    item: DistributionSummary,
) -> Result<Option<TaggedResource>, AwsError> {
    let reply = aws
        .cloudfront
        .list_tags_for_resource()
        .resource(item.arn())
        .send()
        .await
        .map_err(AwsError::of("cloudfront:ListTagsForResource"));
    let reply = match reply {
        Ok(reply) => reply,
        // It was deleted in the meantime.
        Err(error) if error.code.as_deref() == Some("NoSuchResource") => return Ok(None),
        Err(error) => return Err(error),
    };
    let tags = reply.tags().map_or(&[][..], |tags| tags.items()).iter();
    let tags = tags.map(|tag| (Some(tag.key()), tag.value()));
    Ok(TaggedResource::read(
        ResourceKind::Distribution,
        item.id(),
        tags,
    ))
}

/// Polls the distribution, which is ready once it is disabled everywhere. Disables it if it is enabled and no change is
/// under way.
pub(crate) async fn disabled(
    aws: &Writer,
    reader: &Reader,
    id: &str,
) -> Result<PollState<()>, AwsError> {
    let found = describe(reader, id).await?;
    Ok(match (found.enabled, found.status == DEPLOYED) {
        (false, true) => PollState::Ready(()),
        (false, false) => PollState::Pending(format!("disabled, {}", found.status)),
        (true, false) => PollState::Pending(format!("enabled, {}", found.status)),
        (true, true) => {
            disable(aws, reader, id).await?;
            PollState::Pending("being disabled".to_owned())
        }
    })
}

async fn disable(aws: &Writer, reader: &Reader, id: &str) -> Result<(), AwsError> {
    let reply = reader
        .cloudfront
        .get_distribution_config()
        .id(id)
        .send()
        .await
        .map_err(AwsError::of("cloudfront:GetDistributionConfig"))?;
    let Some(mut config) = reply.distribution_config.filter(|config| config.enabled) else {
        return Ok(());
    };
    config.enabled = false;
    aws.cloudfront
        .update_distribution()
        .id(id)
        .set_if_match(reply.e_tag)
        .distribution_config(config)
        .send()
        .await
        .map_err(AwsError::of("cloudfront:UpdateDistribution"))?;
    Ok(())
}

struct Described {
    status: String,
    enabled: bool,
    domain: String,
}

impl Described {
    fn distribution(self, id: &DistributionId) -> Distribution {
        Distribution {
            id: id.clone(),
            domain: self.domain,
        }
    }
}

async fn describe(aws: &Reader, id: &str) -> Result<Described, AwsError> {
    const OPERATION: &str = "cloudfront:GetDistribution";
    let reply = aws
        .cloudfront
        .get_distribution()
        .id(id)
        .send()
        .await
        .map_err(AwsError::of(OPERATION))?;
    let found = reply
        .distribution
        .ok_or_else(|| AwsError::incomplete(OPERATION, "distribution"))?;
    Ok(Described {
        status: found.status,
        enabled: found
            .distribution_config
            .is_some_and(|config| config.enabled),
        domain: found.domain_name,
    })
}

fn comment(name: &str, caller_reference: &str) -> String {
    format!("geusemaker {name}{}", marked(caller_reference))
}

/// Returns the caller reference in the form in which it ends the comment.
fn marked(caller_reference: &str) -> String {
    format!(" [{caller_reference}]")
}
