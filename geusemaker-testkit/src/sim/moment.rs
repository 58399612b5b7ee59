//! The moment of a call: what a service needs to answer it, beside what it holds itself.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::capacity::Capacity;
use super::fate::Fate;
use super::guest::Guest;
use super::quota::Quotas;
use super::timings::{Dice, Step};

/// When and where a call is answered.
pub(crate) struct Moment<'a> {
    pub(crate) now: Timestamp,
    pub(crate) account_id: &'a str,
    pub(crate) region: &'a str,
    pub(crate) dice: &'a mut Dice,
    pub(crate) guest: &'a Arc<dyn Guest>,
    /// What becomes of what the call is about.
    pub(crate) fate: &'a Fate,
    /// How much of everything there may be.
    pub(crate) quotas: &'a Quotas,
    /// Where AWS has machines.
    pub(crate) capacity: &'a Capacity,
}

impl Moment<'_> {
    /// How long a step of the resource takes that the call is about.
    pub(crate) fn duration(&mut self, step: Step) -> Duration {
        self.fate.duration(self.dice.duration(step))
    }
}
