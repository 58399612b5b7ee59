//! The two query protocols: EC2's own, and the one that Elastic Load Balancing, IAM and STS speak.

use bytes::Bytes;

use super::error_code::Code;
use super::form;
use super::params::Params;
use super::reply::respond;
use super::xml::Element;
use super::{Body, Reply, Service, ServiceError};

/// Returns the operation that a request names and its parameters, which may be in the query string, in the body or in
/// both. These protocols do not use the path, and the content type is ignored: a body that is not a form names no
/// action.
pub(super) fn read(
    service: Service,
    request: &http::Request<Bytes>,
) -> Result<(String, Params), ServiceError> {
    if ![http::Method::GET, http::Method::POST].contains(request.method()) {
        let method = request.method();
        return Err(ServiceError::unsupported(format_args!(
            "the method {method} for {service}"
        )));
    }
    let pairs = form::query_string(request).and_then(|mut pairs| {
        pairs.extend(form::parse(request.body())?);
        form::by_name(pairs)
    });
    let pairs = pairs.map_err(|error| error.refusal(Code::MalformedQueryString))?;
    let mut params = Params::new(pairs);
    let version = params.optional("Version");
    let operation = params.optional("Action").ok_or_else(|| {
        ServiceError::new(
            Code::MissingAction,
            "The request must contain the parameter Action",
        )
    })?;
    if version.as_deref() != Some(service.version()) {
        return Err(wrong_version(service, &operation, version.as_deref()));
    }
    Ok((operation, params))
}

fn wrong_version(service: Service, operation: &str, version: Option<&str>) -> ServiceError {
    match (service, version) {
        (Service::Ec2, None) => ServiceError::new(
            Code::MissingParameter,
            "The request must contain the parameter Version",
        ),
        (Service::Ec2, Some(version)) if is_older(version) => {
            ServiceError::unsupported(format_args!("EC2 as it was in version {version}"))
        }
        (Service::Ec2, Some(version)) => ServiceError::new(
            Code::NoSuchVersion,
            format!("The requested version ({version}) of service AmazonEC2 does not exist"),
        ),
        (Service::ElasticLoadBalancing, Some("2012-06-01")) => {
            ServiceError::unsupported("Classic Load Balancers")
        }
        (_, version) => ServiceError::new(
            Code::InvalidAction,
            format!(
                "Could not find operation {operation} for version {}",
                version.unwrap_or("NO_VERSION_SPECIFIED")
            ),
        ),
    }
}

/// Returns true if this may be one of EC2's older versions, which AWS still answers.
fn is_older(version: &str) -> bool {
    version
        .parse::<jiff::civil::Date>()
        .is_ok_and(|date| date < jiff::civil::date(2016, 11, 15))
}

pub(super) fn write_ec2(
    operation: &str,
    request_id: &str,
    answer: Result<Reply, ServiceError>,
) -> http::Response<Bytes> {
    let (status, document) = match answer {
        Ok(reply) => {
            let document = Element::new(format!("{operation}Response"))
                .namespace(Service::Ec2.namespace())
                .with("requestId", request_id)
                .children(members(reply.body));
            (reply.status.unwrap_or(200), document)
        }
        Err(error) => {
            let inner = Element::new("Error")
                .with("Code", &error.code)
                .with("Message", &error.message);
            let document = Element::new("Response")
                .child(Element::new("Errors").child(inner))
                .with("RequestID", request_id);
            (error.status, document)
        }
    };
    respond(
        status,
        &[
            ("content-type", "text/xml;charset=UTF-8"),
            ("x-amzn-requestid", request_id),
        ],
        document.to_document(),
    )
}

pub(super) fn write(
    service: Service,
    operation: &str,
    request_id: &str,
    answer: Result<Reply, ServiceError>,
) -> http::Response<Bytes> {
    let namespace = service.namespace();
    let (status, document) = match answer {
        Ok(reply) => {
            let result = Element::new(format!("{operation}Result")).children(members(reply.body));
            let metadata = Element::new("ResponseMetadata").with("RequestId", request_id);
            let document = Element::new(format!("{operation}Response"))
                .namespace(namespace)
                .child(result)
                .child(metadata);
            (reply.status.unwrap_or(200), document)
        }
        Err(error) => (error.status, error_document(namespace, request_id, &error)),
    };
    respond(
        status,
        &[
            ("content-type", "text/xml"),
            ("x-amzn-requestid", request_id),
        ],
        document.to_document(),
    )
}

/// Returns the error document of the query and REST-XML protocols.
pub(super) fn error_document(namespace: &str, request_id: &str, error: &ServiceError) -> Element {
    let fault = if error.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    let mut inner = Element::new("Error")
        .with("Type", fault)
        .with("Code", &error.code)
        .with("Message", &error.message);
    for (name, value) in &error.members {
        inner = inner.with(name, value);
    }
    Element::new("ErrorResponse")
        .namespace(namespace)
        .child(inner)
        .with("RequestId", request_id)
}

fn members(body: Body) -> Vec<Element> {
    match body {
        Body::Xml(element) => element.elements().to_vec(),
        Body::Empty | Body::Json(_) => Vec::new(),
    }
}
