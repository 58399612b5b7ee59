//! `gm report`: writes a page with the history of a stack.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use geusemaker_core::{DeploymentStatus, Error, Graph, HistoryEntry, HistoryEvent, StackName};

use super::{cost, status};
use crate::arguments::Report;
use crate::context::Context;
use crate::document::Document;
use crate::failure::Failure;
use crate::report::{Facts, is_report, page};

pub(crate) async fn run(context: &Context, report: &Report) -> Result<Document, Failure> {
    let name = &report.name.name;
    let history = context.session.history(name).await?;
    let status = match context.session.summary(name).await {
        Ok(status) => Some(status),
        // Nothing of it exists any more, but its history does.
        Err(Error::NoSuchStack { .. }) => None,
        Err(error) => return Err(Failure::unchanged(&error, name.as_str())),
    };
    let facts = facts(context, name, status.as_ref(), &history);
    let page = page(&history, &facts)?;
    let document = Document::ok()
        .member("name", name)
        .member("state", &facts.state);
    if report.html.as_os_str() == "-" {
        return Ok(document.member("html", &page).line(page.trim_end()));
    }
    write(&report.html, &page, report.force)?;
    Ok(document
        .member("file", &report.html)
        .line(format!("{} written", report.html.display())))
}

fn facts(
    context: &Context,
    name: &StackName,
    status: Option<&DeploymentStatus>,
    history: &[HistoryEntry],
) -> Facts {
    let state = match status {
        Some(status) => status::headline(status),
        None => end_of(history),
    };
    Facts {
        name: name.clone(),
        state,
        cost: match status {
            Some(status) => cost::line(&status.cost()),
            None => cost_of(history),
        },
        graph: status.map(Graph::of_stack),
        is_held: status.is_some_and(|status| status.held_by.is_some()),
        now: context.session.now(),
    }
}

/// Returns how a stack that is gone has ended.
fn end_of(history: &[HistoryEntry]) -> String {
    let of_last = history.iter().rev();
    let of_last = of_last.take_while(|entry| entry.event != HistoryEvent::Planned);
    let of_last: Vec<_> = of_last.collect();
    let has = |event| of_last.iter().any(|entry| entry.event == event);
    match has(HistoryEvent::Committed) {
        true => "removed",
        false => "rolled back",
    }
    .to_owned()
}

/// Returns what a stack that is gone was planned to cost.
fn cost_of(history: &[HistoryEntry]) -> Vec<String> {
    let plans = history.iter().rev();
    let plan = plans.filter_map(|entry| entry.plan.as_ref()).next();
    let lines = plan.map_or_else(Vec::new, |plan| cost::line(&plan.cost()));
    lines
        .into_iter()
        .map(|line| line.replacen("cost: ", "cost: until it was gone, ", 1))
        .collect()
}

/// Writes the page into a new file, or over a report.
fn write(file: &Path, page: &str, force: bool) -> Result<(), Failure> {
    if !force && !may_be_written_over(file)? {
        return Err(Failure::usage(format!(
            "{} exists already, and is no report of gm",
            file.display()
        ))
        .remedy("name another file, or write over it with --force"));
    }
    std::fs::write(file, page).map_err(|error| unwritable(file, &error))
}

/// Returns true if there is no such file, or it is empty or a report.
fn may_be_written_over(file: &Path) -> Result<bool, Failure> {
    let mut beginning = Vec::new();
    let read = File::open(file).and_then(|file| file.take(100).read_to_end(&mut beginning));
    match read {
        Ok(_) => Ok(beginning.is_empty() || is_report(&beginning)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(unwritable(file, &error)),
    }
}

fn unwritable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::local(format!("{} cannot be written: {error}", file.display()))
        .remedy("name a file in a directory that you can write to")
}
