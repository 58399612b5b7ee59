//! The effects of faults, and the wording in which each service refuses.

use std::time::Duration;

use crate::sim::error_codes::ErrorCodes;
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
        let codes = ErrorCodes::of(service);
        let refuse =
            |code: &str, message: &str| ServiceError::injected(code, codes.status(code), message);
        match self {
            Self::Code(code) => refuse(code, &format!("injected fault: {code}")),
            Self::Denied => refuse(
                codes.denied,
                "You are not authorized to perform this operation.",
            ),
            Self::ServerError => refuse(codes.server_error, "An internal error has occurred"),
            Self::Throttled => limits::refusal(service),
        }
    }
}
