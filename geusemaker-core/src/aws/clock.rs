//! The only clock of this crate: the sleep and the time source of the SDK configuration.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use jiff::Timestamp;

/// The clock that the SDK's retries, the waits of this crate and a simulator in the same process share.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    sleep: SharedAsyncSleep,
    time: SharedTimeSource,
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
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        // A time outside jiff's range is thousands of years away.
        Timestamp::try_from(self.time.now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns the time since `start`. If the clock was set back, the result is zero.
    pub(crate) fn since(&self, start: Timestamp) -> Duration {
        Duration::try_from(self.now().duration_since(start)).unwrap_or(Duration::ZERO)
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.sleep.sleep(duration).await;
    }
}
