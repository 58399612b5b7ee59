//! ETags: the versions of resources, which a caller has to know to change or delete them.

use super::Code;
use crate::sim::context::RequestContext;
use crate::wire::ServiceError;

/// Returns a new ETag, which has the form of an id.
pub(super) fn new(context: &mut RequestContext<'_>) -> String {
    format!("E{}", context.rng.upper(13))
}

/// Refuses a caller who does not know the current version of a resource.
pub(super) fn check_match(current: &str, if_match: Option<&str>) -> Result<(), ServiceError> {
    let is_etag = |value: &&str| {
        value.len() == 14
            && value.starts_with('E')
            && value
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    match if_match.filter(is_etag) {
        None => Err(ServiceError::new(
            Code::InvalidIfMatchVersion,
            "The If-Match version is missing or not valid for the resource.",
        )),
        Some(etag) if etag != current => Err(ServiceError::new(
            Code::PreconditionFailed,
            "The request failed because it didn't meet the preconditions in one or more request-header fields.",
        )),
        Some(_) => Ok(()),
    }
}
