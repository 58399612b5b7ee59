//! A failure as a document: lines of text for people, members for programs.

use geusemaker_core::words::count;
use geusemaker_core::{Leftover, ResourceStatus};

use super::Failure;
use crate::document::Document;
use crate::short_id::shorten_ids;

impl Failure {
    /// Returns the document, whose text has every detail if that is wanted.
    pub(crate) fn into_document(self, is_verbose: bool) -> Document {
        let left = &self.undone.left;
        let mut document = Document::failure()
            .with_code(self.code)
            .member("error", &self.details.error)
            .member("remedy", &self.remedy)
            .member("deleted", &self.undone.deleted)
            .member("leftovers", left)
            .member("now", &self.state)
            .member("next", &self.next);
        if !self.details.is_said {
            document = document.line(format!("error: {}", self.message));
        }
        if let Some(served) = &self.details.served {
            document = document.member("served", served);
        }
        document = document.lines(indented(2, &self.details.snippet));
        for (number, problem) in (1..).zip(&self.details.problems) {
            document = document
                .line(format!("  {number}. {}", problem.message))
                .lines(indented(5, &problem.snippet));
            if let Some(remedy) = &problem.remedy {
                document = document.line(format!("     try: {remedy}"));
            }
        }
        let attempts = match is_verbose {
            true => &self.details.all_attempts,
            false => &self.details.attempts,
        };
        document = document.lines(attempts.iter().map(|line| format!("  {line}")));
        let log = &self.details.log;
        if !log.is_empty() {
            document = document
                .member("log", log)
                .line("  log:")
                .lines(log.iter().map(|line| format!("    {line}")));
        }
        if let Some(remedy) = &self.remedy {
            document = document.line(format!("  try: {remedy}"));
        }
        if let Some(state) = &self.state {
            document = document.line(format!("  now: {state}"));
        } else if self.undone.is_complete() && !self.undone.deleted.is_empty() {
            let removed = count(self.undone.deleted.len(), "resource");
            document = document.line(format!("  now: nothing is left; {removed} removed"));
        }
        if !left.is_empty() {
            document = document
                .line("  still there:")
                .lines(left.iter().flat_map(leftover_lines));
        }
        if !self.details.kept.is_empty() {
            document = document
                .member("resources", &self.details.kept)
                .line("  kept:")
                .lines(self.details.kept.iter().map(kept_line));
        }
        match &self.next {
            Some(next) => document.line(format!("  next: {next}")),
            None => document,
        }
    }
}

fn indented(indent: usize, lines: &[String]) -> impl Iterator<Item = String> {
    lines
        .iter()
        .map(move |line| format!("{:indent$}{line}", ""))
}

fn kept_line(resource: &ResourceStatus) -> String {
    let id = match &resource.id {
        Some(id) => id.to_string(),
        None => resource.state.to_string(),
    };
    let adopted = if resource.adopted { " (yours)" } else { "" };
    format!("    {} {}{adopted}", resource.kind, shorten_ids(&id))
}

fn leftover_lines(leftover: &Leftover) -> Vec<String> {
    let mut lines = vec![format!("    {leftover}")];
    let remedy = leftover.remedy.iter();
    lines.extend(remedy.map(|remedy| format!("      try: {remedy}")));
    lines.extend(
        leftover
            .command
            .iter()
            .map(|command| format!("      by hand: {command}")),
    );
    lines
}
