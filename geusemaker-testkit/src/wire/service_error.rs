//! What a service says when it refuses.

use std::fmt;

/// An answer that refuses, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Further members of the error, such as the `FileSystemId` of `FileSystemAlreadyExists`.
    pub(crate) members: Vec<(&'static str, String)>,
}

impl ServiceError {
    /// An error with HTTP status 400.
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

    /// The loud answer to what the simulator does not do; no AWS code, so that nothing takes it for AWS's word.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(
            "SimulatorUnsupported",
            format!("the simulator does not know {what}; it refuses rather than ignore it"),
        )
        .status(501)
    }
}
