//! The context that every command works with.

use std::sync::Arc;
use std::time::Duration;

use geusemaker_core::words::duration;
use geusemaker_core::{Remote, SdkConfig, Session, Undone};

use crate::arguments::{Name, Output};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::internet::Simulated;
use crate::interrupt::{self, Interrupts};
use crate::progress_display::ProgressDisplay;
use crate::settings::Settings;
use crate::state_directory::StateDirectory;

/// The time that a call under way has after a signal.
const MOMENT: Duration = Duration::from_secs(3);

/// A session, and the means to talk to the person at the terminal.
pub(crate) struct Context {
    pub(crate) session: Session,
    pub(crate) is_sandbox: bool,
    pub(crate) state: StateDirectory,
    /// The configuration of the SDK.
    pub(crate) config: SdkConfig,
    /// The internet of the sandbox in this process.
    pub(crate) simulated_internet: Option<Simulated>,
    pub(crate) output: Output,
    pub(crate) settings: Settings,
    pub(crate) display: Arc<ProgressDisplay>,
    pub(crate) interrupts: Interrupts,
}

impl Context {
    /// Runs work that changes nothing, unless a signal ends it.
    pub(crate) async fn unless_interrupted<T>(
        &self,
        reading: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            read = reading => read,
            code = self.interrupts.next() => Err(Failure::stopped(code)),
        }
    }

    /// Returns the instances of a stack from afar, unless a signal ends that.
    pub(crate) async fn remote(&self, name: &Name) -> Result<Remote, Failure> {
        self.unless_interrupted(async { Ok(self.session.remote(&name.name).await?) })
            .await
    }

    /// Runs work that a signal ends only a moment later, because the result of a call under way is needed. Returns the
    /// result, if there is one, and the exit code of the signal.
    pub(crate) async fn even_if_interrupted<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> (Option<T>, Option<ExitCode>) {
        let mut work = std::pin::pin!(work);
        let code = tokio::select! {
            done = &mut work => return (Some(done), None),
            code = self.interrupts.next() => code,
        };
        (tokio::time::timeout(MOMENT, work).await.ok(), Some(code))
    }

    /// Runs a change of a stack in use. After a signal the call under way is finished; the failure then says what may be
    /// done half way, and which command goes on.
    pub(crate) async fn finished<T>(
        &self,
        change: impl Future<Output = T>,
        next: &str,
        half_way: &str,
    ) -> Result<T, Failure> {
        let code = tokio::select! {
            done = change => return Ok(done),
            code = self.interrupts.next() => code,
        };
        self.display
            .note(&interrupt::answer(code, "finishing the current call", next));
        tokio::select! {
            _ = self.session.close() => {}
            _ = self.interrupts.next() => {}
        }
        Err(Failure::interrupted(code, Undone::default(), next.to_owned()).state(half_way))
    }

    /// Returns the time since the command began, and says where it is simulated time: `simulated 7m11s`.
    pub(crate) fn elapsed(&self) -> String {
        let elapsed = duration(self.display.elapsed());
        if self.is_sandbox {
            format!("simulated {elapsed}")
        } else {
            elapsed
        }
    }

    /// Returns the command line that runs this program on the same account and journals.
    pub(crate) fn command(&self, words: &str) -> String {
        let options = self.settings.options_of_place();
        format!("gm {words}{options}")
    }
}
