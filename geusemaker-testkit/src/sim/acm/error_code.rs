//! The error codes of Certificate Manager, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[("AccessDeniedException", 400)],
    denied: "AccessDeniedException",
    server_error: "InternalFailure",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        InvalidArgsException => 400,
        InvalidArnException => 400,
        InvalidDomainValidationOptionsException => 400,
        InvalidParameterException => 400,
        InvalidTagException => 400,
        LimitExceededException => 400,
        ResourceInUseException => 400,
        ResourceNotFoundException => 400,
        ThrottlingException => 400,
        TooManyTagsException => 400,
        ValidationException => 400,
    }
}
