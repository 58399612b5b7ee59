//! Runs the program from the command line to an exit code.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use geusemaker_core::{SdkConfig, Session};
use tracing_subscriber::EnvFilter;

#[cfg(feature = "sandbox")]
use crate::arguments::SandboxCommand;
use crate::arguments::{Arguments, Command, Global, Output, StackCommand};
use crate::clock_speed;
use crate::command;
use crate::context::Context;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::progress_display::ProgressDisplay;
use crate::state_directory::{StateDirectory, keep_files_private};

/// The time that the journal has to finish a write when a second signal ends the program.
const LAST_WRITES: Duration = Duration::from_secs(1);

pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
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
    let (document, code) = match ended {
        Ok(document) => (document, ExitCode::Ok),
        Err(failure) => {
            let code = failure.code;
            (failure.into_document(), code)
        }
    };
    print(&document, output);
    code
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

async fn carry_out(arguments: Arguments) -> Result<Document, Failure> {
    let global = arguments.global;
    match arguments.command {
        Command::Stack(command) => on_stacks(global, command).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(sandbox) => match sandbox.command {
            SandboxCommand::Serve(serve) => command::sandbox::serve::run(&global, &serve).await,
        },
    }
}

async fn on_stacks(global: Global, command: StackCommand) -> Result<Document, Failure> {
    let state = StateDirectory::choose(global.state.as_deref().map(Path::new), global.sandbox)?;
    let store = state.store()?;
    // In the sandbox time is virtual.
    let speed = if global.sandbox {
        None
    } else {
        clock_speed::from_environment()?
    };
    let display = Arc::new(ProgressDisplay::new(global.quiet));
    // This may wait for the sandbox; until then a signal ends the program by itself.
    let sandbox = sandbox(&global, &state, &display)?;
    let interrupts = Interrupts::listen()?;
    let (config, at_end) = match sandbox {
        Some((config, at_end)) => (config, Some(at_end)),
        None => tokio::select! {
            config = Session::config_from_environment() => (config, None),
            code = interrupts.next() => return Err(Failure::stopped(code)),
        },
    };
    let listener = Arc::clone(&display);
    let mut session = Session::with_listener(config, store, listener);
    if let Some(speed) = speed {
        session = clock_speed::apply(speed, session, &display);
    }
    let context = Context {
        session,
        is_sandbox: global.sandbox,
        display,
        interrupts,
    };
    let ended = match command {
        StackCommand::Plan(file) => {
            context
                .unless_interrupted(command::plan::run(&context, &file))
                .await
        }
        StackCommand::Deploy(deploy) => command::deploy::run(&context, &deploy).await,
        StackCommand::Resume(resume) => command::resume::run(&context, &resume).await,
        StackCommand::Status(name) => {
            context
                .unless_interrupted(command::status::run(&context, &name))
                .await
        }
        StackCommand::List => {
            context
                .unless_interrupted(command::list::run(&context))
                .await
        }
        StackCommand::Events(name) => {
            context
                .unless_interrupted(command::events::run(&context, &name))
                .await
        }
        StackCommand::Leftovers(leftovers) => command::leftovers::run(&context, &leftovers).await,
        StackCommand::Destroy(destroy) => command::destroy::run(&context, &destroy).await,
        StackCommand::Rollback(rollback) => command::rollback::run(&context, &rollback).await,
    };
    context.display.finish();
    if let Some(at_end) = at_end {
        at_end();
    }
    // The AWS CLI works on a real account, which does not have the sandbox's leftovers.
    ended.map_err(|failure| {
        if global.sandbox {
            failure.without_commands()
        } else {
            failure
        }
    })
}

/// A configuration whose clients talk to the sandbox, and a callback for the end of the command.
type Sandbox = (SdkConfig, Box<dyn FnOnce()>);

/// Opens the sandbox, if it is asked for.
#[cfg(feature = "sandbox")]
fn sandbox(
    global: &Global,
    state: &StateDirectory,
    display: &ProgressDisplay,
) -> Result<Option<Sandbox>, Failure> {
    if !global.sandbox {
        return Ok(None);
    }
    let (config, keep) = crate::sandbox::open(state, display)?;
    Ok(Some((config, Box::new(keep))))
}

#[cfg(not(feature = "sandbox"))]
fn sandbox(
    global: &Global,
    _: &StateDirectory,
    _: &ProgressDisplay,
) -> Result<Option<Sandbox>, Failure> {
    if global.sandbox {
        return Err(Failure::usage(
            "this gm was built without the sandbox; build it with the feature `sandbox`",
        ));
    }
    Ok(None)
}

/// Builds the runtime. In the sandbox time is virtual: it jumps to the next timer.
fn runtime(global: &Global) -> Result<tokio::runtime::Runtime, Failure> {
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
