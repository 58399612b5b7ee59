//! The pause of a wait whose credentials have expired, until the user has signed in again.

use std::time::Duration;

use crate::aws::clock::Clock;
use crate::aws::error::AwsError;
use crate::aws::error_class::ErrorClass;
use crate::progress::Progress;
use crate::progress::event::ProgressUpdate;

/// The time that the user has to sign in again.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

const PAUSE: Duration = Duration::from_secs(15);

/// The pauses of one wait because of expired credentials.
#[derive(Debug, Default)]
pub(crate) struct ReauthWait {
    paused: Duration,
}

impl ReauthWait {
    /// Pauses for a while and returns true if the error says that the credentials are not accepted. The next call is
    /// then worth an attempt, because the SDK asks its provider for credentials again. Returns false for any other
    /// error, and once the longest pause is used up.
    pub(crate) async fn pause(
        &mut self,
        error: &AwsError,
        clock: &Clock,
        progress: &Progress,
    ) -> bool {
        if error.class != ErrorClass::Credentials || self.paused >= PATIENCE {
            return false;
        }
        if self.paused.is_zero() {
            progress.tell(ProgressUpdate::SignInNeeded {
                error: error.clone(),
                patience: PATIENCE,
            });
        }
        clock.sleep(PAUSE).await;
        self.paused += PAUSE;
        true
    }

    /// Returns the total time of the pauses, which counts against no deadline.
    pub(crate) fn paused(&self) -> Duration {
        self.paused
    }
}
