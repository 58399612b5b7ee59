//! The context that every command works with.

use std::sync::Arc;

use geusemaker_core::Session;

use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::progress_display::{ProgressDisplay, compact};

/// A session, and the means to talk to the person at the terminal.
pub(crate) struct Context {
    pub(crate) session: Session,
    pub(crate) is_sandbox: bool,
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

    /// Returns the time since the command began, and says where it is simulated time: `simulated 7m11s`.
    pub(crate) fn elapsed(&self) -> String {
        let elapsed = compact(self.display.elapsed());
        if self.is_sandbox {
            format!("simulated {elapsed}")
        } else {
            elapsed
        }
    }

    /// Returns the command line that runs this program on the same account and journals.
    pub(crate) fn command(&self, words: &str) -> String {
        let sandbox = if self.is_sandbox { " --sandbox" } else { "" };
        format!("gm {words}{sandbox}")
    }
}
