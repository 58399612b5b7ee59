//! The error codes of IAM, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[("ConcurrentModification", 409), ("ServiceFailure", 500)],
    denied: "AccessDenied",
    server_error: "ServiceFailure",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        DeleteConflict => 409,
        EntityAlreadyExists => 409,
        InvalidInput => 400,
        LimitExceeded => 409,
        MalformedPolicyDocument => 400,
        NoSuchEntity => 404,
        Throttling => 400,
        ValidationError => 400,
    }
}
