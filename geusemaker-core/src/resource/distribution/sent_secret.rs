//! The secret that a distribution sends to its load balancer.

use aws_sdk_cloudfront::types::{CustomHeaders, DistributionConfig, Origin, OriginCustomHeader};
use aws_smithy_types::error::operation::BuildError;

use super::current_config::{self, current_config};
use super::origin::{ORIGIN, count};
use crate::aws::clients::{Reader, Writer};
use crate::aws::error::AwsError;
use crate::id::DistributionId;
use crate::kind::ResourceKind;
use crate::resource::origin_secret::{HEADER, OriginSecret};
use crate::resource::setting::Setting;

/// The most updates that are tried in a row when the distribution changes between the look and the update.
const ATTEMPTS: usize = 3;

/// The secret that a distribution sends from now on, in place of the one before. The other headers stay.
#[derive(Clone, Debug)]
pub(crate) struct SentSecret {
    pub(crate) distribution: DistributionId,
    pub(crate) secret: OriginSecret,
}

impl Setting for SentSecret {
    const KIND: ResourceKind = ResourceKind::Distribution;
    const DOING: &'static str = "changing the secret that the CDN sends";

    async fn apply(&self, aws: &Writer, reader: &Reader) -> Result<(), AwsError> {
        const OPERATION: &str = "cloudfront:UpdateDistribution";
        for attempt in 1.. {
            let (mut config, e_tag) = configured(reader, &self.distribution).await?;
            // An update that was given up may have come through after all.
            if secret_of(&config).as_ref() == Some(&self.secret) {
                return Ok(());
            }
            set(&mut config, &self.secret)
                .map_err(|missing| AwsError::incomplete(OPERATION, &missing.to_string()))?;
            let updated = aws
                .cloudfront
                .update_distribution()
                .id(self.distribution.as_str())
                .set_if_match(e_tag)
                .distribution_config(config)
                .send()
                .await
                .map_err(AwsError::of(OPERATION));
            match updated {
                Ok(_) => return Ok(()),
                Err(error)
                    if attempt < ATTEMPTS
                        && error.code.as_deref() == Some("PreconditionFailed") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn is_applied(&self, aws: &Reader) -> Result<bool, AwsError> {
        let (config, _) = configured(aws, &self.distribution).await?;
        Ok(secret_of(&config).as_ref() == Some(&self.secret))
    }
}

async fn configured(
    aws: &Reader,
    id: &DistributionId,
) -> Result<(DistributionConfig, Option<String>), AwsError> {
    let reply = current_config(aws, id.as_str()).await?;
    let config = reply.distribution_config.ok_or_else(|| {
        AwsError::incomplete(current_config::OPERATION, "distribution configuration")
    })?;
    Ok((config, reply.e_tag))
}

/// Returns the secret that the distribution sends to its load balancer.
pub(super) fn secret_of(config: &DistributionConfig) -> Option<OriginSecret> {
    let origin = config
        .origins()?
        .items()
        .iter()
        .find(|it| it.id() == ORIGIN)?;
    let headers = origin.custom_headers()?.items();
    let ours = headers.iter().find(|header| is_ours(header))?;
    Some(OriginSecret::from_aws(ours.header_value()))
}

fn set(config: &mut DistributionConfig, secret: &OriginSecret) -> Result<(), BuildError> {
    let origins = config
        .origins
        .iter_mut()
        .flat_map(|origins| &mut origins.items);
    for origin in origins.filter(|origin| origin.id == ORIGIN) {
        origin.custom_headers = Some(with_secret(origin, secret)?);
    }
    Ok(())
}

/// Returns the headers of an origin with this secret.
fn with_secret(origin: &Origin, secret: &OriginSecret) -> Result<CustomHeaders, BuildError> {
    let ours = OriginCustomHeader::builder()
        .header_name(HEADER)
        .header_value(secret.as_str())
        .build()?;
    let headers = origin
        .custom_headers()
        .map_or(&[][..], CustomHeaders::items);
    let others = headers.iter().filter(|header| !is_ours(header)).cloned();
    let headers: Vec<_> = others.chain([ours]).collect();
    CustomHeaders::builder()
        .quantity(count(headers.len()))
        .set_items(Some(headers))
        .build()
}

fn is_ours(header: &OriginCustomHeader) -> bool {
    header.header_name().eq_ignore_ascii_case(HEADER)
}
