//! The simulator's time, which is also the time of every SDK client that it configures.

use std::time::Duration;

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use jiff::Timestamp;

/// One clock for the account, the SDK's retries and waiters, and the program under test.
///
/// It follows tokio's clock. Under a paused runtime (`#[tokio::test(start_paused = true)]`) time is virtual: it jumps
/// to the next moment that any task waits for, and half an hour takes no time at all. Under a running one it is real
/// time, `speed` times as fast.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use geusemaker_testkit::Aws;
///
/// let aws = Aws::new();
/// assert_eq!(aws.clock().now().to_string(), "2026-11-01T00:00:00Z");
/// aws.clock().sleep(Duration::from_secs(30 * 60)).await; // at once
/// assert_eq!(aws.clock().now().to_string(), "2026-11-01T00:30:00Z");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Clock {
    epoch: Timestamp,
    start: tokio::time::Instant,
    speed: f64,
}

impl Clock {
    /// Creates a clock that shows `epoch` now and runs at tokio's speed.
    #[must_use]
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self {
            epoch,
            start: tokio::time::Instant::now(),
            speed: 1.0,
        }
    }

    /// Makes the clock run `speed` times as fast as tokio's; values that are not positive numbers are taken as 1.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = if speed.is_finite() && speed > 0.0 {
            speed
        } else {
            1.0
        };
        self
    }

    /// Returns the time that the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        // Saturation is millions of years away.
        self.epoch
            .checked_add(self.elapsed())
            .unwrap_or(Timestamp::MAX)
    }

    /// Returns the time that has passed on this clock since its creation.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        seconds(self.start.elapsed().as_secs_f64() * self.speed)
    }

    /// Waits for a duration of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.real(duration)).await;
    }

    /// Returns the time that tokio waits for a duration of this clock's time.
    pub(crate) fn real(&self, duration: Duration) -> Duration {
        seconds(duration.as_secs_f64() / self.speed)
    }

    /// Returns the clock as the SDK's sleep.
    #[must_use]
    pub fn async_sleep(&self) -> SharedAsyncSleep {
        SharedAsyncSleep::new(self.clone())
    }

    /// Returns the clock as the SDK's time source.
    #[must_use]
    pub fn time_source(&self) -> SharedTimeSource {
        SharedTimeSource::new(self.clone())
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(self.real(duration)))
    }
}

impl TimeSource for Clock {
    fn now(&self) -> std::time::SystemTime {
        Self::now(self).into()
    }
}

/// Converts seconds to a duration. Values that a duration cannot hold become the longest duration.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_smithy_async::rt::sleep::AsyncSleep as _;
    use jiff::Timestamp;

    use super::Clock;

    #[tokio::test(start_paused = true)]
    async fn fast_clock_outruns_tokio() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH).speed(60.0);
        clock.sleep(Duration::from_secs(600)).await;
        assert_eq!(clock.now(), Timestamp::from_second(600).unwrap());
        assert_eq!(
            tokio::time::Instant::now() - clock.start,
            Duration::from_secs(10)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn extreme_speeds_keep_time_running() {
        for speed in [
            0.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
            f64::MIN_POSITIVE,
            f64::MAX,
        ] {
            let clock = Clock::starting_at(Timestamp::UNIX_EPOCH).speed(speed);
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(clock.now() >= Timestamp::UNIX_EPOCH, "{speed}");
            drop(clock.async_sleep().sleep(Duration::from_secs(1)));
        }
    }
}
