//! The moment of a call: what a service needs to answer it, beside what it holds itself.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::capacity::Capacity;
use super::guest::Guest;
use super::lifecycle::LifecycleOverride;
use super::quota::Quotas;
use super::timings::{Rng, Step};

/// When and where a call is answered.
pub(crate) struct RequestContext<'a> {
    pub(crate) now: Timestamp,
    pub(crate) account_id: &'a str,
    pub(crate) region: &'a str,
    pub(crate) rng: &'a mut Rng,
    pub(crate) guest: &'a Arc<dyn Guest>,
    /// What becomes of what the call is about.
    pub(crate) lifecycle: &'a LifecycleOverride,
    /// How much of everything there may be.
    pub(crate) quotas: &'a Quotas,
    /// Where AWS has machines.
    pub(crate) capacity: &'a Capacity,
}

impl RequestContext<'_> {
    /// How long a step of the resource takes that the call is about.
    pub(crate) fn duration(&mut self, step: Step) -> Duration {
        self.lifecycle.duration(self.rng.duration(step))
    }
}
