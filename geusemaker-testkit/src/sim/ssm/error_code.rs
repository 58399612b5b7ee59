//! The error codes of Systems Manager, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[("AccessDeniedException", 400)],
    denied: "AccessDeniedException",
    server_error: "InternalServerError",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        DoesNotExistException => 400,
        DuplicateInstanceId => 400,
        HierarchyLevelLimitExceededException => 400,
        InvalidCommandId => 400,
        InvalidDocument => 400,
        InvalidFilterKey => 400,
        InvalidFilterOption => 400,
        InvalidFilterValue => 400,
        InvalidInstanceId => 400,
        InvalidNextToken => 400,
        InvalidParameters => 400,
        InvalidPluginName => 400,
        InvalidResourceId => 400,
        InvocationDoesNotExist => 400,
        ParameterAlreadyExists => 400,
        ParameterNotFound => 400,
        ParameterVersionNotFound => 400,
        TargetNotConnected => 400,
        ThrottlingException => 400,
        TooManyTagsError => 400,
        ValidationException => 400,
    }
}
