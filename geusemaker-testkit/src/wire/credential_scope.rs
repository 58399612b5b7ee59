//! The service and the region that a request is signed for. The signature itself is not verified: the account has one
//! user, who may do everything.

use bytes::Bytes;

use super::ServiceError;
use super::error_code::Code;
use super::form;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The region and the service of a Signature Version 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CredentialScope {
    pub(super) region: String,
    /// The signing name, such as `elasticfilesystem`.
    pub(super) service: String,
}

impl CredentialScope {
    /// Reads the scope from the `Authorization` header, or from the query string of a presigned request.
    ///
    /// # Errors
    /// Returns AWS's refusal of a request that is not signed, or whose signature is incomplete.
    pub(super) fn of(request: &http::Request<Bytes>) -> Result<Self, ServiceError> {
        match request.headers().get(http::header::AUTHORIZATION) {
            Some(header) => Self::in_header(&String::from_utf8_lossy(header.as_bytes())),
            None => Self::in_query(request.uri().query().unwrap_or_default()),
        }
    }

    /// Reads `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ec2/aws4_request, SignedHeaders=…, Signature=…`.
    fn in_header(header: &str) -> Result<Self, ServiceError> {
        match header.trim().split_once(' ') {
            Some((ALGORITHM, _)) => {}
            Some(_) | None => return Err(missing_token()),
        }
        match header_credential(header) {
            Some(credential) => Self::parse(credential),
            None => Err(incomplete(
                "Authorization header requires 'Credential' parameter.",
            )),
        }
    }

    /// Reads `X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fec2%2Faws4_request`.
    fn in_query(query: &str) -> Result<Self, ServiceError> {
        Self::parse(&query_credential(query).ok_or_else(missing_token)?)
    }

    fn parse(credential: &str) -> Result<Self, ServiceError> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [_, _, region, service, _] = parts.as_slice() else {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{credential}'"
            )));
        };
        if !is_region(region) {
            let message =
                format!("Credential should be scoped to a valid region, not '{region}'. ");
            return Err(ServiceError::new(Code::SignatureDoesNotMatch, message));
        }
        Ok(Self {
            region: (*region).to_owned(),
            service: (*service).to_owned(),
        })
    }
}

/// Returns the service that a recorded request is signed for, by any algorithm of AWS; `None` if it is not signed.
pub(crate) fn signed_service(authorization: Option<&str>, query: &str) -> Option<String> {
    let in_header = authorization.and_then(header_credential);
    let service = |credential: &str| {
        // The scope is read from its end, since the one of SigV4a has no region.
        let mut parts = credential.split('/').rev();
        let is_scope = parts.next()?.starts_with("aws4_request");
        parts.next().filter(|_| is_scope).map(str::to_owned)
    };
    in_header
        .and_then(service)
        .or_else(|| service(&query_credential(query)?))
}

/// Returns the credential in an `Authorization` header.
fn header_credential(header: &str) -> Option<&str> {
    let (_algorithm, parameters) = header.trim().split_once(' ')?;
    parameters
        .split(',')
        .filter_map(|parameter| parameter.trim().split_once('='))
        .find_map(|(name, value)| (name == "Credential").then_some(value))
}

/// Returns the credential of a presigned request.
fn query_credential(query: &str) -> Option<String> {
    let credential = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
    // A text that cannot be decoded is not a credential either, and the error shows it as it came.
    Some(form::decoded(credential).unwrap_or_else(|_| credential.to_owned()))
}

/// Returns true if the name has the form of AWS's regions: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`. A list of
/// them would have to be kept up to date.
fn is_region(name: &str) -> bool {
    let mut parts = name.split('-').rev();
    let number = parts.next().unwrap_or_default();
    let words: Vec<&str> = parts.collect();
    let is_word =
        |word: &&str| (2..=9).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase());
    matches!(number.as_bytes(), [b'1'..=b'9'])
        && (2..=3).contains(&words.len())
        && words.iter().all(is_word)
}

fn missing_token() -> ServiceError {
    ServiceError::new(
        Code::MissingAuthenticationToken,
        "Missing Authentication Token",
    )
}

fn incomplete(message: impl Into<String>) -> ServiceError {
    ServiceError::new(Code::IncompleteSignature, message)
}

#[cfg(test)]
mod tests {
    use super::{CredentialScope, is_region};

    #[test]
    fn scope_is_read_from_header() {
        let header = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ec2/aws4_request, \
                      SignedHeaders=host, Signature=ab";
        let scope = CredentialScope::in_header(header).unwrap();
        assert_eq!((&*scope.region, &*scope.service), ("us-east-1", "ec2"));
    }

    /// With AWS's own error code for each case.
    #[test]
    fn incomplete_signature_is_refused() {
        let code = |header| CredentialScope::in_header(header).unwrap_err().code;
        assert_eq!(code("Basic dXNlcjpwYXNz"), "MissingAuthenticationToken");
        assert_eq!(code("AWS4-HMAC-SHA256 Signature=ab"), "IncompleteSignature");
        assert_eq!(
            code("AWS4-HMAC-SHA256 Credential=AK/ID/20260101/us-east-1/ec2/aws4_request"),
            "IncompleteSignature"
        );
        assert_eq!(
            code("AWS4-HMAC-SHA256 Credential=AKID/20260101/aws-global/ec2/aws4_request"),
            "SignatureDoesNotMatch"
        );
    }

    #[test]
    fn region_names_are_recognized() {
        for region in [
            "us-east-1",
            "ap-southeast-7",
            "us-gov-west-1",
            "eusc-de-east-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        for other in [
            "",
            "us-east",
            "us-east-1a",
            "us-east-10",
            "../etc-1",
            "US-EAST-1",
        ] {
            assert!(!is_region(other), "{other}");
        }
    }
}
