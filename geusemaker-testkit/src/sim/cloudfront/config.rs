//! The configuration of a distribution: checked once, complete from then on.

use serde::{Deserialize, Serialize};

use super::policy;
use super::schema::DISTRIBUTION_CONFIG;
use super::shape::invalid_argument;
use crate::wire::ServiceError;
use crate::wire::xml::Element;

/// A DistributionConfig that CloudFront takes, with what it fills in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Config(Element);

impl Config {
    /// Checks and completes a document.
    pub(super) fn parse(document: &Element) -> Result<Self, ServiceError> {
        let mut complete = DISTRIBUTION_CONFIG.complete(document, "DistributionConfig")?;
        for origin in items(&complete, "Origins") {
            if text(origin, "DomainName").is_empty() {
                return Err(invalid_argument(
                    "The parameter Origin DomainName is required.",
                ));
            }
        }
        let behaviors = items(&complete, "CacheBehaviors");
        for behavior in complete
            .find("DefaultCacheBehavior")
            .into_iter()
            .chain(behaviors)
        {
            check_behavior(&complete, behavior)?;
        }
        fix_certificate(&mut complete);
        fix_methods(&mut complete);
        Ok(Self(complete))
    }

    pub(super) fn element(&self) -> &Element {
        &self.0
    }

    pub(super) fn caller_reference(&self) -> &str {
        text(&self.0, "CallerReference")
    }

    pub(super) fn is_enabled(&self) -> bool {
        text(&self.0, "Enabled") == "true"
    }
}

fn check_behavior(config: &Element, behavior: &Element) -> Result<(), ServiceError> {
    let target = text(behavior, "TargetOriginId");
    if !items(config, "Origins").any(|origin| text(origin, "Id") == target) {
        let message = "No origin exists with the specified Origin Id.";
        return Err(ServiceError::new("NoSuchOrigin", message).status(404));
    }
    for (name, kind) in [
        ("CachePolicyId", policy::Kind::Cache),
        ("OriginRequestPolicyId", policy::Kind::OriginRequest),
        ("ResponseHeadersPolicyId", policy::Kind::ResponseHeaders),
    ] {
        if let Some(id) = behavior.find(name) {
            kind.check(id.text())?;
        }
    }
    Ok(())
}

/// The CloudFront model: with CloudFront's own certificate the lowest protocol is TLSv1, whatever is sent.
fn fix_certificate(config: &mut Element) {
    if let Some(certificate) = config.find("ViewerCertificate") {
        let mut certificate = certificate.clone();
        certificate.set(Element::leaf("MinimumProtocolVersion", "TLSv1"));
        config.set(certificate);
    }
}

/// Without a list of methods CloudFront allows and caches GET and HEAD.
fn fix_methods(config: &mut Element) {
    if let Some(behavior) = config.find("DefaultCacheBehavior") {
        let behavior = with_methods(behavior);
        config.set(behavior);
    }
    if let Some(list) = config.find("CacheBehaviors") {
        let mut list = list.clone();
        if let Some(items) = list.find("Items") {
            let behaviors = items.elements().iter().map(with_methods);
            list.set(Element::new("Items").children(behaviors));
        }
        config.set(list);
    }
}

fn with_methods(behavior: &Element) -> Element {
    let methods = |name: &str| {
        let items = ["HEAD", "GET"].map(|method| Element::leaf("Method", method));
        Element::new(name)
            .with("Quantity", 2)
            .child(Element::new("Items").children(items))
    };
    let mut behavior = behavior.clone();
    let mut allowed = match behavior.find("AllowedMethods") {
        Some(allowed) if text(allowed, "Quantity") != "0" => allowed.clone(),
        Some(_) | None => methods("AllowedMethods"),
    };
    if allowed
        .text_at(&["CachedMethods", "Quantity"])
        .is_none_or(|quantity| quantity == "0")
    {
        allowed.set(methods("CachedMethods"));
    }
    behavior.set(allowed);
    behavior
}

fn items<'a>(config: &'a Element, list: &str) -> impl Iterator<Item = &'a Element> {
    config
        .find(list)
        .and_then(|list| list.find("Items"))
        .map_or(&[][..], Element::elements)
        .iter()
}

fn text<'a>(element: &'a Element, name: &str) -> &'a str {
    element.find(name).map_or("", Element::text)
}
