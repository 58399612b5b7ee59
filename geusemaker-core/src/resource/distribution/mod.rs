//! CloudFront distributions.

mod behavior;
mod config;
mod current_config;
mod names;
mod origin;
mod sent_secret;

use std::time::Duration;

use aws_sdk_cloudfront::types::DistributionSummary;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};

use self::current_config::current_config;
use super::create::Create;
use super::kind::Kind;
use super::origin_secret::OriginSecret;
use super::tagged::TaggedResource;
use super::tags::Owner;
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::{CertificateArn, DistributionId, VpcOriginId};
use crate::kind::ResourceKind;
use crate::spec::{Cdn, DomainName};
use crate::wait::{Expected, PollState};

pub(crate) use self::sent_secret::SentSecret;

const DEPLOYED: &str = "Deployed";

/// A new distribution in front of a load balancer.
#[derive(Clone, Debug)]
pub(crate) struct NewDistribution {
    pub(crate) name: String,
    /// The name under which the load balancer is reached.
    pub(crate) origin: String,
    /// The VPC origin that leads to the load balancer, if it is internal.
    pub(crate) vpc_origin: Option<VpcOriginId>,
    /// True if the load balancer has a certificate, so that it is asked with HTTPS.
    pub(crate) is_origin_secure: bool,
    /// The names under which people reach the distribution, beside that of CloudFront.
    pub(crate) names: Vec<DomainName>,
    /// The certificate for the names, in us-east-1.
    pub(crate) certificate: Option<CertificateArn>,
    /// The header by which the load balancer knows this distribution.
    pub(crate) secret: Option<OriginSecret>,
    /// The longest time without data from the load balancer, in whole seconds.
    pub(crate) read_timeout: Duration,
    /// All other settings.
    pub(crate) cdn: Cdn,
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
    const WORKING: &'static [&'static str] = &["Deployed", "InProgress"];
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
        let reply = current_config(reader, id).await?;
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

/// Returns the domain of the distribution in the form in which names are compared.
pub(crate) async fn domain(aws: &Reader, id: &DistributionId) -> Result<Vec<String>, AwsError> {
    let found = describe(aws, id.as_str()).await?;
    Ok(vec![found.domain.to_ascii_lowercase()])
}

/// A distribution and the secret that it sends to its load balancer.
pub(crate) struct SendingDistribution {
    pub(crate) distribution: Distribution,
    /// True if every edge location sends it.
    pub(crate) is_deployed: bool,
    pub(crate) secret: Option<OriginSecret>,
}

/// Returns the distribution with the secret that it sends.
pub(crate) async fn sending(
    aws: &Reader,
    id: &DistributionId,
) -> Result<SendingDistribution, AwsError> {
    let mut found = describe(aws, id.as_str()).await?;
    Ok(SendingDistribution {
        is_deployed: found.status == DEPLOYED,
        secret: found.secret.take(),
        distribution: found.distribution(id),
    })
}

/// Polls the distribution, which is ready once every edge location sends the same secret: this one, if it is given.
pub(crate) async fn sending_everywhere(
    aws: &Reader,
    id: &DistributionId,
    secret: Option<&OriginSecret>,
) -> Result<PollState<SendingDistribution>, AwsError> {
    let found = sending(aws, id).await?;
    let is_wanted = secret.is_none_or(|secret| found.secret.as_ref() == Some(secret));
    Ok(match (found.is_deployed, is_wanted) {
        (true, true) => PollState::Ready(found),
        (false, _) => PollState::Pending("InProgress".to_owned()),
        // CloudFront shows the state before the update for a moment.
        (true, false) => PollState::Pending("Deployed with another secret".to_owned()),
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
    let reply = current_config(reader, id).await?;
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
    secret: Option<OriginSecret>,
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
    let config = found.distribution_config;
    Ok(Described {
        status: found.status,
        enabled: config.as_ref().is_some_and(|config| config.enabled),
        secret: config.as_ref().and_then(sent_secret::secret_of),
        domain: found.domain_name,
    })
}

/// Returns the caller reference in the form in which it ends the comment.
fn marked(caller_reference: &str) -> String {
    format!(" [{caller_reference}]")
}
