//! The only clock of this crate: the sleep and the time source of the SDK configuration, at the account's speed.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use jiff::Timestamp;

use super::clock_speed::ClockSpeed;

/// The clock that the SDK's retries, the waits of this crate and a simulator in the same process share.
///
/// Durations are the account's; points in time are this machine's, so that processes can compare them.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    sleep: SharedAsyncSleep,
    time: SharedTimeSource,
    speed: ClockSpeed,
}

impl Clock {
    pub(crate) fn of(config: &SdkConfig) -> Self {
        Self {
            sleep: config
                .sleep_impl()
                .unwrap_or_else(|| SharedAsyncSleep::new(TokioSleep::new())),
            time: config
                .time_source()
                .unwrap_or_else(|| SharedTimeSource::new(SystemTimeSource::new())),
            speed: ClockSpeed::OF_AWS,
        }
    }

    /// Returns this clock for an account whose time passes at this speed.
    pub(crate) fn at_speed(&self, speed: ClockSpeed) -> Self {
        Self {
            speed,
            ..self.clone()
        }
    }

    /// Returns this clock at the speed at which time passes here, for what processes agree on with each other.
    pub(crate) fn of_this_machine(&self) -> Self {
        self.at_speed(ClockSpeed::OF_AWS)
    }

    pub(crate) fn now(&self) -> Timestamp {
        // A time outside jiff's range is thousands of years away.
        Timestamp::try_from(self.time.now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns the account's time since `start`. If the clock was set back, the result is zero.
    pub(crate) fn since(&self, start: Timestamp) -> Duration {
        let here = Duration::try_from(self.now().duration_since(start)).unwrap_or(Duration::ZERO);
        self.speed.in_account(here)
    }

    /// Waits for a duration of the account's time.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.sleep.sleep(self.speed.here(duration)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use geusemaker_testkit::Aws;

    use super::Clock;

    #[tokio::test(start_paused = true)]
    async fn fast_account_shortens_waits() {
        let here = Clock::of(&Aws::new().sdk_config());
        let clock = here.at_speed("60".parse().unwrap());
        let start = clock.now();
        clock.sleep(Duration::from_secs(600)).await;
        assert_eq!(here.since(start), Duration::from_secs(10));
        assert_eq!(clock.since(start), Duration::from_secs(600));
        let machine = clock.of_this_machine();
        assert_eq!(machine.since(start), Duration::from_secs(10));
        // Points in time stay comparable between processes.
        assert_eq!(clock.now(), here.now());
    }
}
