//! The time for which AWS has not answered.

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::clock::Clock;
use crate::aws::error::AwsError;

/// The time since which every call has failed without an answer. Any other result ends it.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    since: Option<Timestamp>,
}

impl Silence {
    /// Takes in the result of a call, and returns how long there has been no answer.
    pub(crate) fn after(&mut self, error: Option<&AwsError>, clock: &Clock) -> Duration {
        if error.is_some_and(|error| error.class.is_no_answer()) {
            clock.since(*self.since.get_or_insert_with(|| clock.now()))
        } else {
            self.since = None;
            Duration::ZERO
        }
    }
}
