//! Faults: their conditions and their effects.

mod boot_fault;
mod boot_fault_entry;
pub mod effect;
mod file;
mod place;
mod rendering;
mod schedule;
#[cfg(feature = "traffic")]
mod traffic_fault_entry;

use std::time::Duration;

pub(crate) use self::boot_fault::BootFailure;
pub use self::boot_fault::BootFault;
pub(crate) use self::effect::Interruption;
#[cfg(feature = "explorer")]
use self::effect::Way;
use self::effect::{
    AnyEffect, Disruption, Effect, Reason, Refusal, ResourceDelay, ResourceFailure,
};
pub use self::file::{FaultFile, FaultFileError};
use self::place::{On, Place};
pub(crate) use self::schedule::{CallContext, End, Launch, Schedule, Verdict};
use crate::sim::lifecycle::CENTURY;
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
/// The type parameter is the kind of effect, and decides the settings that the fault has: only a refusal has a status.
/// [`AwsBuilder::fault`](crate::AwsBuilder::fault) and [`Aws::inject`](crate::Aws::inject) take faults of every kind. A
/// plain `Fault` has an effect of any kind, and all others convert to it with `into()`.
///
/// Every fault counts the calls that meet its conditions. If several are due at one call, the first of those that end a
/// call fires, and the others fire at the next call. Delays and faults of a resource combine with it.
///
/// A fault that has not fired when the last handle to its [`Aws`](crate::Aws) is dropped makes the test fail: see
/// [`Aws::unfired`](crate::Aws::unfired).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Fault<E = AnyEffect> {
    place: Place,
    optional: bool,
    effect: E,
}

/// The start of a fault. Without an effect, the connection ends before the request arrives.
impl Fault {
    /// Creates a fault at the first call of an operation: `RunInstances`, or, where two services have operations of the
    /// same name, with IAM's prefix: `elasticloadbalancing:DescribeTags`. `ec2:*` is any operation of a service. A call
    /// of EC2 that only checks if it would succeed has a name of its own: `RunInstances (dry run)`.
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
        self.is_interruption(Interruption::DropCaller)
    }

    #[cfg(feature = "explorer")]
    pub(crate) fn is_panic(&self) -> bool {
        self.is_interruption(Interruption::Panic)
    }

    #[cfg(feature = "explorer")]
    fn is_interruption(&self, interruption: Interruption) -> bool {
        match &self.effect.0 {
            Effect::Disrupt(disruption) => disruption.way == Way::Interruption(interruption),
            Effect::Refuse(_) | Effect::Delay(_) | Effect::Fail(_) => false,
        }
    }

    fn at(on: On) -> Self {
        Self {
            place: Place::first(on),
            optional: false,
            effect: AnyEffect(Effect::Disrupt(Disruption::interruption(
                Interruption::Reset,
            ))),
        }
    }
}

/// The conditions, which every fault has.
impl<E> Fault<E> {
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

    /// Fires only at launches of that instance type.
    ///
    /// ```
    /// use geusemaker_testkit::Fault;
    ///
    /// // AWS accepts the first three launches in this zone, and ends them for want of capacity.
    /// let fault = Fault::on("RunInstances")
    ///     .of_type("g5.xlarge")
    ///     .in_zone("us-east-1a")
    ///     .times(3)
    ///     .fails("Server.InsufficientInstanceCapacity");
    /// # let _ = fault;
    /// ```
    pub fn of_type(mut self, instance_type: impl Into<String>) -> Self {
        self.place.of_type = Some(instance_type.into());
        self
    }

    /// Fires only at launches that ask for that zone, or for a subnet in it.
    pub fn in_zone(mut self, zone: impl Into<String>) -> Self {
        self.place.in_zone = Some(zone.into());
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
    /// if known, else 400; [`status`](Fault::status) sets another.
    pub fn answer(self, code: impl Into<String>) -> Fault<Refusal> {
        self.refused(Reason::Code(code.into()))
    }

    /// Refuses the call for lack of a permission, with the service's own code: `UnauthorizedOperation` on EC2.
    pub fn denied(self) -> Fault<Refusal> {
        self.refused(Reason::Denied)
    }

    /// Throttles the call, with the service's own code: `RequestLimitExceeded` on EC2, `Throttling` on CloudFront.
    pub fn throttled(self) -> Fault<Refusal> {
        self.refused(Reason::Throttled)
    }

    /// Fails inside AWS, with HTTP status 500 and the service's own code: `InternalError` on EC2.
    pub fn server_error(self) -> Fault<Refusal> {
        self.refused(Reason::ServerError)
    }

    /// Ends the connection before the request arrives: nothing happens, and the caller cannot know that.
    pub fn reset(self) -> Fault<Disruption> {
        self.interrupted(Interruption::Reset)
    }

    /// Lets the call take effect and loses the reply: the caller cannot know that it took effect.
    pub fn lose_reply(self) -> Fault<Disruption> {
        self.map(|_| Disruption::lost_reply())
    }

    /// Never answers.
    pub fn stall(self) -> Fault<Disruption> {
        self.interrupted(Interruption::Stall)
    }

    /// Delays the call for that long, in the account's time; at most for a century.
    pub fn delay(self, by: Duration) -> Fault<Disruption> {
        self.map(|_| Disruption::delay(by.min(CENTURY)))
    }

    /// Never answers, and signals through [`crate::Aws::caller_dropped`] that the future that waits for the answer must
    /// be dropped, as for a cancelled request or a Ctrl-C.
    pub fn drop_caller(self) -> Fault<Disruption> {
        self.interrupted(Interruption::DropCaller)
    }

    /// Panics in the task that makes the call, without the message of the panic hook. The payload is an
    /// [`crate::InjectedPanic`].
    pub fn panic(self) -> Fault<Disruption> {
        self.interrupted(Interruption::Panic)
    }

    fn refused(self, reason: Reason) -> Fault<Refusal> {
        self.map(|_| Refusal::because(reason))
    }

    fn interrupted(self, interruption: Interruption) -> Fault<Disruption> {
        self.map(|_| Disruption::interruption(interruption))
    }
}

/// Effects on the resource that the call is about. The call itself succeeds. Such a fault has fired only once it has
/// made a difference to the account: it waits for a call at which it can make one.
impl Fault {
    /// Keeps the resource forever in the state into which the call puts it.
    pub fn stuck(self) -> Fault<ResourceDelay> {
        self.map(|_| ResourceDelay { by: None })
    }

    /// Makes the resource take that much longer to reach the state that the call asks for; at most a century.
    pub fn slow(self, by: Duration) -> Fault<ResourceDelay> {
        let by = Some(by.min(CENTURY));
        self.map(|_| ResourceDelay { by })
    }

    /// Makes the resource end in the failure that AWS knows for its kind, with AWS's reason code for it: an instance is
    /// terminated (`Server.InsufficientInstanceCapacity`, `Server.InternalError`, `Server.SpotInstanceTermination`,
    /// `Client.VolumeLimitExceeded`, `Client.InvalidSnapshot.NotFound`), a load balancer is `failed`, a file system or
    /// mount target is in `error`, a target is `unhealthy` (`Target.Timeout`). The resource never comes up, unless
    /// [`later`](Fault::later) is given.
    pub fn fails(self, reason: impl Into<String>) -> Fault<ResourceFailure> {
        let reason = reason.into();
        self.map(|_| ResourceFailure {
            reason,
            later: None,
        })
    }
}

/// Settings of a refusal: [`answer`](Fault::answer), [`denied`](Fault::denied), [`throttled`](Fault::throttled) and
/// [`server_error`](Fault::server_error).
impl Fault<Refusal> {
    /// Sets the HTTP status of the refusal.
    pub fn status(mut self, status: u16) -> Self {
        self.effect.status = Some(status);
        self
    }

    /// Sets the message of the refusal.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.effect.message = Some(text.into());
        self
    }

    /// Lets the call take effect first, so that the fault changes only its answer. Without this, the call is refused
    /// before it reaches the account.
    pub fn after_effect(mut self) -> Self {
        self.effect.after_effect = true;
        self
    }
}

/// Settings of a disruption: [`reset`](Fault::reset), [`stall`](Fault::stall), [`delay`](Fault::delay),
/// [`drop_caller`](Fault::drop_caller) and [`panic`](Fault::panic).
impl Fault<Disruption> {
    /// Lets the call take effect first, so that the fault concerns only its answer. Without this, the call is disrupted
    /// before it reaches the account.
    pub fn after_effect(mut self) -> Self {
        self.effect.after_effect = true;
        self
    }
}

/// The setting of a failure of the resource: [`fails`](Fault::fails).
impl Fault<ResourceFailure> {
    /// Lets the resource come up first, and fail that long after; at most a century.
    pub fn later(mut self, after: Duration) -> Self {
        self.effect.later = Some(after.min(CENTURY));
        self
    }
}

impl<E> Fault<E> {
    fn map<F>(self, effect: impl FnOnce(E) -> F) -> Fault<F> {
        Fault {
            place: self.place,
            optional: self.optional,
            effect: effect(self.effect),
        }
    }
}

impl From<Fault<Refusal>> for Fault {
    fn from(fault: Fault<Refusal>) -> Self {
        fault.map(|refusal| AnyEffect(Effect::Refuse(refusal)))
    }
}

impl From<Fault<Disruption>> for Fault {
    fn from(fault: Fault<Disruption>) -> Self {
        fault.map(|disruption| AnyEffect(Effect::Disrupt(disruption)))
    }
}

impl From<Fault<ResourceDelay>> for Fault {
    fn from(fault: Fault<ResourceDelay>) -> Self {
        fault.map(|delay| AnyEffect(Effect::Delay(delay)))
    }
}

impl From<Fault<ResourceFailure>> for Fault {
    fn from(fault: Fault<ResourceFailure>) -> Self {
        fault.map(|failure| AnyEffect(Effect::Fail(failure)))
    }
}
