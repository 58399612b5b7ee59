//! What can go wrong with a cassette.

use std::path::PathBuf;
use std::{fmt, io};

use super::mismatch::Mismatch;
use super::player::Unused;
use super::scan::Finding;

/// A cassette could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CassetteError {
    /// The file could not be read.
    #[error("cannot read the cassette {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write the cassette {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
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
        /// The newest format that is understood.
        supported: u32,
    },
    /// What was to be saved looks as if it held secrets, so nothing was written.
    #[error(
        "the cassette looks as if it held secrets, so it was not written: redact them with `Redactor::with_pattern`:{}",
        list(findings)
    )]
    Secrets {
        /// What was found, and where.
        findings: Vec<Finding>,
    },
}

/// A redaction pattern is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It is not a regular expression.
    #[error("`{pattern}` is not a regular expression: {reason}")]
    NotARegex {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It matches in its own replacement, so that each redaction would change the text again.
    #[error(
        "`{pattern}` would change its own replacement `{replacement}`: choose one that it leaves alone"
    )]
    NotStable {
        /// The pattern.
        pattern: String,
        /// Its replacement.
        replacement: String,
    },
}

/// A program and its cassette do not agree.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub struct PlayError {
    /// The requests that had no recorded answer, in the order in which they were made.
    pub mismatches: Vec<Mismatch>,
    /// The recorded entries that were never asked for.
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
            write!(f, "\nrecorded, and never asked for:")?;
            f.write_str(&list(&self.unused))?;
        }
        Ok(())
    }
}

fn list(items: &[impl fmt::Display]) -> String {
    items.iter().map(|item| format!("\n  {item}")).collect()
}
