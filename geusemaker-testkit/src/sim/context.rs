//! The context of a call: the data that a service needs to answer it, beside its own state.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::capacity::Capacity;
use super::guest::{Guest, Software};
use super::lifecycle::LifecycleOverride;
use super::quota::Quotas;
use super::timings::{Rng, Step};

/// The time and place at which a call is answered, and its conditions.
pub(crate) struct RequestContext<'a> {
    pub(crate) now: Timestamp,
    pub(crate) account_id: &'a str,
    pub(crate) region: &'a str,
    pub(crate) rng: &'a mut Rng,
    pub(crate) guest: &'a Arc<dyn Guest>,
    /// The override for the resource that the call is about.
    pub(crate) lifecycle: &'a LifecycleOverride,
    /// The quotas of the account.
    pub(crate) quotas: &'a Quotas,
    /// The zones' capacity.
    pub(crate) capacity: &'a Capacity,
}

impl RequestContext<'_> {
    /// Returns the software of the instances.
    pub(crate) fn software(&self) -> Software<'_> {
        Software {
            guest: &**self.guest,
            timings: self.rng.timings(),
        }
    }

    /// Returns the duration of a step of the resource that the call is about.
    pub(crate) fn duration(&mut self, step: Step) -> Duration {
        self.lifecycle.duration(self.rng.duration(step))
    }
}
