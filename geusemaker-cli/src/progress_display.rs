//! Progress on standard error: one line per event, and on a terminal a live line for each wait.

use std::collections::HashMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use geusemaker_core::{
    ClockSpeed, Listener, ProgressEvent, ProgressUpdate, Step, WaitId, WaitOutcome,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::short_id::shorten_ids;

/// The longest silence about a wait without a live line: CI systems end jobs that print nothing.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// Shows events with the elapsed time, which is the account's time: simulated time in the sandbox, on a socket too.
#[derive(Debug)]
pub(crate) struct ProgressDisplay {
    is_quiet: bool,
    start: Instant,
    speed: OnceLock<ClockSpeed>,
    live: Option<ProgressBar>,
    /// The last reported state of each wait, and its time.
    said: Mutex<HashMap<WaitId, (String, Instant)>>,
}

impl ProgressDisplay {
    pub(crate) fn new(is_quiet: bool) -> Self {
        let is_live = !is_quiet
            && std::io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            is_quiet,
            start: Instant::now(),
            speed: OnceLock::new(),
            live: is_live.then(live_line),
            said: Mutex::default(),
        }
    }

    /// Shows times of an account whose time passes at this speed.
    pub(crate) fn set_speed(&self, speed: ClockSpeed) {
        // The speed is set once, before the first event.
        let _ = self.speed.set(speed);
    }

    /// Returns the account's time since the command began.
    pub(crate) fn elapsed(&self) -> Duration {
        let here = self.start.elapsed();
        match self.speed.get() {
            Some(speed) => speed.in_account(here),
            None => here,
        }
    }

    /// Clears the live line.
    pub(crate) fn finish(&self) {
        if let Some(live) = &self.live {
            live.finish_and_clear();
        }
    }

    /// Prints a line that is not an event.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet {
            self.print(text);
        }
    }

    /// Prints a line that belongs to the result, but not on standard output.
    pub(crate) fn warn(&self, text: &str) {
        self.print(text);
    }

    fn print(&self, text: &str) {
        match &self.live {
            Some(live) => live.println(text),
            None => {
                // A closed standard error is no reason to stop.
                let _ = writeln!(std::io::stderr(), "{text}");
            }
        }
    }

    /// Returns true if the state of a wait is new, or if nothing was printed about it for long.
    fn is_news(&self, wait: WaitId, state: &str) -> bool {
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = match said.get(&wait) {
            Some((last, at)) => last != state || now - *at >= HEARTBEAT,
            None => true,
        };
        if is_news {
            said.insert(wait, (state.to_owned(), now));
        }
        is_news
    }
}

impl Listener for ProgressDisplay {
    fn on_event(&self, event: &ProgressEvent) {
        if self.is_quiet {
            return;
        }
        let line = format!(
            "{:>7}  {}",
            compact(self.elapsed()),
            shorten_ids(&event.to_string())
        );
        match (&event.update, &self.live) {
            // The result of the command says these.
            (ProgressUpdate::Failed { .. }, _)
            | (
                ProgressUpdate::Step {
                    step: Step::Committed { .. } | Step::Gone { .. },
                    ..
                },
                _,
            ) => {}
            (ProgressUpdate::Waiting { .. }, Some(live)) => live.set_message(line),
            (ProgressUpdate::Waiting { wait, state, .. }, None) if !self.is_news(*wait, state) => {}
            // The error that ended the wait says more.
            (
                ProgressUpdate::WaitEnded {
                    outcome: WaitOutcome::GivenUp,
                    ..
                },
                live,
            ) => {
                if let Some(live) = live {
                    live.set_message("");
                }
            }
            (ProgressUpdate::WaitEnded { .. }, Some(live)) => {
                live.set_message("");
                self.print(&line);
            }
            _ => self.print(&line),
        }
    }
}

/// Returns the line at the end of the terminal that says what is awaited.
fn live_line() -> ProgressBar {
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{wide_msg}") {
        Ok(style) => line.with_style(style),
        // The template is constant, and tests of the terminal see it.
        Err(_) => line,
    }
}

/// Formats a duration as people write it: `6m40s`.
pub(crate) fn compact(duration: Duration) -> String {
    let total = duration.as_secs();
    match (total / 3600, total / 60 % 60, total % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes:02}m{seconds:02}s"),
    }
}
