//! The events of a command as lines of JSON, beside any output.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use geusemaker_core::id::DeploymentId;
use geusemaker_core::{Listener, ProgressEvent, StackName};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arguments::EventsPlace;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::screen::Screen;

/// The name of the lines, before their version.
const SCHEMA: &str = "gm-events";

/// The version of the lines, which is that of the events in them.
const VERSION: u32 = 1;

/// Writes each event of a command as a line at once. If a write fails, the work goes on, and the end of the command says
/// so.
#[derive(Debug)]
pub(crate) struct EventLines {
    screen: Screen,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    sink: Sink,
    /// The last stack and deployment that an event was about.
    stack: Option<StackName>,
    deployment: Option<DeploymentId>,
}

/// The place for the lines.
#[derive(Debug)]
enum Sink {
    StandardOutput,
    File {
        file: File,
        name: String,
    },
    /// Nobody reads the lines any more.
    Unread,
    Failed {
        message: String,
    },
}

impl EventLines {
    /// Opens the place for the lines.
    ///
    /// # Errors
    /// Returns an error if a file cannot be opened.
    pub(crate) fn open(place: EventsPlace<'_>, screen: Screen) -> Result<Self, Failure> {
        let sink = match place {
            EventsPlace::StandardOutput => Sink::StandardOutput,
            EventsPlace::File(path) => Sink::File {
                file: File::create(path).map_err(|error| unopened(path, &error))?,
                name: path.display().to_string(),
            },
        };
        Ok(Self {
            screen,
            state: Mutex::new(State {
                sink,
                stack: None,
                deployment: None,
            }),
        })
    }

    /// Writes the last line, and returns the outcome: that of a command that has succeeded is a failure if lines are
    /// missing.
    pub(crate) fn end(&self, command: &str, at: Timestamp, outcome: Outcome) -> Outcome {
        let mut state = self.state();
        let member = |name| outcome.document.as_ref().and_then(|it| it.get(name));
        let line = json!({
            "schema": format!("{SCHEMA}/{VERSION}"),
            "at": format!("{at:.3}"),
            "stack": state.stack,
            "deployment": state.deployment,
            "type": "ended",
            "command": command,
            "ok": outcome.code == 0,
            "exit_code": outcome.code,
            "error": member("error"),
            "next": member("next"),
        });
        self.write(&mut state, &line);
        match &state.sink {
            Sink::Failed { message } => outcome.unless_failed(Failure::unwritten_events(message)),
            Sink::StandardOutput | Sink::File { .. } | Sink::Unread => outcome,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, state: &mut State, line: &Value) {
        let (written, name) = match &mut state.sink {
            Sink::StandardOutput => (put(&mut io::stdout().lock(), line), "standard output"),
            Sink::File { file, name } => (put(file, line), name.as_str()),
            Sink::Unread | Sink::Failed { .. } => return,
        };
        let Err(error) = written else { return };
        state.sink = match error.kind() {
            ErrorKind::BrokenPipe => Sink::Unread,
            _ => {
                let message = format!("the events cannot be written to {name}: {error}");
                self.screen
                    .print(&format!("warning: {message}; the work goes on"));
                Sink::Failed { message }
            }
        };
    }
}

impl Listener for EventLines {
    fn on_event(&self, event: &ProgressEvent) {
        let mut state = self.state();
        if event.stack.is_some() {
            state.stack.clone_from(&event.stack);
            state.deployment.clone_from(&event.deployment);
        }
        // No event has a map with keys other than strings.
        let mut line = serde_json::to_value(event).unwrap_or_default();
        if let Some(members) = line.as_object_mut() {
            members.remove("version");
            let schema = format!("{SCHEMA}/{}", event.version);
            members.insert("schema".to_owned(), schema.into());
        }
        self.write(&mut state, &line);
    }
}

/// Writes a line in one piece.
fn put(to: &mut impl Write, line: &Value) -> io::Result<()> {
    to.write_all(format!("{line}\n").as_bytes())?;
    to.flush()
}

fn unopened(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!(
        "the file for events, {}, cannot be written: {error}",
        path.display()
    ))
    .remedy("name a file in a folder that exists, or - for standard output")
}
