//! `gm logs`: prints the logs of services, or the console of an instance.
//!
//! It prints by itself, because the lines come one after the other for as long as the user wants.

use std::io::{self, Write as _};
use std::time::Duration;

use geusemaker_core::{LogLine, LogQuery, Remote};
use jiff::Timestamp;
use serde_json::json;

use crate::arguments::{Logs, Output, Since, Tail};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::standard_output::is_read;

/// The pause between two looks for new lines.
const PAUSE: Duration = Duration::from_secs(3);

/// The number of lines of each log, if the user names neither a number nor a time.
const USUAL_TAIL: u32 = 200;

pub(crate) async fn run(context: &Context, logs: &Logs) -> Result<Outcome, Failure> {
    if logs.follow && context.is_sandbox {
        return Err(Failure::usage(
            "--follow has nothing to wait for in the sandbox, where no time passes between two commands",
        )
        .remedy("serve an account whose time passes by itself: gm sandbox serve"));
    }
    let reading = async {
        let remote = context.session.remote(&logs.name.name).await?;
        if logs.boot {
            consoles(context, &remote, logs).await
        } else {
            lines(context, &remote, logs).await
        }
    };
    tokio::select! {
        read = reading => read.map(|()| Outcome::silent(ExitCode::Ok)),
        code = context.interrupts.next() => match logs.follow {
            // The end that the user has waited for.
            true => Ok(Outcome::silent(code)),
            false => Err(Failure::stopped(code)),
        },
    }
}

/// Prints lines until there are no more, or for ever, or until nobody reads them.
async fn lines(context: &Context, remote: &Remote, logs: &Logs) -> Result<(), Failure> {
    let mut log = remote.logs(&query(remote, logs)?)?;
    let format = Format::new(context.output, remote, logs);
    loop {
        let lines = log.more().await?;
        if !print(context, &format, &lines)? {
            return Ok(());
        }
        if log.has_more() {
            continue;
        }
        if !logs.follow {
            return Ok(());
        }
        remote.sleep(PAUSE).await;
    }
}

fn query(remote: &Remote, logs: &Logs) -> Result<LogQuery, Failure> {
    if remote.services().is_empty() {
        let name = &logs.name.name;
        return Err(Failure::usage(format!(
            "the spec of {name} has no services, so there are no logs"
        ))
        .remedy(format!(
            "read the console of its instances: gm logs {name} --boot"
        )));
    }
    let mut query = logs
        .services
        .iter()
        .try_fold(LogQuery::default(), |query, name| {
            Ok::<_, Failure>(query.service(remote.service(name)?.name().clone()))
        })?;
    query.instance = logs.instance;
    query.since = logs.since.map(|since| first_time(since, remote.now()));
    query.tail = match (logs.tail, logs.since) {
        (Some(Tail::Last(number)), _) => Some(number),
        (Some(Tail::All), _) | (None, Some(_)) => None,
        (None, None) => Some(USUAL_TAIL),
    };
    Ok(query)
}

fn first_time(since: Since, now: Timestamp) -> Timestamp {
    match since {
        Since::At(at) => at,
        // An age before the first year is as good as the first second of the epoch.
        Since::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

/// The form of the lines.
struct Format {
    output: Output,
    has_time: bool,
    has_service: bool,
    has_instance: bool,
    width: usize,
}

impl Format {
    fn new(output: Output, remote: &Remote, logs: &Logs) -> Self {
        let all = || remote.services().iter().map(|it| it.name().as_str());
        let named = || logs.services.iter().map(String::as_str);
        let names: Vec<&str> = match logs.services.as_slice() {
            [] => all().collect(),
            _ => named().collect(),
        };
        let instances = remote.instances().len();
        let has_instance = instances > 1 && logs.instance.is_none();
        let has_service = has_instance || names.len() > 1;
        let longest = names.iter().map(|name| name.len()).max().unwrap_or(0);
        let numbers = match has_instance {
            true => (instances - 1).to_string().len() + 1,
            false => 0,
        };
        Self {
            output,
            has_time: logs.timestamps,
            has_service,
            has_instance,
            width: longest + numbers,
        }
    }

    fn prefix(&self, line: &LogLine) -> String {
        let LogLine {
            instance, service, ..
        } = line;
        let width = self.width;
        match (self.has_instance, self.has_service) {
            (true, _) => format!("{:<width$} | ", format!("{instance}/{service}")),
            (false, true) => format!("{:<width$} | ", service.as_str()),
            (false, false) => String::new(),
        }
    }

    /// Returns the line, and true if it belongs on standard output.
    fn line(&self, line: &LogLine) -> (String, bool) {
        let at = line.at.map(|at| format!("{at:.3}"));
        if self.output == Output::Json {
            let object = json!({
                "instance": line.instance,
                "service": line.service,
                "at": at,
                "text": line.text,
            });
            return (object.to_string(), true);
        }
        let prefix = self.prefix(line);
        match at {
            Some(at) if self.has_time => (format!("{prefix}{at} {}", line.text), true),
            Some(_) => (format!("{prefix}{}", line.text), true),
            None => (format!("{}: {}", line.service, line.text), false),
        }
    }
}

/// Prints the lines, and returns false if nobody reads them any more.
fn print(context: &Context, format: &Format, lines: &[LogLine]) -> Result<bool, Failure> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    for line in lines {
        let (text, is_log) = format.line(line);
        if !is_log {
            context.display.warn(&text);
        } else if !is_read(writeln!(stdout, "{text}"))? {
            return Ok(false);
        }
    }
    is_read(stdout.flush())
}

/// Prints what the consoles of the instances show so far.
async fn consoles(context: &Context, remote: &Remote, logs: &Logs) -> Result<(), Failure> {
    let numbers = match logs.instance {
        Some(number) => number..number + 1,
        None => 0..remote.instances().len(),
    };
    let has_instance = numbers.len() > 1;
    for number in numbers {
        let instance = &remote.instance(number)?.id;
        let console = remote.console(instance).await?;
        if console.trim().is_empty() {
            context.display.warn(&format!(
                "AWS has no console output of {instance} yet: it comes some minutes after the start"
            ));
        }
        let lines: Vec<_> = console.lines().map(str::trim_end).collect();
        let skipped = match logs.tail {
            Some(Tail::Last(tail)) => lines.len().saturating_sub(tail as usize),
            Some(Tail::All) | None => 0,
        };
        let mut stdout = io::BufWriter::new(io::stdout().lock());
        for text in &lines[skipped..] {
            let written = match (context.output, has_instance) {
                (Output::Json, _) => {
                    let object =
                        json!({ "instance": number, "service": null, "at": null, "text": text });
                    writeln!(stdout, "{object}")
                }
                (Output::Text, true) => writeln!(stdout, "{number} | {text}"),
                (Output::Text, false) => writeln!(stdout, "{text}"),
            };
            if !is_read(written)? {
                return Ok(());
            }
        }
        if !is_read(stdout.flush())? {
            return Ok(());
        }
    }
    Ok(())
}
