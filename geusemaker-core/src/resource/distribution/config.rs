//! The configuration of a new distribution.

use std::time::Duration;

use aws_sdk_cloudfront::types::{
    CustomErrorResponse, CustomErrorResponses, CustomHeaders, CustomOriginConfig,
    DistributionConfig, DistributionConfigWithTags, GeoRestriction, GeoRestrictionType,
    HttpVersion, LoggingConfig, Origin, OriginCustomHeader, OriginShield, Origins, PriceClass,
    Restrictions, VpcOriginConfig,
};
use aws_smithy_types::error::operation::BuildError;

use super::origin::{ORIGIN, count};
use super::{NewDistribution, behavior, marked};
use crate::id::VpcOriginId;
use crate::resource::origin_secret::{self, OriginSecret};
use crate::spec::{self, CdnHttpVersion};

impl NewDistribution {
    pub(super) fn config(&self, token: &str) -> Result<DistributionConfigWithTags, BuildError> {
        let origins = Origins::builder()
            .quantity(1)
            .items(self.origin()?)
            .build()?;
        let cdn = &self.cdn;
        let config = DistributionConfig::builder()
            .caller_reference(token)
            .comment(self.comment(token))
            .enabled(true)
            .price_class(match cdn.price_class() {
                spec::PriceClass::Class100 => PriceClass::PriceClass100,
                spec::PriceClass::Class200 => PriceClass::PriceClass200,
                spec::PriceClass::All => PriceClass::PriceClassAll,
            })
            .http_version(match cdn.http_version() {
                CdnHttpVersion::Http1 => HttpVersion::Http11,
                CdnHttpVersion::Http2 => HttpVersion::Http2,
                CdnHttpVersion::Http3 => HttpVersion::Http3,
                CdnHttpVersion::Http2And3 => HttpVersion::Http2and3,
            })
            .is_ipv6_enabled(cdn.ipv6())
            .set_web_acl_id(cdn.web_acl().map(ToString::to_string))
            .set_restrictions(cdn.geo().map(restrictions).transpose()?)
            .set_logging(cdn.logging().map(logging))
            .set_custom_error_responses(error_responses(cdn.errors())?)
            .origins(origins)
            .default_cache_behavior(behavior::default(cdn)?)
            .set_cache_behaviors(behavior::by_path(cdn)?)
            .set_aliases(self.aliases()?)
            .set_viewer_certificate(self.viewer_certificate())
            .build()?;
        Ok(DistributionConfigWithTags::builder()
            .distribution_config(config)
            .tags(self.owner.cloudfront(&self.name))
            .build())
    }

    /// Returns the comment. It ends with the caller reference, by which the distribution is found again.
    fn comment(&self, token: &str) -> String {
        let marked = marked(token);
        match self.cdn.comment() {
            Some(comment) => format!("{comment}{marked}"),
            None => format!("geusemaker {}{marked}", self.name),
        }
    }

    /// Returns the load balancer as an origin.
    fn origin(&self) -> Result<Origin, BuildError> {
        let shield = self.cdn.origin_shield().map(|region| {
            OriginShield::builder()
                .enabled(true)
                .origin_shield_region(region.as_str())
                .build()
        });
        let origin = Origin::builder()
            .id(ORIGIN)
            .domain_name(&self.origin)
            .custom_headers(headers(self.secret.as_ref())?);
        let origin = match &self.vpc_origin {
            Some(id) => origin.vpc_origin_config(self.private(id)?),
            None => origin.custom_origin_config(self.public()?),
        };
        origin
            .connection_attempts(count(self.cdn.connection_attempts()))
            .connection_timeout(seconds(self.cdn.connection_timeout()))
            .set_origin_shield(shield.transpose()?)
            .build()
    }
}

impl NewDistribution {
    /// Returns the way to a load balancer with public addresses.
    fn public(&self) -> Result<CustomOriginConfig, BuildError> {
        CustomOriginConfig::builder()
            .http_port(80)
            .https_port(443)
            .origin_protocol_policy(self.origin_protocol())
            .set_origin_ssl_protocols(self.origin_protocols()?)
            .origin_read_timeout(seconds(self.read_timeout))
            .origin_keepalive_timeout(seconds(self.cdn.keep_alive()))
            .build()
    }

    /// Returns the way to an internal load balancer. The VPC origin knows its ports and protocols.
    fn private(&self, id: &VpcOriginId) -> Result<VpcOriginConfig, BuildError> {
        VpcOriginConfig::builder()
            .vpc_origin_id(id.as_str())
            .origin_read_timeout(seconds(self.read_timeout))
            .origin_keepalive_timeout(seconds(self.cdn.keep_alive()))
            .build()
    }
}

/// Returns the headers that CloudFront adds to each request to the load balancer.
fn headers(secret: Option<&OriginSecret>) -> Result<CustomHeaders, BuildError> {
    let header = secret.map(|secret| {
        OriginCustomHeader::builder()
            .header_name(origin_secret::HEADER)
            .header_value(secret.as_str())
            .build()
    });
    CustomHeaders::builder()
        .quantity(count(header.iter().count()))
        .set_items(header.transpose()?.map(|header| vec![header]))
        .build()
}

fn restrictions(geo: &spec::GeoRestriction) -> Result<Restrictions, BuildError> {
    let countries = geo.countries().iter().map(ToString::to_string);
    let restriction = GeoRestriction::builder()
        .restriction_type(match geo.is_allow() {
            true => GeoRestrictionType::Whitelist,
            false => GeoRestrictionType::Blacklist,
        })
        .quantity(count(geo.countries().len()))
        .set_items(Some(countries.collect()))
        .build()?;
    Ok(Restrictions::builder().geo_restriction(restriction).build())
}

fn logging(logging: &spec::CdnLogging) -> LoggingConfig {
    LoggingConfig::builder()
        .enabled(true)
        .include_cookies(logging.cookies())
        .bucket(logging.bucket().as_str())
        // CloudFront wants the element, even if it is empty.
        .prefix(logging.prefix().map_or("", |prefix| prefix.as_str()))
        .build()
}

fn error_responses(
    errors: &[spec::CustomErrorResponse],
) -> Result<Option<CustomErrorResponses>, BuildError> {
    if errors.is_empty() {
        return Ok(None);
    }
    let items = errors.iter().map(|error| {
        let (page, status) = error.replacement().unzip();
        CustomErrorResponse::builder()
            .error_code(error.code().number().into())
            .set_response_page_path(page.map(ToString::to_string))
            .set_response_code(status.map(|status| status.number().to_string()))
            .set_error_caching_min_ttl(error.shortest_ttl().map(|ttl| seconds(ttl).into()))
            .build()
    });
    let items = items.collect::<Result<Vec<_>, _>>()?;
    CustomErrorResponses::builder()
        .quantity(count(items.len()))
        .set_items(Some(items))
        .build()
        .map(Some)
}

fn seconds(time: Duration) -> i32 {
    count(time.as_secs())
}
