//! Standard error as a screen: lines that stay, and below them live lines, which change in place until they are gone.
//!
//! The cursor rests at the start of the first live line. So everything below it can be cleared without counting rows,
//! also after the terminal was resized and has wrapped the lines anew, or has not: terminals differ there.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use terminal_size::{Height, Width, terminal_size_of};
use tokio::time::Instant;
use tracing_subscriber::fmt::MakeWriter;

use crate::live_line::{LiveLine, fitting};
use crate::stopwatch::Stopwatch;

/// The pause between two looks at the clock and the width of the terminal.
const TICK: Duration = Duration::from_millis(100);

/// The size of a terminal that does not say it.
const USUAL_SIZE: (usize, usize) = (80, 24);

/// The styles of clap's labels: bold and red, and green.
const ERROR: &str = "\x1b[1m\x1b[31m";
const HINT: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// Clears everything from the cursor on.
const CLEAR: &str = "\r\x1b[J";

/// Standard error, for everything that is written there.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// True if standard error is a terminal on which lines can change.
    is_live: bool,
    is_colored: bool,
    stopwatch: Stopwatch,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The live lines, in the order in which they began.
    lines: Vec<LiveLine>,
    /// The live lines as the terminal shows them, with its width; empty if it shows none.
    shown: Vec<String>,
    /// Text for after the question that is open.
    held: Option<Vec<String>>,
    is_ticking: bool,
}

/// A question that is open: nothing else is drawn or printed meanwhile.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    screen: &'a Screen,
    /// True once the person has ended the line.
    is_answered: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let stderr = std::io::stderr();
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            inner: Arc::new(Inner {
                // Older consoles of Windows show control sequences as text.
                is_live: cfg!(unix) && stderr.is_terminal() && !is_dumb,
                // The choice that clap makes for its own errors.
                is_colored: cfg!(unix) && AutoStream::choice(&stderr) != ColorChoice::Never,
                stopwatch: Stopwatch::start(),
                state: Mutex::default(),
            }),
        }
    }

    /// Returns true if lines can change in place.
    pub(crate) fn is_live(&self) -> bool {
        self.inner.is_live
    }

    /// Returns true if text may be colored.
    pub(crate) fn is_colored(&self) -> bool {
        self.inner.is_colored
    }

    /// Returns the stopwatch whose time stands before lines.
    pub(crate) fn stopwatch(&self) -> &Stopwatch {
        &self.inner.stopwatch
    }

    /// Prints lines that stay, above the live lines.
    pub(crate) fn print(&self, text: &str) {
        let mut state = self.inner.state();
        if let Some(held) = &mut state.held {
            held.push(text.to_owned());
        } else {
            self.inner.write(&mut state, Some(text));
        }
    }

    /// Prints a failure, whose labels have the colors of clap's errors.
    pub(crate) fn print_failure(&self, text: &str) {
        if !self.is_colored() {
            return self.print(text);
        }
        let lines = text.lines().map(|line| {
            let rest = line.trim_start();
            let indent = &line[..line.len() - rest.len()];
            match rest.split_once(": ") {
                Some(("error", rest)) => format!("{indent}{ERROR}error:{PLAIN} {rest}"),
                Some((label @ ("try" | "next"), rest)) => {
                    format!("{indent}{HINT}{label}:{PLAIN} {rest}")
                }
                _ => line.to_owned(),
            }
        });
        let lines: Vec<_> = lines.collect();
        self.print(&lines.join("\n"));
    }

    /// Shows a live line, in the place of an earlier one about the same.
    pub(crate) fn show(&self, line: LiveLine) {
        if !self.inner.is_live {
            return;
        }
        let mut state = self.inner.state();
        match state.lines.iter_mut().find(|other| other.is_same(&line)) {
            Some(other) => *other = line,
            None => state.lines.push(line),
        }
        self.inner.redraw(&mut state);
        if !std::mem::replace(&mut state.is_ticking, true) {
            let screen = Arc::downgrade(&self.inner);
            std::thread::spawn(move || tick(&screen));
        }
    }

    /// Removes the live lines that the filter selects, and draws the others with the next change.
    pub(crate) fn remove(&self, is_over: impl Fn(&LiveLine) -> bool) {
        let mut state = self.inner.state();
        state.lines.retain(|line| !is_over(line));
    }

    /// Removes all live lines: the work is done.
    pub(crate) fn clear(&self) {
        let mut state = self.inner.state();
        state.lines.clear();
        self.inner.redraw(&mut state);
    }

    /// Asks a question. Until the answer there are no live lines, and other text waits.
    pub(crate) fn ask(&self, prompt: &str) -> Question<'_> {
        let mut state = self.inner.state();
        let clear = if state.shown.is_empty() { "" } else { CLEAR };
        state.shown.clear();
        state.held.get_or_insert_default();
        put(&format!("{clear}{prompt}"));
        Question {
            screen: self,
            is_answered: false,
        }
    }
}

impl Question<'_> {
    /// Ends the question after the person has ended the line.
    pub(crate) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        let inner = &self.screen.inner;
        let mut state = inner.state();
        if !self.is_answered {
            put("\n");
        }
        for text in state.held.take().unwrap_or_default() {
            inner.write(&mut state, Some(&text));
        }
        inner.redraw(&mut state);
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the live lines if they have changed.
    fn redraw(&self, state: &mut State) {
        let is_same = state.shown == rendered(&state.lines);
        if state.held.is_none() && !is_same {
            self.write(state, None);
        }
    }

    /// Prints text, and the live lines below it, in one piece.
    fn write(&self, state: &mut State, text: Option<&str>) {
        let mut output = String::new();
        if let Some(text) = text {
            if !state.shown.is_empty() {
                output.push_str(CLEAR);
            }
            output.push_str(text);
            output.push('\n');
        }
        let lines = rendered(&state.lines);
        if self.is_live && (text.is_none() || !lines.is_empty()) {
            output.push('\r');
            // Each line replaces the earlier one without flicker, and what remains of earlier ones is cleared.
            output.push_str(&lines.join("\x1b[K\r\n"));
            output.push_str("\x1b[J");
            if lines.len() > 1 {
                let _ = write!(output, "\x1b[{}A", lines.len() - 1);
            }
            output.push('\r');
        }
        state.shown = lines;
        put(&output);
    }
}

/// Returns the live lines as they fit on the terminal.
fn rendered(lines: &[LiveLine]) -> Vec<String> {
    let (width, height) = size();
    let now = Instant::now();
    // The line above the live ones stays visible, and nothing scrolls.
    let most = height.saturating_sub(2).max(1);
    let (shown, hidden) = lines.split_at(lines.len().min(most));
    let mut texts: Vec<_> = shown.iter().map(|line| line.text(now, width)).collect();
    if !hidden.is_empty()
        && let Some(last) = texts.last_mut()
    {
        let more = format!("... and {} more", hidden.len() + 1);
        *last = fitting(&more, width);
    }
    texts
}

/// Returns the columns and rows of the terminal.
fn size() -> (usize, usize) {
    match terminal_size_of(std::io::stderr()) {
        Some((Width(width), Height(height))) => (width.into(), height.into()),
        None => USUAL_SIZE,
    }
}

fn put(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // A closed standard error is no reason to stop.
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

/// Draws the live lines again when a second has passed or the terminal was resized, for as long as the screen exists.
fn tick(screen: &Weak<Inner>) {
    loop {
        std::thread::sleep(TICK);
        let Some(inner) = screen.upgrade() else {
            return;
        };
        inner.redraw(&mut inner.state());
    }
}

/// A line of the log, which is printed when it is complete.
pub(crate) struct LogLine {
    screen: Screen,
    text: Vec<u8>,
}

impl std::io::Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        self.screen.print(text.trim_end());
    }
}

impl<'a> MakeWriter<'a> for Screen {
    type Writer = LogLine;

    fn make_writer(&'a self) -> LogLine {
        LogLine {
            screen: self.clone(),
            text: Vec::new(),
        }
    }
}
