//! What the commands work with.

use std::sync::Arc;

use geusemaker_core::Session;

use crate::progress_display::ProgressDisplay;

/// A session, and how to speak to the person at the terminal.
pub(crate) struct Context {
    pub(crate) session: Session,
    pub(crate) is_sandbox: bool,
    pub(crate) display: Arc<ProgressDisplay>,
}

impl Context {
    /// The words that call this program on the same account and journals.
    pub(crate) fn command(&self, words: &str) -> String {
        let sandbox = if self.is_sandbox { " --sandbox" } else { "" };
        format!("gm {words}{sandbox}")
    }
}
