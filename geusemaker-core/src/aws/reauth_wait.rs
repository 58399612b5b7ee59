//! Credentials that run out while AWS is waited for: the wait pauses until somebody has signed in again.

use std::time::Duration;

use super::clock::Clock;
use super::error::{AwsError, ErrorClass};
use crate::progress::{Progress, ProgressEvent};

/// The pauses of one wait for want of credentials.
#[derive(Debug, Default)]
pub(crate) struct ReauthWait {
    paused: Duration,
}

impl ReauthWait {
    /// If the error is that the credentials are not accepted, pauses for a while and says that it is worth another
    /// look; the SDK asks its provider for credentials again then.
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
            progress.tell(ProgressEvent::SignInNeeded {
                error: error.clone(),
                patience: PATIENCE,
            });
        }
        clock.sleep(PAUSE).await;
        self.paused += PAUSE;
        true
    }

    /// How much time the pauses took, which counts against no deadline.
    pub(crate) fn paused(&self) -> Duration {
        self.paused
    }
}

/// How long somebody has to sign in again.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

const PAUSE: Duration = Duration::from_secs(15);
