//! The managed policies, which are the same in every account.

use crate::wire::ServiceError;

/// What a policy governs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Cache,
    OriginRequest,
    ResponseHeaders,
}

impl Kind {
    /// Refuses an id that no managed policy of this kind has. Policies of the account's own are not simulated.
    pub(super) fn check(self, id: &str) -> Result<(), ServiceError> {
        let (known, code, what): (&[&str], _, _) = match self {
            Self::Cache => (&CACHE, "NoSuchCachePolicy", "cache policy"),
            Self::OriginRequest => (
                &ORIGIN_REQUEST,
                "NoSuchOriginRequestPolicy",
                "origin request policy",
            ),
            Self::ResponseHeaders => (
                &RESPONSE_HEADERS,
                "NoSuchResponseHeadersPolicy",
                "response headers policy",
            ),
        };
        if known.contains(&id) {
            return Ok(());
        }
        Err(ServiceError::new(code, format!("The specified {what} does not exist.")).status(404))
    }
}

const CACHE: [&str; 3] = [
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", // CachingDisabled
    "658327ea-f89d-4fab-a63d-7e88639e58f6", // CachingOptimized
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65", // UseOriginCacheControlHeaders
];

const ORIGIN_REQUEST: [&str; 2] = [
    "216adef6-5c7f-47e4-b989-5492eafa07d3", // AllViewer
    "b689b0a8-53d0-40ab-baf2-68738e2966ac", // AllViewerExceptHostHeader
];

const RESPONSE_HEADERS: [&str; 3] = [
    "67f7725c-6f97-4210-82d7-5512b31e9d03", // SecurityHeadersPolicy
    "e61eb60c-9c35-4d20-a928-2b84e02af89c", // CORS-and-SecurityHeadersPolicy
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63", // CORS-with-preflight-and-SecurityHeadersPolicy
];
