//! The error codes of EFS, one a line.

use crate::sim::error_codes::ErrorCodes;
use crate::wire::error_code::{ErrorCode as _, error_codes};

pub(crate) const ERROR_CODES: ErrorCodes = ErrorCodes {
    own: Code::TABLE,
    injected: &[("DependencyTimeout", 504)],
    denied: "AccessDeniedException",
    server_error: "InternalServerError",
};

error_codes! {
    /// An error code with which the simulator itself refuses calls.
    enum Code {
        AccessPointAlreadyExists => 409,
        AccessPointLimitExceeded => 403,
        AccessPointNotFound => 404,
        AvailabilityZonesMismatch => 400,
        BadRequest => 400,
        FileSystemAlreadyExists => 409,
        FileSystemInUse => 409,
        FileSystemLimitExceeded => 403,
        FileSystemNotFound => 404,
        IncorrectFileSystemLifeCycleState => 409,
        IncorrectMountTargetState => 409,
        InvalidPolicyException => 400,
        IpAddressInUse => 409,
        MountTargetConflict => 409,
        MountTargetNotFound => 404,
        NetworkInterfaceLimitExceeded => 409,
        NoFreeAddressesInSubnet => 409,
        PolicyNotFound => 404,
        SecurityGroupLimitExceeded => 400,
        SecurityGroupNotFound => 400,
        SubnetNotFound => 400,
        ThrottlingException => 429,
        TooManyRequests => 429,
        UnsupportedAvailabilityZone => 400,
    }
}
