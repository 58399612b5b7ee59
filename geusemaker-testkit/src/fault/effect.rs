//! The effects of faults, and the wording in which each service refuses.

use std::time::Duration;

use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::limits;
use crate::wire::{Service, ServiceError};

/// The effect of a fault on a call, or on the resource that the call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The call is refused.
    Refuse(Refusal),
    /// The call gets no answer.
    Interrupt(Interruption),
    /// The call takes longer.
    Delay(Duration),
    /// The call succeeds, and its resource gets this lifecycle override.
    State(LifecycleOverride),
}

/// A way in which a call ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The connection ends.
    Reset,
    /// No answer until the caller gives up.
    Stall,
    /// No answer, and a signal to drop the caller.
    DropCaller,
    /// A panic in the task that awaits the answer.
    Panic,
}

/// The reason why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Code(String),
    Denied,
    ServerError,
    Throttled,
}

impl Refusal {
    /// Returns the refusal in the service's wording.
    pub(super) fn error(&self, service: Service) -> ServiceError {
        match self {
            Self::Code(code) => ServiceError::new(code, format!("injected fault: {code}"))
                .status(usual_status(service, code)),
            Self::Denied => {
                let code = match service {
                    Service::Ec2 => "UnauthorizedOperation",
                    Service::Efs => "AccessDeniedException",
                    Service::CloudFront | Service::ElasticLoadBalancing | Service::Sts => {
                        "AccessDenied"
                    }
                };
                let message = "You are not authorized to perform this operation.";
                ServiceError::new(code, message).status(403)
            }
            Self::ServerError => {
                let code = match service {
                    Service::Ec2 => "InternalError",
                    Service::Efs => "InternalServerError",
                    Service::CloudFront | Service::ElasticLoadBalancing | Service::Sts => {
                        "InternalFailure"
                    }
                };
                ServiceError::new(code, "An internal error has occurred").status(500)
            }
            Self::Throttled => limits::refusal(service),
        }
    }
}

/// Returns the HTTP status that the service sends with a code.
fn usual_status(service: Service, code: &str) -> u16 {
    match (service, code) {
        (Service::CloudFront, "ResourceInUse")
        | (Service::Efs, "NetworkInterfaceLimitExceeded") => 409,
        (Service::Efs, "ThrottlingException") => 429,
        (_, code) => match code {
            "InsufficientInstanceCapacity"
            | "InternalError"
            | "InternalFailure"
            | "InternalServerError" => 500,
            "RequestLimitExceeded" | "ServiceUnavailable" | "Unavailable" => 503,
            "AccessDenied"
            | "AccessDeniedException"
            | "AccessPointLimitExceeded"
            | "AuthFailure"
            | "AuthFailure.ServiceLinkedRoleCreationNotPermitted"
            | "FileSystemLimitExceeded"
            | "UnauthorizedOperation" => 403,
            "AccessPointNotFound"
            | "FileSystemNotFound"
            | "MountTargetNotFound"
            | "NoSuchCachePolicy"
            | "NoSuchDistribution"
            | "NoSuchInvalidation"
            | "NoSuchOrigin"
            | "NoSuchOriginRequestPolicy"
            | "NoSuchResource"
            | "NoSuchResponseHeadersPolicy"
            | "PolicyNotFound" => 404,
            "AccessPointAlreadyExists"
            | "CNAMEAlreadyExists"
            | "CannotDeleteEntityWhileInUse"
            | "DistributionAlreadyExists"
            | "DistributionNotDisabled"
            | "FileSystemAlreadyExists"
            | "FileSystemInUse"
            | "IncorrectFileSystemLifeCycleState"
            | "IncorrectMountTargetState"
            | "IpAddressInUse"
            | "MountTargetConflict"
            | "NoFreeAddressesInSubnet" => 409,
            "DryRunOperation" | "PreconditionFailed" => 412,
            "BatchTooLarge" => 413,
            "TooManyRequests" => 429,
            "DependencyTimeout" => 504,
            _ => 400,
        },
    }
}
