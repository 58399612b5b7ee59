//! Faults: their conditions and their effects.

mod effect;
mod file;
mod place;
mod rendering;
mod schedule;

use std::time::Duration;

pub(crate) use self::effect::Interruption;
use self::effect::{Effect, Refusal};
pub use self::file::FaultFileError;
use self::place::{On, Place};
pub(crate) use self::schedule::{CallContext, End, Schedule, Verdict};
use crate::sim::lifecycle::{CENTURY, LifecycleOverride};
#[cfg(feature = "explorer")]
use crate::wire::Service;

/// A fault: the calls at which it fires, and its effect.
///
/// ```
/// use std::time::Duration;
///
/// use geusemaker_testkit::Fault;
///
/// // The second RunInstances finds no capacity.
/// let refused = Fault::on("RunInstances").nth(2).answer("InsufficientInstanceCapacity");
/// // The first CreateLoadBalancer happens, and nobody hears of it.
/// let lost = Fault::on("CreateLoadBalancer").lose_reply();
/// // While an instance boots, everything is throttled, in each service's own way.
/// let busy = Fault::on_any().while_in("EC2::Instance", "pending").throttled().forever();
/// // The targets come up and fall ill ten minutes later.
/// let ill = Fault::on("RegisterTargets").fails("Target.Timeout").later(Duration::from_secs(600));
/// # let _ = (refused, lost, busy, ill);
/// ```
///
/// Every fault counts the calls that meet its conditions. If several are due at one call, the first of those that end a
/// call fires, and the others fire at the next call. Delays and state faults combine with it.
///
/// A fault that has not fired when the last handle to its [`crate::Aws`] is dropped makes the test fail: see
/// [`crate::Aws::unfired`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Fault {
    place: Place,
    effect: Effect,
    /// True if the call takes effect and the fault changes only its answer.
    after_effect: bool,
    status: Option<u16>,
    message: Option<String>,
    later: Option<Duration>,
    optional: bool,
}

/// The conditions of a fault.
impl Fault {
    /// Creates a fault at the first call of an operation: `RunInstances`, or, where two services have operations of the
    /// same name, with IAM's prefix: `elasticloadbalancing:DescribeTags`. `ec2:*` is any operation of a service.
    /// Without other settings, the connection ends before the request arrives.
    ///
    /// # Panics
    /// Panics if the simulator has no such operation.
    #[track_caller]
    pub fn on(operation: impl AsRef<str>) -> Self {
        match On::parse(operation.as_ref()) {
            Ok(on) => Self::at(on),
            Err(unknown) => panic!("{unknown}"),
        }
    }

    /// Creates a fault at the first call of any operation.
    pub fn on_any() -> Self {
        Self::at(On::any())
    }

    /// Creates a fault at the first call of an operation; returns `None` if the operation is unknown.
    #[cfg(feature = "explorer")]
    pub(crate) fn on_operation(service: Service, operation: &str) -> Option<Self> {
        On::operation(service, operation).map(Self::at)
    }

    #[cfg(feature = "explorer")]
    pub(crate) fn is_caller_dropped(&self) -> bool {
        self.effect == Effect::Interrupt(Interruption::DropCaller)
    }

    #[cfg(feature = "explorer")]
    pub(crate) fn is_panic(&self) -> bool {
        self.effect == Effect::Interrupt(Interruption::Panic)
    }

    fn at(on: On) -> Self {
        Self {
            place: Place::first(on),
            effect: Effect::Interrupt(Interruption::Reset),
            after_effect: false,
            status: None,
            message: None,
            later: None,
            optional: false,
        }
    }

    /// Fires at the nth call that meets the other conditions, counted from 1.
    pub fn nth(mut self, nth: u32) -> Self {
        self.place.nth = nth.max(1);
        self
    }

    /// Fires at that many calls in a row.
    pub fn times(mut self, times: u32) -> Self {
        self.place.times = times.max(1);
        self
    }

    /// Fires at every call from the nth on.
    pub fn forever(mut self) -> Self {
        self.place.times = u32::MAX;
        self
    }

    /// Fires only after the account's clock has run for that long.
    pub fn after(mut self, elapsed: Duration) -> Self {
        self.place.after = Some(elapsed);
        self
    }

    /// Fires only while a resource of that kind is in that state, both as [`crate::Aws::states`] names them:
    /// `while_in("EC2::Instance", "running")`.
    pub fn while_in(mut self, kind: impl Into<String>, state: impl Into<String>) -> Self {
        self.place.while_in = Some((kind.into(), state.into()));
        self
    }

    /// Allows the fault to never fire. Without this, a fault that never fires makes the test fail.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// Effects on the call.
impl Fault {
    /// Answers with an AWS error code; the call has no effect. The HTTP status is the one that AWS uses for the code,
    /// if known, else 400; [`Fault::status`] sets another.
    pub fn answer(self, code: impl Into<String>) -> Self {
        self.does(Effect::Refuse(Refusal::Code(code.into())))
    }

    /// Refuses the call for lack of a permission, with the service's own code: `UnauthorizedOperation` on EC2.
    pub fn denied(self) -> Self {
        self.does(Effect::Refuse(Refusal::Denied))
    }

    /// Throttles the call, with the service's own code: `RequestLimitExceeded` on EC2, `Throttling` on CloudFront.
    pub fn throttled(self) -> Self {
        self.does(Effect::Refuse(Refusal::Throttled))
    }

    /// Fails inside AWS, with HTTP status 500 and the service's own code: `InternalError` on EC2.
    pub fn server_error(self) -> Self {
        self.does(Effect::Refuse(Refusal::ServerError))
    }

    /// Sets the HTTP status of the refusal.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the message of the refusal.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = Some(text.into());
        self
    }

    /// Ends the connection before the request arrives: nothing happens, and the caller cannot know that.
    pub fn reset(self) -> Self {
        self.does(Effect::Interrupt(Interruption::Reset))
    }

    /// Lets the call take effect and loses the reply: the caller cannot know that it took effect.
    pub fn lose_reply(self) -> Self {
        self.reset().after_effect()
    }

    /// Never answers.
    pub fn stall(self) -> Self {
        self.does(Effect::Interrupt(Interruption::Stall))
    }

    /// Delays the call for that long, in the account's time; at most for a century.
    pub fn delay(self, by: Duration) -> Self {
        self.does(Effect::Delay(by.min(CENTURY)))
    }

    /// Never answers, and signals through [`crate::Aws::caller_dropped`] that the future that waits for the answer must
    /// be dropped, as for a cancelled request or a Ctrl-C.
    pub fn drop_caller(self) -> Self {
        self.does(Effect::Interrupt(Interruption::DropCaller))
    }

    /// Panics in the task that makes the call, without the message of the panic hook. The payload is an
    /// [`crate::InjectedPanic`].
    pub fn panic(self) -> Self {
        self.does(Effect::Interrupt(Interruption::Panic))
    }

    /// Lets the call take effect first, so that the fault changes only its answer. Without this, a fault acts before
    /// the call reaches the account.
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }

    fn does(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }
}

/// Effects on the resource that the call is about. The call itself succeeds. Such a fault has fired only once it has
/// made a difference to the account: it waits for a call at which it can make one.
impl Fault {
    /// Keeps the resource forever in the state into which the call puts it.
    pub fn stuck(self) -> Self {
        self.does(Effect::State(LifecycleOverride::Stuck))
    }

    /// Makes the resource take that much longer to reach the state that the call asks for; at most a century.
    pub fn slow(self, by: Duration) -> Self {
        self.does(Effect::State(LifecycleOverride::Slow(by.min(CENTURY))))
    }

    /// Makes the resource end in the failure that AWS knows for its kind, with AWS's reason code for it: an instance is
    /// terminated (`Server.InsufficientInstanceCapacity`), a load balancer is `failed`, a file system or mount target
    /// is in `error`, a target is `unhealthy` (`Target.Timeout`). The resource never comes up, unless [`Fault::later`]
    /// is given.
    pub fn fails(self, reason: impl Into<String>) -> Self {
        self.does(Effect::State(LifecycleOverride::Fails {
            reason: reason.into(),
            after: None,
        }))
    }

    /// Lets the resource come up first, and fail that long after; at most a century.
    pub fn later(mut self, after: Duration) -> Self {
        self.later = Some(after.min(CENTURY));
        self
    }
}

impl Fault {
    /// Returns the problem if settings of the fault contradict each other, in the terms of fault files.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let refuses = matches!(self.effect, Effect::Refuse(_));
        let fails = matches!(self.effect, Effect::State(LifecycleOverride::Fails { .. }));
        let state = matches!(self.effect, Effect::State(_));
        if self.status.is_some() && !refuses {
            Some("`status` needs `answer`, `denied`, `throttled` or `server-error`")
        } else if self.message.is_some() && !refuses {
            Some("`message` needs `answer`, `denied`, `throttled` or `server-error`")
        } else if self.later.is_some() && !fails {
            Some("`later` needs `fails`")
        } else if self.after_effect && state {
            Some(
                "`after-effect` cannot be combined with `stuck`, `slow` or `fails`, which always take effect",
            )
        } else {
            None
        }
    }
}
