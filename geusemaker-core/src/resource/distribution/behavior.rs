//! The cache behaviors of a new distribution.

use aws_sdk_cloudfront::types::{
    AllowedMethods, CacheBehavior, CacheBehaviors, CachedMethods, DefaultCacheBehavior, Method,
    ViewerProtocolPolicy,
};
use aws_smithy_types::error::operation::BuildError;

use super::origin::{ORIGIN, count};
use crate::spec::{CachePolicy, Cdn, CdnBehavior, CdnMethods, OriginRequestPolicy};

/// Returns the behavior for all paths that no other behavior is about: every method is forwarded, and no answer is
/// cached, because answers of models must not be. The application gets the name under which it was asked for in the
/// Host header: many compare it with the header Origin, and refuse everything else.
pub(super) fn default(cdn: &Cdn) -> Result<DefaultCacheBehavior, BuildError> {
    DefaultCacheBehavior::builder()
        .target_origin_id(ORIGIN)
        .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
        .allowed_methods(methods(CdnMethods::All)?)
        .compress(true)
        .set_cache_policy_id(CachePolicy::Disabled.id().map(str::to_owned))
        .set_origin_request_policy_id(OriginRequestPolicy::AllViewer.id().map(str::to_owned))
        .set_response_headers_policy_id(cdn.headers_of(None).id().map(str::to_owned))
        .build()
}

/// Returns the behaviors for the paths that the spec names, in its order.
pub(super) fn by_path(cdn: &Cdn) -> Result<Option<CacheBehaviors>, BuildError> {
    if cdn.behaviors().is_empty() {
        return Ok(None);
    }
    let items = cdn.behaviors().iter().map(|wanted| behavior(cdn, wanted));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    CacheBehaviors::builder()
        .quantity(count(items.len()))
        .set_items(Some(items))
        .build()
        .map(Some)
}

fn behavior(cdn: &Cdn, wanted: &CdnBehavior) -> Result<CacheBehavior, BuildError> {
    let headers = cdn.headers_of(Some(wanted));
    CacheBehavior::builder()
        .path_pattern(wanted.path().as_str())
        .target_origin_id(ORIGIN)
        .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
        .allowed_methods(methods(wanted.methods())?)
        .compress(wanted.compress())
        .set_cache_policy_id(wanted.cache().id().map(str::to_owned))
        .set_origin_request_policy_id(wanted.origin_request().id().map(str::to_owned))
        .set_response_headers_policy_id(headers.id().map(str::to_owned))
        .build()
}

/// Returns the methods that are passed on. Answers to GET and HEAD may be cached, no others.
fn methods(allowed: CdnMethods) -> Result<AllowedMethods, BuildError> {
    let cached = CachedMethods::builder()
        .quantity(2)
        .items(Method::Get)
        .items(Method::Head)
        .build()?;
    let allowed = allowed.names().iter().map(|name| Method::from(*name));
    let allowed: Vec<_> = allowed.collect();
    AllowedMethods::builder()
        .quantity(count(allowed.len()))
        .set_items(Some(allowed))
        .cached_methods(cached)
        .build()
}
