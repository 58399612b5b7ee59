//! JSON with the operation in a header, the protocol of AWS Systems Manager, Secrets Manager and Service Quotas.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::error_code::Code;
use super::reply::respond;
use super::{Body, Reply, Service, ServiceError};

/// The header that names the operation, as in `AmazonSSM.GetParameter`.
const TARGET: &str = "x-amz-target";

/// The body of a request.
#[derive(Debug)]
pub(crate) struct Input {
    body: Bytes,
}

impl Input {
    /// Returns the body; a member that the type does not know is refused.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, ServiceError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let error = error.to_string();
            if error.starts_with("unknown field") {
                ServiceError::unsupported(format_args!("this body: {error}"))
            } else if error.starts_with("missing field") {
                let message = format!("1 validation error detected: {error}");
                ServiceError::new(Code::ValidationException, message)
            } else {
                ServiceError::new(Code::SerializationException, error)
            }
        })
    }
}

/// Returns the operation that the header names, and the input.
pub(super) fn read(
    service: Service,
    request: &http::Request<Bytes>,
) -> Result<(String, Input), ServiceError> {
    if request.method() != http::Method::POST {
        return Err(ServiceError::unsupported(format_args!(
            "the method {} for {service}",
            request.method()
        )));
    }
    let target = request.headers().get(TARGET);
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target
        .and_then(|target| target.split_once('.'))
        .filter(|(prefix, _)| *prefix == service.target_prefix());
    let Some((_, operation)) = operation else {
        return Err(ServiceError::new(Code::UnknownOperationException, ""));
    };
    let input = Input {
        body: request.body().clone(),
    };
    Ok((operation.to_owned(), input))
}

pub(super) fn write(
    request_id: &str,
    answer: Result<Reply, ServiceError>,
) -> http::Response<Bytes> {
    let (status, body) = match answer {
        Ok(reply) => {
            let body = match reply.body {
                Body::Json(value) => value,
                Body::Empty | Body::Xml(_) => serde_json::json!({}),
            };
            (reply.status.unwrap_or(200), body)
        }
        Err(error) => {
            let mut body = serde_json::Map::new();
            body.insert("__type".to_owned(), error.code.into());
            body.insert("message".to_owned(), error.message.into());
            for (name, value) in error.members {
                body.insert(name.to_owned(), value.into());
            }
            (error.status, body.into())
        }
    };
    respond(
        status,
        &[
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amzn-requestid", request_id),
        ],
        body.to_string(),
    )
}
