//! The content of a request.

use bytes::Bytes;

use super::credential_scope::CredentialScope;
use super::error_code::Code;
use super::operation::DRY_RUN;
use super::params::Params;
use super::service::Protocol;
use super::{Service, ServiceError, aws_json, query, rest_json, rest_xml};

/// A mebibyte: the largest legitimate bodies, with user data or a distribution's configuration, are a tenth of it.
const MAX_BODY: usize = 1 << 20;

/// The call that a request makes.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) region: String,
    pub(crate) operation: String,
    pub(crate) input: Input,
}

impl Call {
    /// Returns the name of the call in records and faults: that of its operation, with a mark if it is a dry run.
    pub(crate) fn name(&self) -> String {
        match &self.input {
            Input::Query(params) if self.service == Service::Ec2 && params.is_dry_run() => {
                format!("{}{DRY_RUN}", self.operation)
            }
            Input::AwsJson(_) | Input::Query(_) | Input::RestJson(_) | Input::RestXml(_) => {
                self.operation.clone()
            }
        }
    }
}

/// The parameters of a call, in the form of the service's protocol.
#[derive(Debug)]
pub(crate) enum Input {
    AwsJson(aws_json::Input),
    Query(Params),
    RestJson(rest_json::Input),
    RestXml(rest_xml::Input),
}

/// Reads the part of a request that says which call it makes.
///
/// # Errors
/// Returns the answer for a request that nothing here can serve, and the service that the signature names, if any.
pub(crate) fn read(
    request: &http::Request<Bytes>,
) -> Result<Call, (Option<Service>, ServiceError)> {
    let scope = CredentialScope::of(request).map_err(|error| (None, error))?;
    let Some(service) = Service::from_signing_name(&scope.service) else {
        let what = format!("the service {}", scope.service);
        return Err((None, ServiceError::unsupported(what)));
    };
    let refuse = |error| (Some(service), error);
    if request.body().len() > MAX_BODY {
        let message = format!("The request body is longer than {MAX_BODY} bytes.");
        let error = ServiceError::new(Code::RequestEntityTooLarge, message);
        return Err(refuse(error));
    }
    let (operation, input) = match service.protocol() {
        Protocol::Ec2Query | Protocol::Query => {
            let (operation, params) = query::read(service, request).map_err(refuse)?;
            (operation, Input::Query(params))
        }
        Protocol::AwsJson => {
            let (operation, input) = aws_json::read(service, request).map_err(refuse)?;
            (operation, Input::AwsJson(input))
        }
        Protocol::RestJson => {
            let (operation, input) = rest_json::read(request).map_err(refuse)?;
            (operation, Input::RestJson(input))
        }
        Protocol::RestXml => {
            let (operation, input) = rest_xml::read(service, request).map_err(refuse)?;
            (operation, Input::RestXml(input))
        }
    };
    Ok(Call {
        service,
        region: scope.region,
        operation,
        input,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::read;

    proptest! {
        #[test]
        fn arbitrary_request_is_read_or_refused(
            method in "[A-Z]{1,7}",
            target in prop_oneof!["/[ -~]{0,40}", "/2015-02-01/[!-~]{0,40}", "/2020-05-31/[!-~]{0,40}", "/2013-04-01/[!-~]{0,40}"],
            service in "acm|ec2|elasticfilesystem|cloudfront|iam|route53|ssm|sts|elasticloadbalancing|s3",
            body in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..200),
                "[A-Za-z.0-9=&%+]{0,80}".prop_map(String::into_bytes),
                "[<>/a-c&;!\\[\\]\"= ?-]{0,80}".prop_map(String::into_bytes),
                "[{}\\[\\]\",:a-c0-9]{0,80}".prop_map(String::into_bytes),
            ],
        ) {
            let request = http::Request::builder()
                .method(method.as_str())
                .uri(target)
                .header(
                    "authorization",
                    format!("AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/{service}/aws4_request"),
                )
                .body(Bytes::from(body));
            if let Ok(request) = request
                && let Err((service, error)) = read(&request)
            {
                prop_assert_eq!(service.is_none(), error.message.contains("the service s3"));
                prop_assert!(error.status < 500 || error.code == "SimulatorUnsupported");
            }
        }
    }
}
