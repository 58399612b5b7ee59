//! The error codes of Service Quotas, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[("AccessDeniedException", 400), ("ServiceException", 500)],
    denied: "AccessDeniedException",
    server_error: "ServiceException",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        IllegalArgumentException => 400,
        InvalidPaginationTokenException => 400,
        NoSuchResourceException => 400,
        ResourceAlreadyExistsException => 400,
        TooManyRequestsException => 400,
    }
}
