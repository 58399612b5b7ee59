//! The two query protocols: EC2's own, and the one that Elastic Load Balancing and STS speak.

use bytes::Bytes;

use super::params::Params;
use super::xml::Element;
use super::{Body, Reply, Service, ServiceError, respond};

pub(super) fn read(body: &[u8]) -> Result<(String, Params), ServiceError> {
    let mut params = Params::parse(body);
    params.accept("Version");
    let operation = params.optional("Action").ok_or_else(|| {
        ServiceError::new(
            "MissingAction",
            "The request must contain the parameter Action",
        )
    })?;
    Ok((operation, params))
}

pub(super) fn write_ec2(
    operation: &str,
    request_id: &str,
    answer: Result<Reply, ServiceError>,
) -> http::Response<Bytes> {
    let (status, document) = match answer {
        Ok(reply) => {
            let document = Element::new(format!("{operation}Response"))
                .namespace("http://ec2.amazonaws.com/doc/2016-11-15/")
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
    let namespace = match service {
        Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        Service::CloudFront | Service::Ec2 | Service::Efs | Service::ElasticLoadBalancing => {
            "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
        }
    };
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

/// The error document of the query and REST-XML protocols.
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
