//! What an account remembers of the calls that it got.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::wire::Service;

/// A call that has reached the account, or got lost on its way there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRecord {
    /// When it arrived, on the account's clock.
    pub at: Timestamp,
    /// When the caller was told, or the connection ended; none while the call is pending.
    pub ended: Option<Timestamp>,
    /// Whose operation it is; none if the request named no service.
    pub service: Option<Service>,
    /// `RunInstances`
    pub operation: String,
    /// Which call of that operation it is, counted from 1.
    pub nth: u32,
    /// What the caller was told.
    pub outcome: Outcome,
}

impl CallRecord {
    /// Whether the operation may change something: it is none that describes, gets or lists.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        is_mutating(&self.operation)
    }
}

pub(super) fn is_mutating(operation: &str) -> bool {
    !["Describe", "Get", "List"]
        .iter()
        .any(|prefix| operation.starts_with(prefix))
}

/// What a caller was told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing yet; or ever, if the caller has gone away.
    Pending,
    /// The call succeeded.
    Success,
    /// The call was refused with this AWS code.
    Refused(String),
    /// A fault ended the connection, or never answered.
    Silence,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pending => f.write_str("pending"),
            Self::Success => f.write_str("ok"),
            Self::Refused(code) => f.write_str(code),
            Self::Silence => f.write_str("no answer"),
        }
    }
}

/// The calls in the order in which they arrived.
#[derive(Debug, Default)]
pub(super) struct CallLog {
    records: Vec<CallRecord>,
    counts: BTreeMap<(Option<Service>, String), u32>,
}

impl CallLog {
    pub(super) fn records(&self) -> &[CallRecord] {
        &self.records
    }

    /// Notes that a call has arrived, and gives the place where its end is noted.
    pub(super) fn begin(
        &mut self,
        at: Timestamp,
        service: Option<Service>,
        operation: &str,
    ) -> usize {
        let nth = self
            .counts
            .entry((service, operation.to_owned()))
            .or_default();
        *nth += 1;
        self.records.push(CallRecord {
            at,
            ended: None,
            service,
            operation: operation.to_owned(),
            nth: *nth,
            outcome: Outcome::Pending,
        });
        self.records.len() - 1
    }

    /// Notes the end of a call, and gives its whole record.
    pub(super) fn end(
        &mut self,
        place: usize,
        at: Timestamp,
        outcome: Outcome,
    ) -> Option<CallRecord> {
        let record = self.records.get_mut(place)?;
        record.ended = Some(at);
        record.outcome = outcome;
        Some(record.clone())
    }
}
