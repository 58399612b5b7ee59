//! The errors of reading, writing and playing cassettes.

use std::path::PathBuf;
use std::{fmt, io};

use super::mismatch::Mismatch;
use super::player::Unused;
use super::scan::Finding;

/// Error returned when a cassette cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// The file could not be read.
    #[error("cannot read the cassette {}", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write the cassette {}", path.display())]
    Write {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The text is not a HAR document.
    #[error("not a cassette: expected HAR 1.2 in JSON")]
    NotHar(#[source] serde_json::Error),
    /// A newer release of this crate wrote the cassette.
    #[error(
        "the cassette has format {found}, and this release reads up to {supported}: update geusemaker-testkit"
    )]
    Newer {
        /// The cassette's format.
        found: u32,
        /// The newest format that this release reads.
        supported: u32,
    },
    /// The content looks as if it held secrets, so nothing was written.
    #[error(
        "the cassette seems to hold secrets, so it was not written; redact them with `Redactor::with_pattern`:{}",
        list(findings)
    )]
    Secrets {
        /// The suspected secrets, and their places.
        findings: Vec<Finding>,
    },
}

/// Error returned when a redaction pattern cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The pattern is not a regular expression.
    #[error("`{pattern}` is not a regular expression: {reason}")]
    NotARegex {
        /// The pattern.
        pattern: String,
        /// The problem with the pattern.
        reason: String,
    },
    /// The pattern matches its own replacement, so that each redaction would change the text again.
    #[error(
        "`{pattern}` matches its own replacement `{replacement}`: choose a replacement that it does not match"
    )]
    NotStable {
        /// The pattern.
        pattern: String,
        /// Its replacement.
        replacement: String,
    },
}

/// Error returned when a program and its cassette do not agree.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub struct PlayError {
    /// The requests that had no recorded answer, in the order in which they were made.
    pub mismatches: Vec<Mismatch>,
    /// The recorded entries that were never requested.
    pub unused: Vec<Unused>,
}

impl fmt::Display for PlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the program and the cassette differ: {} unanswered, {} unused",
            self.mismatches.len(),
            self.unused.len()
        )?;
        for mismatch in &self.mismatches {
            write!(f, "\n{mismatch}")?;
        }
        if !self.unused.is_empty() {
            write!(f, "\nrecorded, but never requested:")?;
            f.write_str(&list(&self.unused))?;
        }
        Ok(())
    }
}

fn list(items: &[impl fmt::Display]) -> String {
    items.iter().map(|item| format!("\n  {item}")).collect()
}
