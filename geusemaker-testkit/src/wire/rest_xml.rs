//! REST with XML bodies, the protocol of Amazon CloudFront and Amazon Route 53.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::error_code::Code;
use super::form::{self, FormError};
use super::path::segments;
use super::query::error_document;
use super::reply::respond;
use super::xml::Element;
use super::{Body, Reply, Service, ServiceError};

/// A request with its path split into segments.
#[derive(Debug)]
pub(crate) struct Input {
    /// The path's segments after the API version: `["distribution", "E1", "config"]`.
    pub(crate) path: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) if_match: Option<String>,
    pub(crate) body: Option<Element>,
}

/// Returns the operation that the method and the path name, and its input.
pub(super) fn read(
    service: Service,
    request: &http::Request<Bytes>,
) -> Result<(String, Input), ServiceError> {
    let malformed = |error: FormError| error.refusal(malformed_code(service));
    let (version, path) = segments(request.uri().path()).map_err(malformed)?;
    let query = form::query_string(request)
        .and_then(form::by_name)
        .map_err(malformed)?;
    let operation = operation(service, request.method(), &path, &query).ok_or_else(|| {
        let target = request.uri();
        ServiceError::unsupported(format_args!("{} {target}", request.method()))
    })?;
    if version != service.version() {
        return Err(ServiceError::unsupported(format_args!(
            "the API version {version}"
        )));
    }
    let body = match request.body() {
        body if body.is_empty() => None,
        body => Some(document(service, operation, body)?),
    };
    let if_match = request
        .headers()
        .get(http::header::IF_MATCH)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let input = Input {
        path,
        query,
        if_match,
        body,
    };
    Ok((operation.to_owned(), input))
}

pub(super) fn write(
    service: Service,
    request_id: &str,
    answer: Result<Reply, ServiceError>,
) -> http::Response<Bytes> {
    match answer {
        Ok(reply) => {
            let body = match reply.body {
                Body::Xml(element) => element.namespace(service.namespace()).to_document(),
                Body::Empty | Body::Json(_) => String::new(),
            };
            let mut headers = vec![
                ("content-type", "text/xml"),
                ("x-amzn-requestid", request_id),
            ];
            headers.extend(
                reply
                    .headers
                    .iter()
                    .map(|(name, value)| (*name, value.as_str())),
            );
            respond(reply.status.unwrap_or(200), &headers, body)
        }
        Err(error) => respond(
            error.status,
            &[
                ("content-type", "text/xml"),
                ("x-amzn-requestid", request_id),
            ],
            error_document(service.namespace(), request_id, &error).to_document(),
        ),
    }
}

/// Returns the document of a body, whose root is the one that botocore's model of the operation names.
fn document(service: Service, operation: &str, body: &[u8]) -> Result<Element, ServiceError> {
    let malformed = |what| match service {
        Service::Route53 => ServiceError::new(Code::InvalidInput, format!("Invalid XML ; {what}")),
        _ => {
            let message = format!("The XML is not well-formed: {what}");
            ServiceError::new(Code::MalformedXML, message)
        }
    };
    let element = Element::parse(body).map_err(malformed)?;
    let root = match operation {
        "ChangeResourceRecordSets" => "ChangeResourceRecordSetsRequest",
        "ChangeTagsForResource" => "ChangeTagsForResourceRequest",
        "CreateHostedZone" => "CreateHostedZoneRequest",
        "CreateDistribution" | "UpdateDistribution" => "DistributionConfig",
        "CreateDistributionWithTags" => "DistributionConfigWithTags",
        "CreateInvalidation" => "InvalidationBatch",
        "CreateVpcOrigin" => "CreateVpcOriginRequest",
        "TagResource" => "Tags",
        "UntagResource" => "TagKeys",
        // The other operations have no body, and AWS ignores one.
        _ => return Ok(element),
    };
    if element.name() == root {
        Ok(element)
    } else {
        let found = element.name();
        Err(malformed(format!("the root is {found} and not {root}")))
    }
}

/// Returns the code for a path or query string that cannot be read.
fn malformed_code(service: Service) -> Code {
    match service {
        Service::Route53 => Code::InvalidInput,
        _ => Code::InvalidArgument,
    }
}

fn operation(
    service: Service,
    method: &http::Method,
    path: &[String],
    query: &BTreeMap<String, String>,
) -> Option<&'static str> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match service {
        Service::Route53 => route53_operation(method.as_str(), &path),
        _ => cloudfront_operation(method.as_str(), &path, query),
    }
}

fn route53_operation(method: &str, path: &[&str]) -> Option<&'static str> {
    match (method, path) {
        ("POST", ["hostedzone"]) => Some("CreateHostedZone"),
        ("GET", ["hostedzone"]) => Some("ListHostedZones"),
        ("GET", ["hostedzonesbyname"]) => Some("ListHostedZonesByName"),
        ("GET", ["hostedzone", _]) => Some("GetHostedZone"),
        ("DELETE", ["hostedzone", _]) => Some("DeleteHostedZone"),
        ("GET", ["hostedzone", _, "rrset"]) => Some("ListResourceRecordSets"),
        ("POST", ["hostedzone", _, "rrset"]) => Some("ChangeResourceRecordSets"),
        ("GET", ["change", _]) => Some("GetChange"),
        ("GET", ["tags", _, _]) => Some("ListTagsForResource"),
        ("POST", ["tags", _, _]) => Some("ChangeTagsForResource"),
        _ => None,
    }
}

fn cloudfront_operation(
    method: &str,
    path: &[&str],
    query: &BTreeMap<String, String>,
) -> Option<&'static str> {
    match (method, path) {
        ("POST", ["distribution"]) if query.contains_key("WithTags") => {
            Some("CreateDistributionWithTags")
        }
        ("POST", ["distribution"]) => Some("CreateDistribution"),
        ("GET", ["distribution"]) => Some("ListDistributions"),
        ("GET", ["distribution", _]) => Some("GetDistribution"),
        ("GET", ["distribution", _, "config"]) => Some("GetDistributionConfig"),
        ("PUT", ["distribution", _, "config"]) => Some("UpdateDistribution"),
        ("DELETE", ["distribution", _]) => Some("DeleteDistribution"),
        ("POST", ["distribution", _, "invalidation"]) => Some("CreateInvalidation"),
        ("GET", ["distribution", _, "invalidation"]) => Some("ListInvalidations"),
        ("GET", ["distribution", _, "invalidation", _]) => Some("GetInvalidation"),
        ("GET", ["cache-policy"]) => Some("ListCachePolicies"),
        ("GET", ["cache-policy", _]) => Some("GetCachePolicy"),
        ("GET", ["cache-policy", _, "config"]) => Some("GetCachePolicyConfig"),
        ("GET", ["origin-request-policy"]) => Some("ListOriginRequestPolicies"),
        ("GET", ["origin-request-policy", _]) => Some("GetOriginRequestPolicy"),
        ("GET", ["origin-request-policy", _, "config"]) => Some("GetOriginRequestPolicyConfig"),
        ("GET", ["response-headers-policy"]) => Some("ListResponseHeadersPolicies"),
        ("GET", ["response-headers-policy", _]) => Some("GetResponseHeadersPolicy"),
        ("GET", ["response-headers-policy", _, "config"]) => Some("GetResponseHeadersPolicyConfig"),
        ("GET", ["distributionsByCachePolicyId", _]) => Some("ListDistributionsByCachePolicyId"),
        ("GET", ["distributionsByOriginRequestPolicyId", _]) => {
            Some("ListDistributionsByOriginRequestPolicyId")
        }
        ("GET", ["distributionsByResponseHeadersPolicyId", _]) => {
            Some("ListDistributionsByResponseHeadersPolicyId")
        }
        ("GET", ["distributionsByVpcOriginId", _]) => Some("ListDistributionsByVpcOriginId"),
        ("POST", ["vpc-origin"]) => Some("CreateVpcOrigin"),
        ("GET", ["vpc-origin"]) => Some("ListVpcOrigins"),
        ("GET", ["vpc-origin", _]) => Some("GetVpcOrigin"),
        ("DELETE", ["vpc-origin", _]) => Some("DeleteVpcOrigin"),
        ("GET", ["tagging"]) => Some("ListTagsForResource"),
        ("POST", ["tagging"]) => match query.get("Operation").map(String::as_str) {
            Some("Tag") => Some("TagResource"),
            Some("Untag") => Some("UntagResource"),
            Some(_) | None => None,
        },
        _ => None,
    }
}
