//! Progress on standard error: one line per event, and on a terminal a live line for each wait.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use geusemaker_core::id::ResourceId;
use geusemaker_core::words::duration;
use geusemaker_core::{
    ClockSpeed, Listener, NextAttempt, ProgressEvent, ProgressUpdate, Step, WaitId, WaitOutcome,
};
use tokio::time::Instant;

use crate::live_line::{LiveLine, Subject};
use crate::screen::Screen;
use crate::short_id::shorten_ids;

/// The longest silence about a wait without a live line: CI systems end jobs that print nothing.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// Shows events with the elapsed time, which is the account's time: simulated time in the sandbox, on a socket too.
#[derive(Debug)]
pub(crate) struct ProgressDisplay {
    is_quiet: bool,
    /// True if everything is shown, also what nobody has to know.
    is_verbose: bool,
    screen: Screen,
    said: Mutex<Said>,
}

/// The words that have been said, or are to be said, so that nothing is said twice.
#[derive(Debug, Default)]
struct Said {
    /// The last reported state of each wait, and its time.
    states: HashMap<WaitId, (String, Instant)>,
    /// The durations of deletions that are waited for.
    deletions: HashMap<ResourceId, Duration>,
    /// The type and market of each place that had no capacity: `g5.xlarge on-demand`.
    refused: Vec<String>,
    undo: Undo,
}

/// The words for the undo that a failure or a signal brings about.
#[derive(Debug, Default)]
enum Undo {
    /// Those of the events.
    #[default]
    AsEvents,
    /// These, once.
    Words(&'static str),
    /// They have been said.
    Said,
}

impl ProgressDisplay {
    pub(crate) fn new(screen: Screen, is_quiet: bool, is_verbose: bool) -> Self {
        Self {
            is_quiet,
            is_verbose,
            screen,
            said: Mutex::default(),
        }
    }

    /// Shows times of an account whose time passes at this speed.
    pub(crate) fn set_speed(&self, speed: ClockSpeed) {
        self.screen.stopwatch().set_speed(speed);
    }

    /// Returns the account's time since the command began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.screen.stopwatch().elapsed()
    }

    pub(crate) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Removes the live lines.
    pub(crate) fn finish(&self) {
        self.screen.clear();
    }

    /// Prints a line that is not an event.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet {
            self.screen.print(text);
        }
    }

    /// Prints a line that nobody has to know.
    #[cfg(feature = "sandbox")]
    pub(crate) fn note_if_verbose(&self, text: &str) {
        if self.is_verbose {
            self.note(text);
        }
    }

    /// Prints a line that belongs to the result, but not on standard output.
    pub(crate) fn warn(&self, text: &str) {
        self.screen.print(text);
    }

    /// Says these words, instead of those of the events, when a failure begins to be undone.
    pub(crate) fn plan_undo(&self, words: &'static str) {
        self.said().undo = Undo::Words(words);
    }

    /// Says now what is undone, unless it has been said; the events say no more about it.
    pub(crate) fn say_undo(&self, words: &'static str) {
        let before = std::mem::replace(&mut self.said().undo, Undo::Said);
        if !matches!(before, Undo::Said) {
            self.note(&self.timed(words));
        }
    }

    /// Says now what is undone, whatever has been said before.
    pub(crate) fn announce_undo(&self, words: &str) {
        self.note_undo(&self.timed(words));
    }

    /// Prints these words now, and lets the events say no more about the undo.
    pub(crate) fn note_undo(&self, words: &str) {
        self.said().undo = Undo::Said;
        self.note(words);
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a line with the elapsed time.
    fn timed(&self, text: &str) -> String {
        format!("{:>7}  {}", duration(self.elapsed()), shorten_ids(text))
    }

    /// Returns true if the state of a wait is new, or if nothing was printed about it for long.
    fn is_news(&self, wait: WaitId, state: &str) -> bool {
        let now = Instant::now();
        let mut said = self.said();
        let is_news = match said.states.get(&wait) {
            Some((last, at)) => last != state || now - *at >= HEARTBEAT,
            None => true,
        };
        if is_news {
            said.states.insert(wait, (state.to_owned(), now));
        }
        is_news
    }

    /// Shows a live line.
    fn show(&self, subject: Subject) {
        self.screen.show(LiveLine {
            subject,
            at: Instant::now(),
            stopwatch: self.screen.stopwatch().clone(),
            total: self.elapsed(),
        });
    }

    /// Shows the state of a wait: in place on a terminal, and as a line of its own elsewhere.
    fn waiting(&self, event: &ProgressEvent) {
        let ProgressUpdate::Waiting {
            wait,
            what,
            state,
            elapsed,
            usual,
            ..
        } = &event.update
        else {
            return;
        };
        if self.screen.is_live() {
            self.show(Subject::Wait {
                id: *wait,
                what: shorten_ids(what),
                state: shorten_ids(state),
                elapsed: *elapsed,
                usual: *usual,
            });
        } else if self.is_news(*wait, state) {
            self.screen.print(&self.timed(&event.to_string()));
        }
    }

    /// Returns the line of an event, unless it says nothing new.
    fn line(&self, event: &ProgressEvent) -> Option<String> {
        let text = match &event.update {
            // The result of the command says these.
            ProgressUpdate::Step {
                step: Step::Committed { .. } | Step::Gone { .. },
                ..
            } => return None,
            ProgressUpdate::Step {
                step: Step::UndoingStep | Step::RollingBack { .. },
                ..
            } => match std::mem::replace(&mut self.said().undo, Undo::Said) {
                Undo::AsEvents => event.to_string(),
                Undo::Words(words) => words.to_owned(),
                Undo::Said => return None,
            },
            // AWS needs a moment to show what it has just created: that is no news.
            ProgressUpdate::Retrying { error, .. }
                if error.class.is_too_early() && !self.is_verbose =>
            {
                return None;
            }
            ProgressUpdate::Retrying {
                next: NextAttempt::Elsewhere { tried, .. },
                ..
            } if !self.is_verbose => self.refused(tried)?,
            ProgressUpdate::WaitEnded { outcome, .. } => {
                // The error that ended the wait says more.
                if *outcome == WaitOutcome::GivenUp || self.is_deletion(&event.update) {
                    return None;
                }
                event.to_string()
            }
            ProgressUpdate::Deleted { resource, .. } => {
                let took = self.said().deletions.remove(&resource.id);
                let took = took.map_or(String::new(), |took| format!(" ({})", duration(took)));
                format!("{event}{took}")
            }
            // The result says why, and what can be done about it.
            ProgressUpdate::Left { leftover, .. } if !self.is_verbose => {
                format!("{} {} could not be deleted", leftover.kind, leftover.key)
            }
            _ => event.to_string(),
        };
        Some(self.timed(&text))
    }

    /// Returns true if the wait that has ended is that for a deletion, and keeps its duration for the line that says so.
    fn is_deletion(&self, ended: &ProgressUpdate) -> bool {
        let ProgressUpdate::WaitEnded {
            what,
            resource: Some(resource),
            elapsed,
            ..
        } = ended
        else {
            return false;
        };
        let is_deletion = what.ends_with(" to be deleted") || what.ends_with(" to be terminated");
        if is_deletion {
            let id = resource.id.clone();
            self.said().deletions.insert(id, *elapsed);
        }
        is_deletion
    }

    /// Returns the line about a place without an instance for us, once for each type and market.
    fn refused(&self, tried: &str) -> Option<String> {
        let what = tried.split(" in ").next().unwrap_or(tried).to_owned();
        let mut said = self.said();
        if said.refused.contains(&what) {
            return None;
        }
        said.refused.push(what);
        Some(format!("{tried} was refused; trying other zones and types"))
    }
}

impl Listener for ProgressDisplay {
    fn on_event(&self, event: &ProgressEvent) {
        if self.is_quiet {
            return;
        }
        match &event.update {
            ProgressUpdate::Waiting { .. } => return self.waiting(event),
            // The result of the command says it; until then it stays in sight.
            ProgressUpdate::Failed { message, .. } => {
                return self.show(Subject::Reason(message.clone()));
            }
            ProgressUpdate::WaitEnded { wait, .. } => {
                let is_it = |line: &LiveLine| matches!(&line.subject, Subject::Wait { id, .. } if id == wait);
                self.screen.remove(is_it);
            }
            _ => {}
        }
        if let Some(line) = self.line(event) {
            self.screen.print(&line);
        }
    }
}
