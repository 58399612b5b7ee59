//! `gm exec`: runs a command on an instance, or in the container of a service.
//!
//! It prints by itself, because the output of the command goes through unchanged.

use std::io::{self, Write as _};

use geusemaker_core::{CommandResult, Remote, RemoteCommand, SentCommand};

use crate::arguments::{Exec, Output};
use crate::context::Context;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::standard_output;

pub(crate) async fn run(context: &Context, exec: &Exec) -> Result<Outcome, Failure> {
    let remote = context.remote(&exec.name).await?;
    let instance = &remote.instance(exec.instance.instance)?.id;
    let words = exec.command.iter().cloned();
    let command = match &exec.service {
        Some(name) => RemoteCommand::in_container(remote.service(name)?.name(), words),
        None => RemoteCommand::on_instance(words),
    };
    let sending = context.even_if_interrupted(remote.send(instance, &command));
    let sent = match sending.await {
        (Some(sent), None) => sent?,
        (Some(Ok(sent)), Some(code)) => return Err(cancel(context, &remote, &sent, code).await),
        (Some(Err(_)) | None, code) => {
            return Err(Failure::stopped(code.unwrap_or(ExitCode::Interrupted)));
        }
    };
    let result = tokio::select! {
        result = remote.result(&sent) => result?,
        code = context.interrupts.next() => {
            return Err(cancel(context, &remote, &sent, code).await);
        }
    };
    outcome(context, exec, &sent, &result)
}

/// Cancels the command, unless a second signal arrives first.
async fn cancel(context: &Context, remote: &Remote, sent: &SentCommand, code: ExitCode) -> Failure {
    let canceled = tokio::select! {
        canceled = remote.cancel(sent) => canceled.map_err(|error| error.with_sources()),
        _ = context.interrupts.next() => Err("a second signal came first".to_owned()),
    };
    match canceled {
        Ok(()) => Failure::canceled(code, "interrupted; the command was canceled"),
        Err(why) => {
            let message = format!(
                "interrupted, and command {} was not canceled on {}: {why}",
                sent.id, sent.instance
            );
            Failure::canceled(code, message).state("it may still run")
        }
    }
}

fn outcome(
    context: &Context,
    exec: &Exec,
    sent: &SentCommand,
    result: &CommandResult,
) -> Result<Outcome, Failure> {
    let code = u8::try_from(result.exit_code).unwrap_or(ExitCode::Failed as u8);
    if result.is_cut {
        context.display.warn(
            "the output is longer than what Systems Manager keeps, and ends early: write it to a file on the instance, \
             and read that in parts",
        );
    }
    if context.output == Output::Text {
        // The command has run, even if nobody reads its output.
        let written = standard_output::write(result.stdout.as_bytes());
        let _ = io::stderr().write_all(result.stderr.as_bytes());
        return written.map(|_| Outcome::with_code_of_command(code));
    }
    let document = match code {
        0 => Document::ok(),
        _ => Document::failure(),
    };
    let document = document
        .member("name", &exec.name.name)
        .member("instance", &sent.instance)
        .member("service", &exec.service)
        .member("exit_code", result.exit_code)
        .member("stdout", &result.stdout)
        .member("stderr", &result.stderr)
        .member("is_cut", result.is_cut);
    Ok(Outcome {
        document: Some(document),
        code,
    })
}
