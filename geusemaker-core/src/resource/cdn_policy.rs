//! Policies of CloudFront that a spec names by their ids.

use crate::aws::clients::Reader;
use crate::aws::error::AwsError;
use crate::spec::PolicyId;

/// The kind of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CdnPolicyKind {
    Cache,
    OriginRequest,
    ResponseHeaders,
}

impl CdnPolicyKind {
    /// Returns the key of a cache behavior that names such a policy.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::OriginRequest => "origin_request",
            Self::ResponseHeaders => "headers",
        }
    }

    /// Returns the AWS CLI's command that lists such policies.
    pub(crate) fn list_command(self) -> &'static str {
        match self {
            Self::Cache => "aws cloudfront list-cache-policies",
            Self::OriginRequest => "aws cloudfront list-origin-request-policies",
            Self::ResponseHeaders => "aws cloudfront list-response-headers-policies",
        }
    }
}

/// Returns true if the account can use the policy: its own ones, and those of AWS.
pub(crate) async fn exists(
    aws: &Reader,
    kind: CdnPolicyKind,
    id: &PolicyId,
) -> Result<bool, AwsError> {
    let cloudfront = &aws.cloudfront;
    let id = id.as_str();
    let (found, missing) = match kind {
        CdnPolicyKind::Cache => (
            cloudfront
                .get_cache_policy()
                .id(id)
                .send()
                .await
                .map(drop)
                .map_err(AwsError::of("cloudfront:GetCachePolicy")),
            "NoSuchCachePolicy",
        ),
        CdnPolicyKind::OriginRequest => (
            cloudfront
                .get_origin_request_policy()
                .id(id)
                .send()
                .await
                .map(drop)
                .map_err(AwsError::of("cloudfront:GetOriginRequestPolicy")),
            "NoSuchOriginRequestPolicy",
        ),
        CdnPolicyKind::ResponseHeaders => (
            cloudfront
                .get_response_headers_policy()
                .id(id)
                .send()
                .await
                .map(drop)
                .map_err(AwsError::of("cloudfront:GetResponseHeadersPolicy")),
            "NoSuchResponseHeadersPolicy",
        ),
    };
    match found {
        Ok(()) => Ok(true),
        Err(error) if error.code.as_deref() == Some(missing) => Ok(false),
        Err(error) => Err(error),
    }
}
