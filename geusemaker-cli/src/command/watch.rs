//! `gm status --watch`: shows the status of a stack again and again.
//!
//! It prints by itself: on a terminal the status is drawn in place; elsewhere there is a line for each change, or a
//! document with `--output json`.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use geusemaker_core::{DeploymentStatus, Error};

use super::status::{self, View};
use crate::arguments::{Output, Status};
use crate::context::Context;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::short_id::shorten_ids;
use crate::table::terminal_size;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);

pub(crate) async fn run(context: &Context, status: &Status) -> Result<Outcome, Failure> {
    if context.is_sandbox {
        return Err(Failure::usage(
            "--watch has nothing to wait for in the sandbox, where no time passes between two commands",
        )
        .remedy("serve an account whose time passes by itself: gm sandbox serve"));
    }
    let mut screen = Screen::of(context.output);
    let ended = tokio::select! {
        ended = watch(context, status, &mut screen) => ended,
        // The end that the user has waited for.
        code = context.interrupts.next() => Ok(Outcome::silent(code)),
    };
    screen.close();
    ended
}

async fn watch(
    context: &Context,
    status: &Status,
    screen: &mut Screen,
) -> Result<Outcome, Failure> {
    let name = &status.name.name;
    let mut has_been_there = false;
    loop {
        match context.session.summary(name).await {
            Err(Error::NoSuchStack { .. }) if has_been_there => {
                let gone = Document::ok()
                    .member("name", name)
                    .member("state", "gone")
                    .line(format!("{name}: gone"));
                screen.close();
                return Ok(gone.into());
            }
            _ => {
                let view = View {
                    is_wide: status.wide,
                    ..View::usual()
                };
                let look = look(context, status, view, screen).await?;
                if !screen.show(&look) {
                    return Ok(Outcome::silent(ExitCode::Ok));
                }
            }
        }
        has_been_there = true;
        context.session.sleep(PAUSE).await;
    }
}

/// A look at the stack.
struct Look {
    document: Document,
    /// The states by which looks are compared: the headline first, then each resource.
    states: BTreeMap<String, String>,
    time: String,
}

async fn look(
    context: &Context,
    status: &Status,
    view: View,
    screen: &Screen,
) -> Result<Look, Failure> {
    let name = &status.name.name;
    // A line for each change needs the states alone.
    let states = match screen {
        Screen::Terminal { .. } => BTreeMap::new(),
        Screen::Lines { .. } | Screen::Json { .. } => match context.session.status(name).await {
            Ok(status) => states(&status),
            Err(error @ Error::NoSuchStack { .. }) => return Err(error.into()),
            Err(error) => {
                let message = error.with_sources().replace('\n', " ");
                [(String::new(), format!("{name}: {message}"))].into()
            }
        },
    };
    let document = match screen {
        Screen::Lines { .. } => Document::ok(),
        Screen::Terminal { .. } | Screen::Json { .. } => status::look(context, name, view).await?,
    };
    let now = context.session.now();
    Ok(Look {
        document,
        states,
        time: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
}

fn states(status: &DeploymentStatus) -> BTreeMap<String, String> {
    let headline = format!("{}: {}", status.name, status::headline(status));
    let mut states = BTreeMap::from([(String::new(), headline)]);
    states.extend(status.resources.iter().map(|resource| {
        let id = resource.id.as_ref().map_or("", |id| id.as_str());
        let named = shorten_ids(&format!("{} {id}", resource.kind));
        let state = format!("{}: {}", named.trim_end(), resource.state);
        (resource.key.to_string(), state)
    }));
    states
}

/// Standard output, in the form that is asked for.
enum Screen {
    /// The other screen of a terminal, which leaves what was there before.
    Terminal {
        is_open: bool,
        last: String,
    },
    Lines {
        states: BTreeMap<String, String>,
    },
    Json {
        states: BTreeMap<String, String>,
    },
}

impl Screen {
    fn of(output: Output) -> Self {
        let states = BTreeMap::new();
        match output {
            Output::Json => Self::Json { states },
            Output::Text if is_drawn_on() => Self::Terminal {
                is_open: false,
                last: String::new(),
            },
            Output::Text => Self::Lines { states },
        }
    }

    /// Shows a look. Returns false if nobody reads any more.
    fn show(&mut self, look: &Look) -> bool {
        let text = match self {
            Self::Terminal { is_open, last } => {
                *last = [
                    look.document.to_text(),
                    look.document.complaint().to_owned(),
                ]
                .join("\n")
                .trim_end()
                .to_owned();
                let enter = if *is_open { "" } else { "\x1b[?1049h\x1b[?25l" };
                *is_open = true;
                format!("{enter}{}", drawn(last, &look.time))
            }
            Self::Lines { states } => {
                let lines = changes(states, &look.states, &look.time);
                states.clone_from(&look.states);
                lines
            }
            Self::Json { states } => {
                if *states == look.states {
                    return true;
                }
                states.clone_from(&look.states);
                let document = look.document.clone().of_command(Some("status"));
                document.to_json() + "\n"
            }
        };
        let mut stdout = io::stdout();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .is_ok()
    }

    /// Leaves the terminal as it was, with the last look.
    fn close(&mut self) {
        if let Self::Terminal { is_open, last } = self
            && std::mem::take(is_open)
        {
            let mut stdout = io::stdout();
            let _ = writeln!(stdout, "\x1b[?25h\x1b[?1049l{last}");
            let _ = stdout.flush();
        }
    }
}

fn is_drawn_on() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Returns a text that covers the screen from its top, as far as there is room.
fn drawn(text: &str, time: &str) -> String {
    let footer = format!("as of {time}; Ctrl-C ends");
    let room = terminal_size().map_or(usize::MAX, |(_, height)| height.saturating_sub(2));
    let lines: Vec<_> = text.lines().collect();
    let cut = lines.len() > room;
    let shown = &lines[..lines.len().min(room)];
    let more = if cut {
        format!("{} more lines; ", lines.len() - room)
    } else {
        String::new()
    };
    format!(
        "\x1b[H{}\x1b[K\r\n\x1b[K{more}{footer}\x1b[J",
        shown.join("\x1b[K\r\n")
    )
}

/// Returns a line for each state that is new.
fn changes(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    time: &str,
) -> String {
    let is_first = before.is_empty();
    let mut lines = String::new();
    for (key, state) in now {
        // At first, the headline says enough.
        let is_news = before.get(key) != Some(state) && (!is_first || key.is_empty());
        if is_news {
            lines.push_str(&format!("{time}  {state}\n"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::changes;

    fn states(states: &[(&str, &str)]) -> BTreeMap<String, String> {
        let states = states.iter();
        states
            .map(|(key, state)| (key.to_string(), state.to_string()))
            .collect()
    }

    #[test]
    fn changes_alone_are_printed() {
        let none = BTreeMap::new();
        let up = states(&[
            ("", "llm: running"),
            ("instance/0", "instance i-1: running"),
        ]);
        let down = states(&[
            ("", "llm: degraded"),
            ("instance/0", "instance i-1: stopped"),
        ]);
        assert_eq!(changes(&none, &up, "T"), "T  llm: running\n");
        assert_eq!(changes(&up, &up, "T"), "");
        assert_eq!(
            changes(&up, &down, "T"),
            "T  llm: degraded\nT  instance i-1: stopped\n"
        );
    }
}
