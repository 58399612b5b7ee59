//! Answers: the reply of an operation, and its HTTP response.

use bytes::Bytes;

use super::service::Protocol;
use super::xml::Element;
use super::{Service, ServiceError, aws_json, query, rest_json, rest_xml};

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
    /// A whole document, or, for the query protocols, the members of the result in an element of any name.
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

/// Writes an answer as the service would.
pub(crate) fn write(
    service: Service,
    operation: &str,
    request_id: &str,
    answer: Result<Reply, ServiceError>,
) -> http::Response<Bytes> {
    match service.protocol() {
        Protocol::AwsJson => aws_json::write(request_id, answer),
        Protocol::Ec2Query => query::write_ec2(operation, request_id, answer),
        Protocol::Query => query::write(service, operation, request_id, answer),
        Protocol::RestJson => rest_json::write(request_id, answer),
        Protocol::RestXml => rest_xml::write(service, request_id, answer),
    }
}

/// Builds a response from its parts. An invalid header is left out, because its value came from a request.
pub(super) fn respond(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> http::Response<Bytes> {
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
