//! The errors of the simulated services.

use std::fmt;

use super::error_code::{Code, ErrorCode};

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
    /// Creates an error with a code of a table.
    pub(crate) fn new(code: impl ErrorCode, message: impl Into<String>) -> Self {
        Self::injected(code.name(), code.status(), message)
    }

    /// Creates an error that a fault asks for, with any code.
    pub(crate) fn injected(
        code: impl Into<String>,
        status: u16,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            members: Vec::new(),
        }
    }

    pub(crate) fn member(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// Creates the clear answer to a call that the simulator does not support. It has no AWS code, so that it cannot be
    /// taken for an answer of AWS.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(
            Code::SimulatorUnsupported,
            format!("the simulator does not support {what}, and refuses it rather than ignore it"),
        )
    }
}
