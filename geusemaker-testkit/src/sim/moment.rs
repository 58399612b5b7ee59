//! The moment of a call: what a service needs to answer it, beside what it holds itself.

use std::sync::Arc;

use jiff::Timestamp;

use super::guest::Guest;
use super::timings::Dice;

/// When and where a call is answered.
pub(crate) struct Moment<'a> {
    pub(crate) now: Timestamp,
    pub(crate) account_id: &'a str,
    pub(crate) region: &'a str,
    pub(crate) dice: &'a mut Dice,
    pub(crate) guest: &'a Arc<dyn Guest>,
}
