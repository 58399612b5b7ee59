//! The end of a command that has done its work.

use crate::document::Document;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The result that is still to be printed, and the exit code.
pub(crate) struct Outcome {
    /// The result; none if the command has printed everything itself.
    pub(crate) document: Option<Document>,
    pub(crate) code: u8,
}

impl Outcome {
    /// Creates the outcome of a command that has nothing to print any more.
    pub(crate) fn silent(code: ExitCode) -> Self {
        Self::with_code_of_command(code as u8)
    }

    /// Creates the outcome of a command whose exit code is that of another program.
    pub(crate) fn with_code_of_command(code: u8) -> Self {
        Self {
            document: None,
            code,
        }
    }
}

impl Outcome {
    /// Creates the outcome of a failure, whose text has every detail if that is wanted.
    pub(crate) fn of_failure(failure: Failure, is_verbose: bool) -> Self {
        Self {
            code: failure.code as u8,
            document: Some(failure.into_document(is_verbose)),
        }
    }

    /// Adds a failure, unless the command has one of its own.
    pub(crate) fn unless_failed(self, failure: Failure) -> Self {
        match self.document {
            Some(document) if self.code == 0 => {
                document.with_failure(failure.into_document(false)).into()
            }
            document => Self { document, ..self },
        }
    }
}

impl From<Document> for Outcome {
    fn from(document: Document) -> Self {
        Self {
            code: document.code() as u8,
            document: Some(document),
        }
    }
}
