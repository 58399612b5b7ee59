//! The kinds of effects: the type parameter of [`Fault`](crate::Fault), which decides the settings that a fault has.
//!
//! The methods of `Fault` create these types. To store or return a fault, use a plain `Fault`: see [`AnyEffect`].

use std::time::Duration;

use crate::sim::error_codes::ErrorCodes;
use crate::sim::lifecycle::LifecycleOverride;
use crate::sim::limits;
use crate::wire::{Service, ServiceError};

/// An effect of any kind.
///
/// A fault that is stored, returned or put into a list beside others is a plain [`Fault`](crate::Fault), which has this
/// parameter. Faults of all other kinds convert to it:
///
/// ```
/// use geusemaker_testkit::Fault;
///
/// let faults: [Fault; 2] = [
///     Fault::on("RunInstances").throttled().into(),
///     Fault::on("RunInstances").nth(2).lose_reply().into(),
/// ];
/// # let _ = faults;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyEffect(pub(super) Effect);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Refuse(Refusal),
    Disrupt(Disruption),
    Delay(ResourceDelay),
    Fail(ResourceFailure),
}

/// AWS refuses the call.
///
/// ```
/// use geusemaker_testkit::Fault;
///
/// let refused = Fault::on("RunInstances").answer("Unsupported").status(503).message("not here");
/// # let _ = refused;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(super) reason: Reason,
    pub(super) status: Option<u16>,
    pub(super) message: Option<String>,
    /// True if the call takes effect and the fault changes only its answer.
    pub(super) after_effect: bool,
}

/// The reason why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Code(String),
    Denied,
    ServerError,
    Throttled,
}

/// The call is late, gets no answer, or loses its caller.
///
/// There is no answer that could have a status or a message:
///
/// ```compile_fail,E0599
/// use geusemaker_testkit::Fault;
///
/// let fault = Fault::on("RunInstances").stall().status(503);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disruption {
    pub(super) way: Way,
    /// True if the call takes effect before it is disrupted.
    pub(super) after_effect: bool,
}

/// A way in which a call is disrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The call takes longer.
    Delay(Duration),
    /// The call ends without an answer.
    Interruption(Interruption),
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

/// The call succeeds, and its resource is slow or stuck.
///
/// The call always takes effect, so that there is no choice of when:
///
/// ```compile_fail,E0599
/// use geusemaker_testkit::Fault;
///
/// let fault = Fault::on("RunInstances").stuck().after_effect();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceDelay {
    /// Forever if `None`.
    pub(super) by: Option<Duration>,
}

/// The call succeeds, and its resource fails.
///
/// Only a resource that fails can do so later:
///
/// ```compile_fail,E0599
/// use std::time::Duration;
///
/// use geusemaker_testkit::Fault;
///
/// let fault = Fault::on("RunInstances").stuck().later(Duration::from_secs(600));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceFailure {
    pub(super) reason: String,
    pub(super) later: Option<Duration>,
}

impl Refusal {
    pub(super) fn because(reason: Reason) -> Self {
        Self {
            reason,
            status: None,
            message: None,
            after_effect: false,
        }
    }

    /// Returns the refusal in the service's wording.
    pub(super) fn error(&self, service: Service) -> ServiceError {
        let mut error = self.reason.error(service);
        error.status = self.status.unwrap_or(error.status);
        if let Some(message) = &self.message {
            error.message.clone_from(message);
        }
        error
    }
}

impl Reason {
    fn error(&self, service: Service) -> ServiceError {
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

impl Disruption {
    pub(super) fn delay(by: Duration) -> Self {
        Self {
            way: Way::Delay(by),
            after_effect: false,
        }
    }

    pub(super) fn interruption(interruption: Interruption) -> Self {
        Self {
            way: Way::Interruption(interruption),
            after_effect: false,
        }
    }

    pub(super) fn lost_reply() -> Self {
        Self {
            way: Way::Interruption(Interruption::Reset),
            after_effect: true,
        }
    }
}

impl ResourceDelay {
    pub(super) fn lifecycle(&self) -> LifecycleOverride {
        match self.by {
            Some(by) => LifecycleOverride::Slow(by),
            None => LifecycleOverride::Stuck,
        }
    }
}

impl ResourceFailure {
    pub(super) fn lifecycle(&self) -> LifecycleOverride {
        LifecycleOverride::Fails {
            reason: self.reason.clone(),
            after: self.later,
        }
    }
}
