//! `gm verify`: asks the services of a stack as a viewer would, and shows what came of it.

use geusemaker_core::words::count;
use geusemaker_core::{Check, CheckResult, Error, Verification};
use serde_json::json;

use super::status::no_such_stack;
use crate::arguments::Verify;
use crate::context::Context;
use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::internet;
use crate::table::{Table, terminal_width, wrapped};

pub(crate) async fn run(context: &Context, verify: &Verify) -> Result<Document, Failure> {
    let name = &verify.name.name;
    let internet = internet::of(context).await.map_err(|why| {
        Failure::usage(format!("{name} cannot be verified: {why}"))
            .remedy("verify it in the sandbox of gm, or at AWS")
    })?;
    let verification = match context.session.verify(name, &internet).await {
        Ok(verification) => verification,
        Err(error @ Error::NoSuchStack { .. }) => {
            return Err(no_such_stack(context, name, &error).await);
        }
        Err(error) => return Err(Failure::unchanged(&error, name.as_str())),
    };
    let next = next(context, &verification);
    let document = Document::ok()
        .members_of(&verification)
        .member("next", &next)
        .line(format!("{name}: {}", summary(&verification)))
        .lines(table(verification.checks.iter()))
        .lines(skipped(&verification))
        .lines(next.map(|next| format!("next: {next}")));
    Ok(judged(document, &verification))
}

/// Adds to the document of a deployment what its verification has found. What has failed is shown.
pub(super) fn after_deployment(
    context: &Context,
    document: Document,
    verification: &Verification,
) -> Document {
    let document = document
        .member("verification", verification)
        .line(format!("verified: {}", summary(verification)));
    if verification.has_passed() {
        return document;
    }
    let next = context.command(&format!("verify {}", verification.name));
    let document = document
        .lines(table(verification.failed()))
        .line(format!("the stack is running; when it is repaired: {next}"))
        .member("next", next);
    judged(document, verification)
}

/// Gives the document the exit code of a verification.
fn judged(document: Document, verification: &Verification) -> Document {
    let problems = verification
        .failed()
        .filter_map(|check| match &check.result {
            CheckResult::Failed { problem, .. } => Some(format!("{}: {problem}", subject(check))),
            _ => None,
        });
    let problems: Vec<_> = problems.collect();
    if problems.is_empty() {
        return document;
    }
    let message = problems.join("; ");
    document
        .member("error", json!({ "class": "degraded", "message": message }))
        .with_code(ExitCode::Degraded)
}

/// Returns `5 checks passed, 1 failed, 2 skipped`.
fn summary(verification: &Verification) -> String {
    let passed = verification.passed().count();
    let failed = verification.failed().count();
    let skipped = verification.skipped().count();
    let mut words = match (passed, failed) {
        (0, 0) => "nothing could be checked".to_owned(),
        (0, failed) => format!("{} failed", count(failed, "check")),
        (passed, 0) => format!("{} passed", count(passed, "check")),
        (passed, failed) => format!("{} passed, {failed} failed", count(passed, "check")),
    };
    if skipped > 0 {
        words += &format!(", {skipped} skipped");
    }
    words
}

fn table<'a>(checks: impl Iterator<Item = &'a Check>) -> Vec<String> {
    let header = [
        "SERVICE", "THROUGH", "CHECK", "RESULT", "STATUS", "LATENCY", "X-CACHE", "MORE",
    ];
    let mut table = Table::new(header, &[7, 6, 1]);
    let mut is_empty = true;
    for check in checks {
        let (result, more, notes) = match &check.result {
            CheckResult::Passed { detail, .. } => {
                ("passed", detail.clone().unwrap_or_default(), Vec::new())
            }
            CheckResult::Failed {
                problem, remedy, ..
            } => {
                let url = check.url.as_deref().unwrap_or_default();
                let notes = vec![format!("{url}: {problem}"), remedy.clone()];
                ("failed", String::new(), notes)
            }
            // A later version of the library may have more; those that are skipped have lines of their own.
            _ => continue,
        };
        is_empty = false;
        let service = check.service.as_ref().map(ToString::to_string);
        let latency = check.latency.map(|it| format!("{}ms", it.as_millis()));
        table.row([
            service.unwrap_or_else(|| "(stack)".to_owned()),
            check.way.to_string(),
            check.kind.to_string(),
            result.to_owned(),
            check.status.map(|it| it.to_string()).unwrap_or_default(),
            latency.unwrap_or_default(),
            check.x_cache.clone().unwrap_or_default(),
            more,
        ]);
        for note in notes {
            table.note(note);
        }
    }
    match is_empty {
        true => Vec::new(),
        false => table.lines(terminal_width()),
    }
}

/// Returns the lines about the checks that were skipped, each with its reason.
fn skipped(verification: &Verification) -> Vec<String> {
    let lines = verification.skipped().flat_map(|check| {
        let line = match &check.result {
            CheckResult::Skipped { reason, .. } => {
                format!("  skipped: {}: {reason}", subject(check))
            }
            // A later version of the library may have more.
            _ => String::new(),
        };
        wrapped(&line, terminal_width())
    });
    lines.collect()
}

/// Returns the subject of a check: `ollama streams through the CDN`.
fn subject(check: &Check) -> String {
    let who = match &check.service {
        Some(service) => service.to_string(),
        None => check.way.to_string(),
    };
    format!("{who} ({})", check.kind)
}

/// Returns the command to run next, if something has failed.
fn next(context: &Context, verification: &Verification) -> Option<String> {
    let failed = verification.failed().next()?;
    let name = &verification.name;
    let words = match &failed.service {
        Some(service) if !context.is_sandbox => format!("logs {name} {service}"),
        Some(_) | None => format!("status {name}"),
    };
    Some(context.command(&words))
}
