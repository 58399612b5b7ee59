//! The settings of a distribution beside its origins and behaviors: error pages, logs, countries, and a firewall.

use super::shape::invalid_argument;
use super::{Code, config};
use crate::wire::ServiceError;
use crate::wire::xml::Element;

/// The statuses for which there can be an error page.
const ERROR_CODES: [&str; 11] = [
    "400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504",
];

/// Checks the settings against each other, and completes them.
pub(super) fn complete(config: &mut Element) -> Result<(), ServiceError> {
    check_root_object(config.text_at(&["DefaultRootObject"]).unwrap_or_default())?;
    check_error_pages(config)?;
    check_countries(config)?;
    check_firewall(config.text_at(&["WebACLId"]).unwrap_or_default())?;
    let is_logged = config.text_at(&["Logging", "Enabled"]) == Some("true");
    let bucket = config.text_at(&["Logging", "Bucket"]).unwrap_or_default();
    let is_bucket = bucket.contains(".s3.") && bucket.ends_with(".amazonaws.com");
    match (is_logged, is_bucket) {
        (true, false) => {
            return Err(invalid_argument(
                "The parameter Logging Bucket does not refer to a valid S3 bucket.",
            ));
        }
        (true, true) => {}
        // The CloudFront model: the other members are deleted if the logs are not enabled.
        (false, _) => {
            let off = Element::new("Logging")
                .with("Enabled", false)
                .with("IncludeCookies", false)
                .with("Bucket", "")
                .with("Prefix", "");
            config.set(off);
        }
    }
    Ok(())
}

fn check_root_object(object: &str) -> Result<(), ServiceError> {
    if object.starts_with('/') || object.chars().count() > 255 {
        let message =
            "The default root object file name is too big or contains an invalid character.";
        return Err(ServiceError::new(Code::InvalidDefaultRootObject, message));
    }
    Ok(())
}

fn check_error_pages(config: &Element) -> Result<(), ServiceError> {
    let mut seen: Vec<&str> = Vec::new();
    for response in config::items(config, "CustomErrorResponses") {
        let text = |name: &str| response.text_at(&[name]).unwrap_or_default();
        let code = text("ErrorCode");
        if !ERROR_CODES.contains(&code) {
            let message = format!("There is no custom error response for the status {code}.");
            return Err(ServiceError::new(Code::InvalidErrorCode, message));
        }
        if seen.contains(&code) {
            return Err(invalid_argument(format!(
                "The parameter ErrorCode '{code}' is given twice."
            )));
        }
        seen.push(code);
        let (page, status) = (text("ResponsePagePath"), text("ResponseCode"));
        if page.is_empty() != status.is_empty() {
            return Err(invalid_argument(
                "The parameters ResponsePagePath and ResponseCode must be specified together.",
            ));
        }
        if !page.is_empty() && !page.starts_with('/') {
            return Err(invalid_argument(format!(
                "The parameter ResponsePagePath '{page}' must begin with a slash."
            )));
        }
        if !status.is_empty() && status != "200" && !ERROR_CODES.contains(&status) {
            let message = format!("The response code {status} is not valid.");
            return Err(ServiceError::new(Code::InvalidResponseCode, message));
        }
    }
    Ok(())
}

fn check_countries(config: &Element) -> Result<(), ServiceError> {
    let Some(restrictions) = config.find("Restrictions") else {
        return Ok(());
    };
    let kind = restrictions
        .text_at(&["GeoRestriction", "RestrictionType"])
        .unwrap_or_default();
    let countries: Vec<&str> = config::items(restrictions, "GeoRestriction")
        .map(Element::text)
        .collect();
    let is_code = |code: &&str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    if (kind == "none") != countries.is_empty() || !countries.iter().all(is_code) {
        let message = "The specified geo restriction parameter is not valid.";
        return Err(ServiceError::new(
            Code::InvalidGeoRestrictionParameter,
            message,
        ));
    }
    Ok(())
}

/// Checks the form of a web ACL's id or ARN. The firewall's service is not simulated: each that could exist does.
fn check_firewall(id: &str) -> Result<(), ServiceError> {
    let is_classic = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let is_arn = id.starts_with("arn:aws:wafv2:us-east-1:") && id.contains(":global/webacl/");
    if id.is_empty() || is_classic || is_arn {
        return Ok(());
    }
    let message = "Invalid request provided: a web ACL for CloudFront must exist in us-east-1 with the scope CLOUDFRONT.";
    Err(ServiceError::new(Code::InvalidWebACLId, message))
}
