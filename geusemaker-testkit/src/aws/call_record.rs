//! What an account remembers of the calls that it got.

use jiff::Timestamp;

use crate::wire::Service;

/// A call that the account has answered, or let fail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRecord {
    /// When, on the account's clock.
    pub at: Timestamp,
    /// Whose operation it is; none if the request named no service.
    pub service: Option<Service>,
    /// `RunInstances`
    pub operation: String,
    /// What the caller was told.
    pub outcome: Outcome,
}

/// What a caller was told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The call succeeded.
    Success,
    /// The call was refused with this AWS code.
    Refused(String),
    /// A fault ended the connection, or never answered.
    Silence,
}
