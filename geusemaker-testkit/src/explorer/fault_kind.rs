//! What can go wrong at a call.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::fault::Fault;

/// A way in which a call can go wrong.
#[derive(Clone)]
pub struct FaultKind {
    name: Cow<'static, str>,
    fault_kind: Arc<dyn Fn(Fault) -> Fault + Send + Sync>,
}

impl FaultKind {
    /// A fault kind of your own: what it makes of a fault at the call.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use geusemaker_testkit::FaultKind;
    ///
    /// let late = FaultKind::new("late", |fault| fault.delay(Duration::from_secs(90)));
    /// // Not every call is about something that can be stuck.
    /// let stuck = FaultKind::new("stuck", |fault| fault.stuck().optional());
    /// # let _ = (late, stuck);
    /// ```
    #[must_use]
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        fault_kind: impl Fn(Fault) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            fault_kind: Arc::new(fault_kind),
        }
    }

    /// All of the following.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![
            Self::denied(),
            Self::throttled(),
            Self::server_errors(),
            Self::reset(),
            Self::reply_lost(),
            Self::stall(),
            Self::caller_dropped(),
            Self::caller_dropped_after(),
            Self::panic(),
            Self::panic_after(),
        ]
    }

    /// The call is refused for good, for want of a permission.
    #[must_use]
    pub fn denied() -> Self {
        Self::new("denied", Fault::denied)
    }

    /// The call and its retries are throttled, twenty times.
    #[must_use]
    pub fn throttled() -> Self {
        Self::new("throttled 20 times", |fault| fault.throttled().times(20))
    }

    /// The call and all later ones of its operation fail within AWS.
    #[must_use]
    pub fn server_errors() -> Self {
        Self::new("500 for ever", |fault| fault.server_error().forever())
    }

    /// The connection ends before the request arrives.
    #[must_use]
    pub fn reset() -> Self {
        Self::new("reset", Fault::reset)
    }

    /// The call takes effect, and the connection ends before the reply.
    #[must_use]
    pub fn reply_lost() -> Self {
        Self::new("reply lost", Fault::lose_reply)
    }

    /// The call is never answered.
    #[must_use]
    pub fn stall() -> Self {
        Self::new("stall", Fault::stall)
    }

    /// The scenario's future is dropped before the call takes effect.
    #[must_use]
    pub fn caller_dropped() -> Self {
        Self::new("caller dropped before", Fault::drop_caller)
    }

    /// The scenario's future is dropped when the call has taken effect.
    #[must_use]
    pub fn caller_dropped_after() -> Self {
        Self::new("caller dropped after", |fault| {
            fault.drop_caller().after_effect()
        })
    }

    /// The task that makes the call panics before it takes effect.
    #[must_use]
    pub fn panic() -> Self {
        Self::new("panic before", Fault::panic)
    }

    /// The task that makes the call panics when it has taken effect.
    #[must_use]
    pub fn panic_after() -> Self {
        Self::new("panic after", |fault| fault.panic().after_effect())
    }

    /// What the report calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn at(&self, fault: Fault) -> Fault {
        (self.fault_kind)(fault)
    }
}

impl fmt::Debug for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FaultKind").field(&self.name).finish()
    }
}
