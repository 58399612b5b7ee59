//! Runs the program from the command line to an exit code.

use std::fmt;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use geusemaker_core::words::duration;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::arguments::{Arguments, Command, EventsPlace, Output};
use crate::dispatch::carry_out;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::screen::Screen;
use crate::settings::Settings;
use crate::standard_output::{self, is_read};
use crate::state_directory::keep_files_private;
use crate::stopwatch::Stopwatch;

/// The time that the journal has to finish a write when a second signal ends the program.
const LAST_WRITES: Duration = Duration::from_secs(1);

pub(crate) fn run() -> std::process::ExitCode {
    let (arguments, command) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error).into(),
    };
    keep_files_private();
    let place = TextPlace::of(&arguments);
    let screen = Screen::new();
    let settings = match Settings::resolve(&arguments) {
        Ok(settings) => settings,
        Err(failure) => return refuse_settings(failure, &command, &screen).into(),
    };
    let (output, verbose) = (settings.output.value, settings.verbose.value);
    log(verbose, &screen);
    let ended = runtime(&settings).and_then(|runtime| {
        let carrying = carry_out(arguments.command, &command, settings, screen.clone());
        let ended = runtime.block_on(carrying);
        // Threads that still wait for an answer at the prompt, or for a name server, are not waited for.
        runtime.shutdown_timeout(LAST_WRITES);
        ended
    });
    screen.clear();
    let mut outcome = ended.unwrap_or_else(|failure| Outcome::of_failure(failure, verbose > 0));
    outcome.document = outcome.document.map(|it| it.of_command(Some(&command)));
    let printed = match (&outcome.document, output) {
        (Some(document), Output::Json) => {
            standard_output::write_line(&document.to_json()).map(drop)
        }
        (Some(document), Output::Text) => print(document, place, &screen),
        (None, _) => Ok(()),
    };
    match printed {
        Ok(()) => outcome.code.into(),
        Err(failure) => {
            let code = unprinted(&outcome, failure, &screen);
            code.into()
        }
    }
}

/// Reads the command line, with the name of its command: `sandbox serve`.
fn parse() -> Result<(Arguments, String), clap::Error> {
    let mut gm = Arguments::command();
    let mut matches = gm.try_get_matches_from_mut(std::env::args_os())?;
    let name = command_name(&matches);
    let arguments = Arguments::from_arg_matches_mut(&mut matches);
    Ok((arguments.map_err(|error| error.format(&mut gm))?, name))
}

/// Returns the name of the command, without an alias.
fn command_name(mut matches: &ArgMatches) -> String {
    let mut words = Vec::new();
    while let Some((word, further)) = matches.subcommand() {
        words.push(word);
        matches = further;
    }
    words.join(" ")
}

/// Says on standard error what standard output does not take, and returns the exit code.
fn unprinted(outcome: &Outcome, failure: Failure, screen: &Screen) -> u8 {
    let own = failure.code as u8;
    let lost = outcome.document.as_ref().filter(|it| it.is_failure());
    if let Some(document) = lost {
        screen.print_failure(&document.to_text());
    }
    screen.print_failure(&failure.into_document(false).to_text());
    match lost {
        Some(_) => outcome.code,
        None => own,
    }
}

/// Answers a command line without a command: one that is wrong, or that asks for help or the version.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match is_read(error.print()) {
            Ok(_) => ExitCode::Ok,
            Err(failure) => {
                let code = failure.code;
                Screen::new().print_failure(&failure.into_document(false).to_text());
                code
            }
        };
    }
    match output_asked_for() {
        Output::Text => {
            let _ = error.print();
        }
        Output::Json => {
            let text = error.to_string();
            // The usage follows, which is for people only.
            let message = text.split("\n\nUsage:").next().unwrap_or(&text);
            let message = message.trim().trim_start_matches("error: ");
            let document = Failure::usage(message).into_document(false);
            let document = document.of_command(None);
            if let Err(failure) = standard_output::write_line(&document.to_json()) {
                Screen::new().print_failure(&failure.into_document(false).to_text());
            }
        }
    }
    ExitCode::Usage
}

/// Answers a command line whose settings are wrong.
fn refuse_settings(failure: Failure, command: &str, screen: &Screen) -> ExitCode {
    let code = failure.code;
    let document = failure.into_document(false).of_command(Some(command));
    let printed = match output_asked_for() {
        Output::Json => standard_output::write_line(&document.to_json()).map(drop),
        Output::Text => print(&document, TextPlace::StandardError, screen),
    };
    match printed {
        Ok(()) => code,
        Err(failure) => {
            let code = failure.code;
            screen.print_failure(&failure.into_document(false).to_text());
            code
        }
    }
}

/// Returns the output format that a command line asks for when it, or a setting, is wrong.
fn output_asked_for() -> Output {
    let words: Vec<_> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        // Another command follows, with options of its own.
        .take_while(|word| word != "--")
        .collect();
    let flag = words
        .iter()
        .enumerate()
        .rev()
        .find_map(|(place, word)| match word.as_str() {
            "-o" | "--output" => words.get(place + 1).cloned(),
            word => {
                let value = word
                    .strip_prefix("--output=")
                    .or_else(|| word.strip_prefix("-o"));
                value.map(|value| value.trim_start_matches('=').to_owned())
            }
        });
    Settings::output_without_arguments(flag.as_deref())
}

/// Builds the runtime. In the sandbox time is virtual: it jumps to the next timer.
fn runtime(
    #[cfg_attr(
        not(feature = "sandbox"),
        expect(unused_variables, reason = "without the sandbox no time is virtual")
    )]
    settings: &Settings,
) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all();
    #[cfg(feature = "sandbox")]
    builder.start_paused(settings.sandbox.value);
    builder
        .build()
        .map_err(|error| Failure::local(format!("the runtime cannot start: {error}")))
}

/// Logs to standard error: the calls, and what goes wrong without being a failure of the command.
fn log(verbose: u8, screen: &Screen) {
    const CALLS: &str = "geusemaker::aws";
    let all = Targets::new().with_target("gm", LevelFilter::WARN);
    let filter = match verbose {
        0 => all,
        1 => all.with_target(CALLS, LevelFilter::INFO),
        _ => all
            .with_target(CALLS, LevelFilter::DEBUG)
            .with_target("aws_smithy_runtime", LevelFilter::DEBUG),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_timer(SinceStart(screen.stopwatch().clone()))
        .with_ansi(screen.is_colored())
        .with_target(verbose > 1)
        .with_level(verbose > 1)
        .with_writer(screen.clone());
    let registry = tracing_subscriber::registry();
    registry.with(filter).with(lines).init();
}

/// The time since the start of the program, in the column of the progress lines.
struct SinceStart(Stopwatch);

impl FormatTime for SinceStart {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:>7} ", duration(self.0.elapsed()))
    }
}

/// The place of a text that is the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextPlace {
    StandardOutput,
    /// Standard output has the events.
    StandardError,
}

impl TextPlace {
    fn of(arguments: &Arguments) -> Self {
        match &arguments.command {
            Command::Stack(command) if command.events() == Some(EventsPlace::StandardOutput) => {
                Self::StandardError
            }
            _ => Self::StandardOutput,
        }
    }
}

/// Prints the text of the result, which is all that goes to standard output.
fn print(document: &Document, place: TextPlace, screen: &Screen) -> Result<(), Failure> {
    let text = document.to_text();
    if document.is_failure() {
        screen.print_failure(&text);
        return Ok(());
    }
    let printed = match place {
        _ if text.is_empty() => Ok(()),
        TextPlace::StandardOutput => standard_output::write_line(&text).map(drop),
        TextPlace::StandardError => {
            screen.print(&text);
            Ok(())
        }
    };
    if !document.complaint().is_empty() {
        // The result comes first.
        screen.print_failure(document.complaint());
    }
    printed
}
