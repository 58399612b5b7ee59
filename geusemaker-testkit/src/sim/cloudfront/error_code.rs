//! The error codes of CloudFront, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[("ResourceInUse", 409)],
    denied: "AccessDenied",
    server_error: "InternalFailure",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        BatchTooLarge => 413,
        CNAMEAlreadyExists => 409,
        CannotDeleteEntityWhileInUse => 409,
        DistributionAlreadyExists => 409,
        DistributionNotDisabled => 409,
        EntityAlreadyExists => 409,
        EntityLimitExceeded => 400,
        EntityNotFound => 404,
        IllegalDelete => 400,
        IllegalUpdate => 400,
        InconsistentQuantities => 400,
        InvalidArgument => 400,
        InvalidDefaultRootObject => 400,
        InvalidErrorCode => 400,
        InvalidGeoRestrictionParameter => 400,
        InvalidIfMatchVersion => 400,
        InvalidMinimumProtocolVersion => 400,
        InvalidResponseCode => 400,
        InvalidTTLOrder => 400,
        InvalidTagging => 400,
        InvalidViewerCertificate => 400,
        InvalidWebACLId => 400,
        NoSuchCachePolicy => 404,
        NoSuchDistribution => 404,
        NoSuchInvalidation => 404,
        NoSuchOrigin => 404,
        NoSuchOriginRequestPolicy => 404,
        NoSuchResource => 404,
        NoSuchResponseHeadersPolicy => 404,
        PreconditionFailed => 412,
        Throttling => 400,
        TooManyCacheBehaviors => 400,
        TooManyDistributionCNAMEs => 400,
        TooManyDistributions => 400,
        TooManyInvalidationsInProgress => 400,
        TooManyOriginCustomHeaders => 400,
        TooManyOrigins => 400,
    }
}
