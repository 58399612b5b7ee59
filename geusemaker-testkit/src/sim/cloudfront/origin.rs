//! Origins: their paths, their headers and their times.

use super::shape::invalid_argument;
use super::{Code, config};
use crate::wire::ServiceError;
use crate::wire::xml::Element;

/// The headers that CloudFront does not add to requests to an origin, in lower case.
const REFUSED_HEADERS: [&str; 15] = [
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "host",
    "max-forwards",
    "pragma",
    "range",
    "request-range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
];

/// The beginnings of further such headers.
const REFUSED_PREFIXES: [&str; 4] = ["if-", "proxy-", "x-amz-", "x-edge-"];

/// Checks the settings of an origin against each other.
pub(super) fn check(origin: &Element) -> Result<(), ServiceError> {
    check_path(origin.text_at(&["OriginPath"]).unwrap_or_default())?;
    check_headers(origin)?;
    let kinds = ["CustomOriginConfig", "VpcOriginConfig"];
    if kinds.map(|kind| origin.find(kind).is_some()) == [true, true] {
        return Err(invalid_argument(
            "The parameters CustomOriginConfig and VpcOriginConfig cannot be used together.",
        ));
    }
    // Without either, AWS takes the origin for an S3 bucket, which needs another kind of configuration.
    if kinds.iter().all(|kind| origin.find(kind).is_none()) {
        return Err(invalid_argument(
            "The parameter CustomOriginConfig or VpcOriginConfig is required.",
        ));
    }
    let number = |path: &[&str]| -> Option<u32> { origin.text_at(path)?.parse().ok() };
    let mut read_timeouts = kinds
        .iter()
        .map(|kind| number(&[kind, "OriginReadTimeout"]));
    let read_timeout = read_timeouts.find_map(|timeout| timeout);
    if let (Some(completion), Some(read)) = (number(&["ResponseCompletionTimeout"]), read_timeout)
        && completion < read
    {
        return Err(invalid_argument(
            "The parameter ResponseCompletionTimeout must be greater than or equal to OriginReadTimeout.",
        ));
    }
    let shield = origin.find("OriginShield");
    let has_region = shield.is_some_and(|shield| shield.find("OriginShieldRegion").is_some());
    let is_enabled = origin.text_at(&["OriginShield", "Enabled"]) == Some("true");
    if has_region != is_enabled {
        return Err(invalid_argument(
            "The parameter OriginShieldRegion is required if Origin Shield is enabled, and must be absent otherwise.",
        ));
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), ServiceError> {
    if path.is_empty() || (path.starts_with('/') && !path.ends_with('/') && path.len() <= 255) {
        return Ok(());
    }
    Err(invalid_argument(format!(
        "The parameter OriginPath '{path}' must begin with a slash, not end with one, and have at most 255 characters."
    )))
}

/// Checks the custom headers. Amazon CloudFront Developer Guide: Add custom headers to origin requests.
fn check_headers(origin: &Element) -> Result<(), ServiceError> {
    let headers: Vec<(&str, &str)> = config::items(origin, "CustomHeaders")
        .map(|header| {
            let text = |name: &str| header.text_at(&[name]).unwrap_or_default();
            (text("HeaderName"), text("HeaderValue"))
        })
        .collect();
    if headers.len() > 10 {
        let message = "Your request contains too many origin custom headers.";
        return Err(ServiceError::new(Code::TooManyOriginCustomHeaders, message));
    }
    let mut seen: Vec<String> = Vec::new();
    let mut total = 0;
    for (name, value) in headers {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if !(1..=256).contains(&name.len()) || !name.bytes().all(is_token) {
            return Err(invalid_argument(format!(
                "The parameter HeaderName '{name}' is not a name of a header with at most 256 characters."
            )));
        }
        let lower = name.to_ascii_lowercase();
        let is_refused = REFUSED_HEADERS.contains(&lower.as_str())
            || REFUSED_PREFIXES
                .iter()
                .any(|prefix| lower.starts_with(prefix));
        if is_refused {
            return Err(invalid_argument(format!(
                "The parameter Origin Custom Headers contains a header that is not allowed: {name}"
            )));
        }
        if !(1..=1783).contains(&value.len()) {
            return Err(invalid_argument(format!(
                "The value of the origin custom header {name} must have 1 to 1783 characters."
            )));
        }
        if seen.contains(&lower) {
            return Err(invalid_argument(format!(
                "The origin custom header {name} is given twice."
            )));
        }
        total += name.len() + value.len();
        seen.push(lower);
    }
    if total > 10_240 {
        return Err(invalid_argument(
            "The origin custom headers must have at most 10240 characters together.",
        ));
    }
    Ok(())
}
