//! The certificate shown to viewers, and the names that need one.

use std::collections::BTreeMap;

use super::config::Config;
use super::shape::invalid_argument;
use super::{CERTIFICATES, Code};
use crate::sim::account::Region;
use crate::sim::acm::{Acm, Standing};
use crate::sim::context::RequestContext;
use crate::wire::ServiceError;
use crate::wire::xml::Element;

const UNUSABLE: &str = "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.";

/// Checks that the certificate of a distribution is issued, and valid for its names.
pub(super) fn check(
    config: &Config,
    regions: &BTreeMap<String, Region>,
    context: &RequestContext<'_>,
) -> Result<(), ServiceError> {
    let Some(arn) = config.certificate_arn() else {
        return Ok(());
    };
    let none = Acm::default();
    let certificates = regions
        .get(CERTIFICATES)
        .map_or(&none, |region| &region.acm);
    match certificates.standing(arn, CERTIFICATES, context) {
        Standing::Usable => {}
        Standing::Missing | Standing::NotIssued => return Err(invalid(UNUSABLE)),
    }
    if config.aliases().all(|name| certificates.covers(arn, name)) {
        return Ok(());
    }
    Err(invalid(
        "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're \
         trying to add. For more details, see: \
         https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements",
    ))
}

/// Checks the choice of a certificate, and completes it as AWS shows it.
pub(super) fn complete(certificate: &Element, has_aliases: bool) -> Result<Element, ServiceError> {
    let member = |name: &str| certificate.find(name).map(Element::text);
    let is_default = member("CloudFrontDefaultCertificate") == Some("true");
    let complete = Element::new("ViewerCertificate");
    let arn = match (member("ACMCertificateArn"), is_default) {
        (Some(arn), false) => arn,
        (Some(_), true) => {
            return Err(invalid(
                "The specified viewer certificate must be either CloudFront's or one of yours, not both.",
            ));
        }
        (None, _) if has_aliases => {
            return Err(invalid(
                "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted \
                 certificate that validates your authorization to use the domain name. For more details, see: \
                 https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements",
            ));
        }
        (None, _) => {
            // The CloudFront model: with CloudFront's own certificate the lowest protocol is always TLSv1, no matter
            // what is sent.
            return Ok(complete
                .with("CloudFrontDefaultCertificate", true)
                .with("SSLSupportMethod", "vip")
                .with("MinimumProtocolVersion", "TLSv1")
                .with("CertificateSource", "cloudfront"));
        }
    };
    if !(arn.starts_with("arn:aws:acm:us-east-1:") && arn.contains(":certificate/")) {
        return Err(invalid(UNUSABLE));
    }
    let Some(method) = member("SSLSupportMethod") else {
        return Err(invalid_argument(
            "The parameter SSLSupportMethod is required with ACMCertificateArn.",
        ));
    };
    let lowest = member("MinimumProtocolVersion").unwrap_or("TLSv1");
    if method == "sni-only" && lowest == "SSLv3" {
        return Err(ServiceError::new(
            Code::InvalidMinimumProtocolVersion,
            "The minimum protocol version SSLv3 needs dedicated IP addresses.",
        ));
    }
    Ok(complete
        .with("CloudFrontDefaultCertificate", false)
        .with("ACMCertificateArn", arn)
        .with("SSLSupportMethod", method)
        .with("MinimumProtocolVersion", lowest)
        .with("Certificate", arn)
        .with("CertificateSource", "acm"))
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(Code::InvalidViewerCertificate, message)
}
