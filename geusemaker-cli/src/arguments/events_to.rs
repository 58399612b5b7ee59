//! The option for the events of a command.

use std::path::{Path, PathBuf};

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct EventsTo {
    /// Write each event as a line of JSON to this file, the last with the outcome; - is standard output, and text that is
    /// the result then goes to standard error
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
}

/// A place for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventsPlace<'a> {
    StandardOutput,
    File(&'a Path),
}

impl EventsTo {
    /// Returns the place that the command line names.
    pub(super) fn place(&self) -> Option<EventsPlace<'_>> {
        let file = self.events.as_deref()?;
        Some(match file.to_str() {
            Some("-") => EventsPlace::StandardOutput,
            _ => EventsPlace::File(file),
        })
    }
}
