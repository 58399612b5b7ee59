//! The builder of a session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;

use super::{Inner, Session};
use crate::aws::clock_speed::{ClockSpeed, ensure_simulated};
use crate::error::Error;
use crate::journal::journals::Journals;
use crate::ledger::cleanup::Cleaner;
use crate::progress::event::ProgressEvent;
use crate::progress::{Audience, Listener};
use crate::wait::timeouts::{Stage, Timeouts};

/// A builder of a [`Session`].
///
/// | setter | default |
/// |---|---|
/// | [`listener`](Self::listener) | nothing hears of the progress |
/// | [`clock_speed`](Self::clock_speed) | time passes as it does at AWS |
/// | [`keep_dropped`](Self::keep_dropped) | a deployment that is dropped is undone |
/// | [`timeout`](Self::timeout) | the time limits of the spec, and of each [`Stage`] |
/// | [`default_timeout`](Self::default_timeout) | the time limits of this crate, where the spec has none |
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), geusemaker_core::Error> {
/// # let folder = tempfile::tempdir().unwrap();
/// # let config = geusemaker_testkit::Aws::new().sdk_config();
/// use geusemaker_core::{Journals, ProgressEvent, Session};
///
/// // `Session::config_from_environment().await` for a real account.
/// let session = Session::builder(config, Journals::in_folder(folder.path())?)
///     .listener(|event: &ProgressEvent| eprintln!("{event}"))
///     .build()?;
/// # session.close().await.into_result()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Clone)]
pub struct SessionBuilder {
    config: SdkConfig,
    journals: Journals,
    listener: Arc<dyn Listener>,
    speed: ClockSpeed,
    keeps_dropped: bool,
    timeouts: Timeouts,
}

impl SessionBuilder {
    pub(super) fn new(config: SdkConfig, journals: Journals) -> Self {
        Self {
            config,
            journals,
            listener: Arc::new(|_: &ProgressEvent| {}),
            speed: ClockSpeed::OF_AWS,
            keeps_dropped: false,
            timeouts: Timeouts::default(),
        }
    }

    /// Sets the listener that receives the progress events of all deployments of the session.
    pub fn listener(self, listener: impl Listener + 'static) -> Self {
        Self {
            listener: Arc::new(Audience::new(listener)),
            ..self
        }
    }

    /// Sets the speed of the account's time, for an account that is simulated in another process on this machine. All
    /// durations of the session are then the account's: pauses between polls and before retries, deadlines, and the
    /// times that the listener hears of. Call timeouts, and what processes compare with each other in the journal, stay
    /// as they are.
    pub fn clock_speed(self, speed: ClockSpeed) -> Self {
        Self { speed, ..self }
    }

    /// Keeps deployments that are dropped instead of undoing them; see [`Session::keep_dropped`].
    pub fn keep_dropped(self) -> Self {
        Self {
            keeps_dropped: true,
            ..self
        }
    }

    /// Sets the time limit of a stage, for this session alone: in place of that of the spec, or of this crate. For a stack
    /// that only needs more time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), geusemaker_core::Error> {
    /// # let config = geusemaker_testkit::Aws::new().sdk_config();
    /// use std::time::Duration;
    ///
    /// use geusemaker_core::{Journals, Session, Stage};
    ///
    /// let session = Session::builder(config, Journals::in_memory())
    ///     .timeout(Stage::Cdn, Duration::from_secs(2 * 60 * 60))
    ///     .build()?;
    /// # session.close().await.into_result()
    /// # }
    /// ```
    pub fn timeout(mut self, stage: Stage, limit: Duration) -> Self {
        self.timeouts.set(stage, limit);
        self
    }

    /// Sets the time limit of a stage for stacks whose specs have none, or have the default of this crate.
    pub fn default_timeout(mut self, stage: Stage, limit: Duration) -> Self {
        self.timeouts.set_default(stage, limit);
        self
    }

    /// Creates the session.
    ///
    /// # Errors
    /// Returns [`Error::NotSimulated`] if a clock speed is set and a service's calls leave this machine: AWS must not be
    /// polled faster than in real time.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub fn build(self) -> Result<Session, Error> {
        if self.speed != ClockSpeed::OF_AWS {
            ensure_simulated(&self.config)?;
        }
        Ok(self.start())
    }

    /// Creates the session of a checked builder.
    pub(super) fn start(self) -> Session {
        let Self {
            config,
            journals,
            listener,
            speed,
            keeps_dropped,
            timeouts,
        } = self;
        let cleaner = Cleaner::start();
        if keeps_dropped {
            cleaner.handle().keep_dropped();
        }
        Session {
            inner: Arc::new(Inner {
                config,
                journals,
                listener,
                speed,
                timeouts,
                cleaner,
            }),
        }
    }
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("journals", &self.journals)
            .field("speed", &self.speed)
            .field("keeps_dropped", &self.keeps_dropped)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
