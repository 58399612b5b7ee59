//! The time since the command began, in the account's time: simulated time in the sandbox, on a socket too.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use geusemaker_core::ClockSpeed;
use tokio::time::Instant;

/// Measures the time since the command began. Its clones are the same stopwatch.
#[derive(Clone, Debug)]
pub(crate) struct Stopwatch {
    start: Instant,
    speed: Arc<OnceLock<ClockSpeed>>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            speed: Arc::default(),
        }
    }

    /// Measures the time of an account whose time passes at this speed.
    pub(crate) fn set_speed(&self, speed: ClockSpeed) {
        // The speed is set once, before the first event.
        let _ = self.speed.set(speed);
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.in_account(self.start.elapsed())
    }

    /// Returns the account's time during this time of the machine.
    pub(crate) fn in_account(&self, here: Duration) -> Duration {
        match self.speed.get() {
            Some(speed) => speed.in_account(here),
            None => here,
        }
    }
}
