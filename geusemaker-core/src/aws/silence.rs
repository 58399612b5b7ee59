//! For how long AWS has not answered.

use std::time::Duration;

use jiff::Timestamp;

use super::clock::Clock;
use super::error::AwsError;

/// How long nothing but failures has come back; any other answer ends it.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    since: Option<Timestamp>,
}

impl Silence {
    /// Takes in what a call has come to, and says for how long there has been no answer.
    pub(crate) fn after(&mut self, error: Option<&AwsError>, clock: &Clock) -> Duration {
        if error.is_some_and(|error| error.class.is_no_answer()) {
            clock.since(*self.since.get_or_insert_with(|| clock.now()))
        } else {
            self.since = None;
            Duration::ZERO
        }
    }
}
