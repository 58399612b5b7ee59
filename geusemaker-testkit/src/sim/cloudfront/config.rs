//! The configuration of a distribution, which is checked and completed once.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::schema::DISTRIBUTION_CONFIG;
use super::shape::invalid_argument;
use super::{Code, behavior, certificate, origin, settings};
use crate::wire::ServiceError;
use crate::wire::xml::Element;

/// A DistributionConfig that CloudFront accepts, with the values that it fills in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Config(Element);

impl Config {
    /// Checks and completes a document.
    pub(super) fn parse(document: &Element) -> Result<Self, ServiceError> {
        let mut complete = DISTRIBUTION_CONFIG.complete(document, "DistributionConfig")?;
        check_counts(&complete)?;
        check_origins(&complete)?;
        complete_behaviors(&mut complete)?;
        settings::complete(&mut complete)?;
        let aliases = items(&complete, "Aliases");
        for alias in aliases.clone() {
            check_domain_name("CNAME", alias.text())?;
        }
        if let Some(viewer_certificate) = complete.find("ViewerCertificate") {
            let has_aliases = aliases.count() > 0;
            let viewer_certificate = certificate::complete(viewer_certificate, has_aliases)?;
            complete.set(viewer_certificate);
        }
        Ok(Self(complete))
    }

    pub(super) fn element(&self) -> &Element {
        &self.0
    }

    pub(super) fn caller_reference(&self) -> &str {
        text(&self.0, "CallerReference")
    }

    /// Returns the ids of the VPC origins.
    pub(super) fn vpc_origins(&self) -> impl Iterator<Item = &str> {
        items(&self.0, "Origins").filter_map(vpc_origin)
    }

    /// Returns the alternate names under which viewers reach the distribution.
    pub(super) fn aliases(&self) -> impl Iterator<Item = &str> {
        items(&self.0, "Aliases").map(Element::text)
    }

    /// Returns the ARN of the certificate that viewers see, unless it is CloudFront's own.
    pub(super) fn certificate_arn(&self) -> Option<&str> {
        self.0.text_at(&["ViewerCertificate", "ACMCertificateArn"])
    }

    /// Returns true if a cache behavior has a child element of that name and text.
    pub(super) fn has_behavior_with(&self, name: &str, value: &str) -> bool {
        items(&self.0, "CacheBehaviors")
            .chain(self.0.find("DefaultCacheBehavior"))
            .any(|behavior| text(behavior, name) == value)
    }

    pub(super) fn is_enabled(&self) -> bool {
        text(&self.0, "Enabled") == "true"
    }
}

/// Refuses more than the quotas of a distribution allow. They can be raised at AWS, and not here.
fn check_counts(config: &Element) -> Result<(), ServiceError> {
    for (list, most, code) in [
        ("Origins", 100, Code::TooManyOrigins),
        ("CacheBehaviors", 75, Code::TooManyCacheBehaviors),
        ("Aliases", 100, Code::TooManyDistributionCNAMEs),
    ] {
        if items(config, list).count() > most {
            let message = format!("Your request contains more than {most} {list}.");
            return Err(ServiceError::new(code, message));
        }
    }
    Ok(())
}

fn check_origins(config: &Element) -> Result<(), ServiceError> {
    let mut ids: Vec<&str> = Vec::new();
    for origin in items(config, "Origins") {
        let id = text(origin, "Id");
        if id.is_empty() || ids.contains(&id) {
            return Err(invalid_argument(format!(
                "The origin id '{id}' is empty or given twice."
            )));
        }
        ids.push(id);
        check_domain_name("Origin DomainName", text(origin, "DomainName"))?;
        origin::check(origin)?;
    }
    Ok(())
}

fn check_domain_name(what: &str, name: &str) -> Result<(), ServiceError> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_*".contains(&b))
    };
    if name.contains('.') && name.split('.').all(is_part) && name.parse::<IpAddr>().is_err() {
        return Ok(());
    }
    Err(invalid_argument(format!(
        "The parameter {what} '{name}' is not a domain name."
    )))
}

fn complete_behaviors(config: &mut Element) -> Result<(), ServiceError> {
    let origins: Vec<&str> = items(config, "Origins")
        .map(|origin| text(origin, "Id"))
        .collect();
    refuse_private_grpc(config)?;
    let mut patterns: Vec<&str> = Vec::new();
    let mut behaviors = Vec::new();
    for other in items(config, "CacheBehaviors") {
        let pattern = text(other, "PathPattern");
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.$/~\"'@:+*?&".contains(&b);
        if !pattern.bytes().all(is_allowed) {
            return Err(invalid_argument(format!(
                "The parameter PathPattern '{pattern}' contains a character that is not allowed."
            )));
        }
        if pattern.is_empty() || patterns.contains(&pattern) {
            return Err(invalid_argument(format!(
                "The path pattern '{pattern}' is empty or given twice."
            )));
        }
        patterns.push(pattern);
        behaviors.push(behavior::complete(other, &origins)?);
    }
    let default = match config.find("DefaultCacheBehavior") {
        Some(default) => behavior::complete(default, &origins)?,
        None => return Ok(()),
    };
    config.set(default);
    if let Some(list) = config.find("CacheBehaviors")
        && !behaviors.is_empty()
    {
        let mut list = list.clone();
        list.set(Element::new("Items").children(behaviors));
        config.set(list);
    }
    Ok(())
}

/// Refuses gRPC to a VPC origin. Amazon CloudFront Developer Guide: Restrict access with VPC origins.
fn refuse_private_grpc(config: &Element) -> Result<(), ServiceError> {
    let behaviors = items(config, "CacheBehaviors").chain(config.find("DefaultCacheBehavior"));
    for behavior in behaviors {
        let target = text(behavior, "TargetOriginId");
        let mut origins = items(config, "Origins");
        let origin = origins.find(|origin| text(origin, "Id") == target);
        if behavior.text_at(&["GrpcConfig", "Enabled"]) == Some("true")
            && origin.and_then(vpc_origin).is_some()
        {
            return Err(invalid_argument(
                "The parameter GrpcConfig cannot be enabled for a VPC origin.",
            ));
        }
    }
    Ok(())
}

/// Returns the id of the VPC origin that an origin is.
fn vpc_origin(origin: &Element) -> Option<&str> {
    origin.text_at(&["VpcOriginConfig", "VpcOriginId"])
}

pub(super) fn items<'a>(config: &'a Element, list: &str) -> std::slice::Iter<'a, Element> {
    config
        .find(list)
        .and_then(|list| list.find("Items"))
        .map_or(&[][..], Element::elements)
        .iter()
}

fn text<'a>(element: &'a Element, name: &str) -> &'a str {
    element.find(name).map_or("", Element::text)
}
