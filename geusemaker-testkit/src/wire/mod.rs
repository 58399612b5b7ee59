//! The AWS protocols, seen from the server: who is asked for what, and how the answer is written.

pub(crate) mod params;
pub(crate) mod query;
pub(crate) mod rest_json;
pub(crate) mod rest_xml;
pub(crate) mod xml;

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::params::Params;
use self::xml::Element;

/// A service that the simulator speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Service {
    /// Amazon CloudFront.
    CloudFront,
    /// Amazon Elastic Compute Cloud.
    Ec2,
    /// Amazon Elastic File System.
    Efs,
    /// Elastic Load Balancing, version 2.
    ElasticLoadBalancing,
    /// AWS Security Token Service.
    Sts,
}

impl Service {
    /// Every service.
    pub(crate) const ALL: [Self; 5] = [
        Self::CloudFront,
        Self::Ec2,
        Self::Efs,
        Self::ElasticLoadBalancing,
        Self::Sts,
    ];

    /// The service whose name stands in the credential scope of a signature.
    fn from_signing_name(name: &str) -> Option<Self> {
        match name {
            "cloudfront" => Some(Self::CloudFront),
            "ec2" => Some(Self::Ec2),
            "elasticfilesystem" => Some(Self::Efs),
            "elasticloadbalancing" => Some(Self::ElasticLoadBalancing),
            "sts" => Some(Self::Sts),
            _ => None,
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Self::CloudFront => Protocol::RestXml,
            Self::Ec2 => Protocol::Ec2Query,
            Self::Efs => Protocol::RestJson,
            Self::ElasticLoadBalancing | Self::Sts => Protocol::Query,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CloudFront => "cloudfront",
            Self::Ec2 => "ec2",
            Self::Efs => "efs",
            Self::ElasticLoadBalancing => "elasticloadbalancing",
            Self::Sts => "sts",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Ec2Query,
    Query,
    RestJson,
    RestXml,
}

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) region: String,
    pub(crate) operation: String,
    pub(crate) input: Input,
}

/// The parameters of a call, in the shape of the service's protocol.
#[derive(Debug)]
pub(crate) enum Input {
    Query(Params),
    RestJson(rest_json::Input),
    RestXml(rest_xml::Input),
}

/// A successful answer.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

#[derive(Debug, Default)]
pub(crate) enum Body {
    #[default]
    Empty,
    /// A whole document, or for the query protocols the members of the result, in an element of any name.
    Xml(Element),
    Json(serde_json::Value),
}

impl Reply {
    pub(crate) fn xml(element: Element) -> Self {
        Self {
            body: Body::Xml(element),
            ..Self::default()
        }
    }

    pub(crate) fn json(value: serde_json::Value) -> Self {
        Self {
            body: Body::Json(value),
            ..Self::default()
        }
    }

    pub(crate) fn empty() -> Self {
        Self::default()
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An answer that refuses, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Further members of the error, such as the `FileSystemId` of `FileSystemAlreadyExists`.
    pub(crate) members: Vec<(&'static str, String)>,
}

impl ServiceError {
    /// An error with HTTP status 400.
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.into(),
            message: message.into(),
            members: Vec::new(),
        }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn member(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// The loud answer to what the simulator does not do; no AWS code, so that nothing takes it for AWS's word.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(
            "SimulatorUnsupported",
            format!("the simulator does not know {what}; it refuses rather than ignore it"),
        )
        .status(501)
    }
}

/// Reads a request far enough to know what it asks.
///
/// # Errors
/// The answer for a request that nothing here can serve.
pub(crate) fn read(
    request: &http::Request<Bytes>,
) -> Result<Call, (Option<Service>, ServiceError)> {
    let scope = credential_scope(request).ok_or_else(|| {
        let error = ServiceError::new(
            "MissingAuthenticationToken",
            "the request has no AWS Signature Version 4 credential scope",
        );
        (None, error.status(403))
    })?;
    let service = Service::from_signing_name(scope.service).ok_or_else(|| {
        let what = format_args!("the service {}", scope.service).to_string();
        (None, ServiceError::unsupported(what))
    })?;
    let refuse = |error| (Some(service), error);
    let (operation, input) = match service.protocol() {
        Protocol::Ec2Query | Protocol::Query => {
            let (operation, params) = query::read(request.body()).map_err(refuse)?;
            (operation, Input::Query(params))
        }
        Protocol::RestJson => {
            let (operation, input) = rest_json::read(request).map_err(refuse)?;
            (operation, Input::RestJson(input))
        }
        Protocol::RestXml => {
            let (operation, input) = rest_xml::read(request).map_err(refuse)?;
            (operation, Input::RestXml(input))
        }
    };
    Ok(Call {
        service,
        region: scope.region.to_owned(),
        operation,
        input,
    })
}

/// Writes an answer as the service would.
pub(crate) fn write(
    service: Service,
    operation: &str,
    request_id: &str,
    answer: Result<Reply, ServiceError>,
) -> http::Response<Bytes> {
    match service.protocol() {
        Protocol::Ec2Query => query::write_ec2(operation, request_id, answer),
        Protocol::Query => query::write(service, operation, request_id, answer),
        Protocol::RestJson => rest_json::write(request_id, answer),
        Protocol::RestXml => rest_xml::write(request_id, answer),
    }
}

/// A response of these parts; a header that is not one is left out, since its value came from a request.
fn respond(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> http::Response<Bytes> {
    let mut response = http::Response::new(body.into());
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (
            http::HeaderName::try_from(*name),
            http::HeaderValue::try_from(*value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

struct CredentialScope<'a> {
    region: &'a str,
    service: &'a str,
}

/// `Credential=AKID/20260101/us-east-1/ec2/aws4_request` in the authorization header.
fn credential_scope(request: &http::Request<Bytes>) -> Option<CredentialScope<'_>> {
    let header = request.headers().get(http::header::AUTHORIZATION)?;
    let credential = header.to_str().ok()?.split("Credential=").nth(1)?;
    let mut parts = credential.split(',').next()?.trim().split('/').skip(2);
    Some(CredentialScope {
        region: parts.next()?,
        service: parts.next()?,
    })
}
