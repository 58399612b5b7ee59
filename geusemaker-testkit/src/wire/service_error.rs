//! The errors of the simulated services.

use std::fmt;

/// An error answer, in AWS's wording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Further members of the error, such as the `FileSystemId` of `FileSystemAlreadyExists`.
    pub(crate) members: Vec<(&'static str, String)>,
}

impl ServiceError {
    /// Creates an error with HTTP status 400.
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.into(),
            message: message.into(),
            members: Vec::new(),
        }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn member(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// Creates the clear answer to a call that the simulator does not support. It has no AWS code, so that it cannot be
    /// taken for an answer of AWS.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(
            "SimulatorUnsupported",
            format!("the simulator does not know {what}; it refuses rather than ignore it"),
        )
        .status(501)
    }
}
