//! The simulator's time, which is also the time of every SDK client that it configures.

use std::time::Duration;

use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use jiff::Timestamp;

/// One clock for the account, the SDK's retries and waiters, and the program under test.
///
/// It follows tokio's clock. Under a paused runtime (`#[tokio::test(start_paused = true)]`) time is virtual: it jumps
/// to the next thing that anybody waits for, and half an hour takes no time at all. On a running one it is real time,
/// `speed` times as fast.
#[derive(Clone, Debug)]
pub struct Clock {
    epoch: Timestamp,
    start: tokio::time::Instant,
    speed: f64,
}

impl Clock {
    /// A clock that shows `epoch` now and runs at tokio's speed.
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

    /// What the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        // Saturation is millions of years away.
        self.epoch
            .checked_add(self.elapsed())
            .unwrap_or(Timestamp::MAX)
    }

    /// How much time has gone by on this clock since it was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        seconds(self.start.elapsed().as_secs_f64() * self.speed)
    }

    /// Waits for a duration of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.real(duration)).await;
    }

    /// How long tokio waits for a duration of this clock's time.
    fn real(&self, duration: Duration) -> Duration {
        seconds(duration.as_secs_f64() / self.speed)
    }

    /// The clock as the SDK's sleep.
    #[must_use]
    pub fn async_sleep(&self) -> SharedAsyncSleep {
        SharedAsyncSleep::new(self.clone())
    }

    /// The clock as the SDK's time source.
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

/// More than a duration can hold is the longest that there is, at whatever speed.
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
    async fn a_fast_clock_shows_more_time_than_tokio_waits() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH).speed(60.0);
        clock.sleep(Duration::from_secs(600)).await;
        assert_eq!(clock.now(), Timestamp::from_second(600).unwrap());
        assert_eq!(
            tokio::time::Instant::now() - clock.start,
            Duration::from_secs(10)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn no_speed_is_so_odd_that_time_fails() {
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
