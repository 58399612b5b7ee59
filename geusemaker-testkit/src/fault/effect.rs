//! What a fault does, and the words in which each service refuses.

use std::time::Duration;

use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::limits;
use crate::wire::{Service, ServiceError};

/// What a fault does to a call, or to what the call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// An answer that refuses.
    Refuse(Refusal),
    /// No answer.
    Interrupt(Interruption),
    /// Everything comes later.
    Delay(Duration),
    /// The call succeeds, and its resource gets this fate.
    State(LifecycleOverride),
}

/// How a call ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The connection ends.
    Reset,
    /// Silence until the caller gives up.
    Stall,
    /// Silence, and a signal to drop the caller.
    DropCaller,
    /// A panic where the answer is awaited.
    Panic,
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Code(String),
    Denied,
    ServerError,
    Throttled,
}

impl Refusal {
    /// The refusal in the service's words.
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

/// The HTTP status that the service sends with a code.
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
