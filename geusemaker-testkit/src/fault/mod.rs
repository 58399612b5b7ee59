//! Faults: where they strike, and what they do.

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

/// One thing that goes wrong: where, and what.
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
/// Every fault counts the calls that meet its conditions. If several are due at one call, the first of those that end
/// a call strikes, and the others at the next call; delays and state faults go together with it.
///
/// A fault that has found nothing to strike by the time the last handle to its [`crate::Aws`] is dropped is a failure
/// of the test: see [`crate::Aws::unfired`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Fault {
    place: Place,
    effect: Effect,
    /// Whether the call takes effect, and only its answer is struck.
    after_effect: bool,
    status: Option<u16>,
    message: Option<String>,
    later: Option<Duration>,
    optional: bool,
}

/// Where.
impl Fault {
    /// A fault at the first call of an operation: `RunInstances`, or with IAM's prefix where two services have
    /// operations of the same name: `elasticloadbalancing:DescribeTags`; `ec2:*` is any of a service. Without more,
    /// the connection ends before the request arrives.
    ///
    /// # Panics
    /// The simulator has no such operation.
    #[track_caller]
    pub fn on(operation: impl AsRef<str>) -> Self {
        match On::parse(operation.as_ref()) {
            Ok(on) => Self::at(on),
            Err(unknown) => panic!("{unknown}"),
        }
    }

    /// A fault at the first call, whichever it is.
    pub fn on_any() -> Self {
        Self::at(On::any())
    }

    /// A fault at the first call of a known operation.
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

    /// Strikes at the nth call that meets the other conditions, counted from 1.
    pub fn nth(mut self, nth: u32) -> Self {
        self.place.nth = nth.max(1);
        self
    }

    /// Strikes at that many calls in a row.
    pub fn times(mut self, times: u32) -> Self {
        self.place.times = times.max(1);
        self
    }

    /// Strikes at every call from the nth on.
    pub fn forever(mut self) -> Self {
        self.place.times = u32::MAX;
        self
    }

    /// Strikes only once the account's clock has run for that long.
    pub fn after(mut self, elapsed: Duration) -> Self {
        self.place.after = Some(elapsed);
        self
    }

    /// Strikes only while a resource of that kind is in that state, both as [`crate::Aws::states`] names them:
    /// `while_in("EC2::Instance", "running")`.
    pub fn while_in(mut self, kind: impl Into<String>, state: impl Into<String>) -> Self {
        self.place.while_in = Some((kind.into(), state.into()));
        self
    }

    /// A fault that may find nothing to strike. Others make the test fail then.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// What befalls the call.
impl Fault {
    /// Answers with an AWS error code, and has no effect. The HTTP status is the one that AWS uses for the code where
    /// that is known, else 400; [`Fault::status`] sets another.
    pub fn answer(self, code: impl Into<String>) -> Self {
        self.does(Effect::Refuse(Refusal::Code(code.into())))
    }

    /// Refuses for want of a permission, with the service's own code: `UnauthorizedOperation` on EC2.
    pub fn denied(self) -> Self {
        self.does(Effect::Refuse(Refusal::Denied))
    }

    /// Throttles, with the service's own code: `RequestLimitExceeded` on EC2, `Throttling` on CloudFront.
    pub fn throttled(self) -> Self {
        self.does(Effect::Refuse(Refusal::Throttled))
    }

    /// Fails within AWS, with HTTP status 500 and the service's own code: `InternalError` on EC2.
    pub fn server_error(self) -> Self {
        self.does(Effect::Refuse(Refusal::ServerError))
    }

    /// The HTTP status of the answer with which the call is refused.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The message of the answer with which the call is refused.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = Some(text.into());
        self
    }

    /// Ends the connection before the request arrives: nothing happens, and the caller cannot know that.
    pub fn reset(self) -> Self {
        self.does(Effect::Interrupt(Interruption::Reset))
    }

    /// Lets the call take effect and loses the reply: the caller cannot know whether it happened.
    pub fn lose_reply(self) -> Self {
        self.reset().after_effect()
    }

    /// Never answers.
    pub fn stall(self) -> Self {
        self.does(Effect::Interrupt(Interruption::Stall))
    }

    /// Holds the call up for that long, in the account's time; at most for a century.
    pub fn delay(self, by: Duration) -> Self {
        self.does(Effect::Delay(by.min(CENTURY)))
    }

    /// Never answers, and says to whoever awaits [`crate::Aws::caller_dropped`] that the future that waits for the
    /// answer is to be dropped: a request that was cancelled, a Ctrl-C.
    pub fn drop_caller(self) -> Self {
        self.does(Effect::Interrupt(Interruption::DropCaller))
    }

    /// Panics in the task that makes the call, without the message of the panic hook. The payload is an
    /// [`crate::InjectedPanic`].
    pub fn panic(self) -> Self {
        self.does(Effect::Interrupt(Interruption::Panic))
    }

    /// Lets the call take effect first, so that only its answer is struck. Without this, whatever befalls a call
    /// befalls it before it reaches the account.
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }

    fn does(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }
}

/// What befalls the resource that the call is about. The call itself succeeds. A state fault has struck once it has made a
/// difference to the account: it waits for a call to which it means something.
impl Fault {
    /// The resource never leaves the state into which the call puts it.
    pub fn stuck(self) -> Self {
        self.does(Effect::State(LifecycleOverride::Stuck))
    }

    /// The resource takes that much longer to get where the call sends it; at most a century.
    pub fn slow(self, by: Duration) -> Self {
        self.does(Effect::State(LifecycleOverride::Slow(by.min(CENTURY))))
    }

    /// The resource ends in the failure that AWS knows for its kind, with AWS's reason code for it: an instance is
    /// terminated (`Server.InsufficientInstanceCapacity`), a load balancer `failed`, a file system or mount target in
    /// `error`, a target `unhealthy` (`Target.Timeout`). It never comes up, unless [`Fault::later`] is given.
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
    /// What of it makes no sense together, in the words of fault files.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let refuses = matches!(self.effect, Effect::Refuse(_));
        let fails = matches!(self.effect, Effect::State(LifecycleOverride::Fails { .. }));
        let state = matches!(self.effect, Effect::State(_));
        if self.status.is_some() && !refuses {
            Some("`status` goes with `answer`, `denied`, `throttled` or `server-error`")
        } else if self.message.is_some() && !refuses {
            Some("`message` goes with `answer`, `denied`, `throttled` or `server-error`")
        } else if self.later.is_some() && !fails {
            Some("`later` goes with `fails`")
        } else if self.after_effect && state {
            Some("`after-effect` does not go with `stuck`, `slow` or `fails`, which are effects")
        } else {
            None
        }
    }
}
