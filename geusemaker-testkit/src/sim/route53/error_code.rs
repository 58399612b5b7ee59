//! The error codes of Route 53, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[],
    denied: "AccessDenied",
    server_error: "InternalFailure",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        HostedZoneAlreadyExists => 409,
        HostedZoneNotEmpty => 400,
        InvalidChangeBatch => 400,
        InvalidDomainName => 400,
        InvalidInput => 400,
        NoSuchChange => 404,
        NoSuchHealthCheck => 404,
        NoSuchHostedZone => 404,
        Throttling => 400,
        TooManyHostedZones => 400,
    }
}
