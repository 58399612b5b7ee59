//! The kinds of faults that can happen at a call.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::fault::Fault;

/// A kind of fault that can happen at a call: a fault without a place, for the explorer to put at each call.
#[derive(Clone)]
pub struct FaultKind {
    name: Cow<'static, str>,
    fault_kind: Arc<dyn Fn(Fault) -> Fault + Send + Sync>,
}

impl FaultKind {
    /// Creates a custom kind, from a function that turns a fault at the call into the wanted one.
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
    pub fn new<F: Into<Fault>>(
        name: impl Into<Cow<'static, str>>,
        fault_kind: impl Fn(Fault) -> F + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            fault_kind: Arc::new(move |fault| fault_kind(fault).into()),
        }
    }

    /// Returns all kinds that are defined below.
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

    /// Refuses the call permanently, for lack of a permission.
    #[must_use]
    pub fn denied() -> Self {
        Self::new("denied", Fault::denied)
    }

    /// Throttles the call and its retries, twenty times.
    #[must_use]
    pub fn throttled() -> Self {
        Self::new("throttled 20 times", |fault| fault.throttled().times(20))
    }

    /// Makes the call and all later ones of its operation fail inside AWS.
    #[must_use]
    pub fn server_errors() -> Self {
        Self::new("500 for ever", |fault| fault.server_error().forever())
    }

    /// Ends the connection before the request arrives.
    #[must_use]
    pub fn reset() -> Self {
        Self::new("reset", Fault::reset)
    }

    /// Lets the call take effect, and ends the connection before the reply.
    #[must_use]
    pub fn reply_lost() -> Self {
        Self::new("reply lost", Fault::lose_reply)
    }

    /// Never answers the call.
    #[must_use]
    pub fn stall() -> Self {
        Self::new("stall", Fault::stall)
    }

    /// Drops the scenario's future before the call takes effect.
    #[must_use]
    pub fn caller_dropped() -> Self {
        Self::new("caller dropped before", Fault::drop_caller)
    }

    /// Drops the scenario's future after the call has taken effect.
    #[must_use]
    pub fn caller_dropped_after() -> Self {
        Self::new("caller dropped after", |fault| {
            fault.drop_caller().after_effect()
        })
    }

    /// Makes the calling task panic before the call takes effect.
    #[must_use]
    pub fn panic() -> Self {
        Self::new("panic before", Fault::panic)
    }

    /// Makes the calling task panic after the call has taken effect.
    #[must_use]
    pub fn panic_after() -> Self {
        Self::new("panic after", |fault| fault.panic().after_effect())
    }

    /// Returns the name that reports use.
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
