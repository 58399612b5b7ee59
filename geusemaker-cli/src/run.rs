//! Runs the program from the command line to an exit code.

use std::io::Write as _;
use std::time::Duration;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Global, Output};
use crate::dispatch::carry_out;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::state_directory::keep_files_private;

/// The time that the journal has to finish a write when a second signal ends the program.
const LAST_WRITES: Duration = Duration::from_secs(1);

pub(crate) fn run() -> std::process::ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error).into(),
    };
    keep_files_private();
    log(arguments.global.verbose);
    let output = arguments.global.output;
    let ended = runtime(&arguments.global).and_then(|runtime| {
        let ended = runtime.block_on(carry_out(arguments));
        // Threads that still wait for an answer at the prompt, or for a name server, are not waited for.
        runtime.shutdown_timeout(LAST_WRITES);
        ended
    });
    let outcome = match ended {
        Ok(outcome) => outcome,
        Err(failure) => Outcome {
            code: failure.code as u8,
            document: Some(failure.into_document()),
        },
    };
    if let Some(document) = &outcome.document {
        print(document, output);
    }
    outcome.code.into()
}

/// Answers a command line without a command: one that is wrong, or that asks for help or the version.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::Ok;
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
            print(&Failure::usage(message).into_document(), Output::Json);
        }
    }
    ExitCode::Usage
}

/// Returns the output format that a command line asks for when clap has rejected the command line.
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
    match flag.or_else(|| std::env::var("GM_OUTPUT").ok()).as_deref() {
        Some("json") => Output::Json,
        _ => Output::Text,
    }
}

/// Builds the runtime. In the sandbox time is virtual: it jumps to the next timer.
fn runtime(
    #[cfg_attr(
        not(feature = "sandbox"),
        expect(unused_variables, reason = "without the sandbox no time is virtual")
    )]
    global: &Global,
) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all();
    #[cfg(feature = "sandbox")]
    builder.start_paused(global.sandbox);
    builder
        .build()
        .map_err(|error| Failure::local(format!("the runtime cannot start: {error}")))
}

fn log(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => "geusemaker=info",
        _ => "geusemaker=debug,aws_smithy_runtime=debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .init();
}

/// Prints the result, which is all that goes to standard output.
fn print(document: &Document, output: Output) {
    let text = match output {
        Output::Text => document.to_text(),
        Output::Json => document.to_json(),
    };
    if output == Output::Text && !document.complaint().is_empty() {
        // The result comes first.
        let _ = writeln!(std::io::stdout(), "{text}");
        let _ = writeln!(std::io::stderr(), "{}", document.complaint());
        return;
    }
    if text.is_empty() {
        return;
    }
    if document.is_failure() && output == Output::Text {
        let _ = writeln!(std::io::stderr(), "{text}");
    } else {
        // A closed standard output does not make a finished command fail.
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}
