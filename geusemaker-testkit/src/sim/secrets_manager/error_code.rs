//! The error codes of Secrets Manager, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[
        ("AccessDeniedException", 400),
        ("InternalServiceError", 500),
    ],
    denied: "AccessDeniedException",
    server_error: "InternalServiceError",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        InvalidNextTokenException => 400,
        InvalidParameterException => 400,
        InvalidRequestException => 400,
        LimitExceededException => 400,
        ResourceExistsException => 400,
        ResourceNotFoundException => 400,
        ThrottlingException => 400,
        ValidationException => 400,
    }
}
