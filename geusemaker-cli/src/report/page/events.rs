//! The table of all records.

use geusemaker_core::{HistoryEntry, HistoryEvent};
use jiff::Timestamp;
use serde::Serialize;

use super::{InstanceNumbers, moment, took};
use crate::resource_name;
use crate::short_id::shorten_ids;

/// A record of the journal.
#[derive(Serialize)]
pub(super) struct EventRow {
    at: String,
    /// The time since the first record.
    offset: String,
    resource: String,
    message: String,
    is_fault: bool,
}

/// Returns a row for each record, without the renewals of claims.
pub(super) fn event_rows(entries: &[HistoryEntry], numbers: &InstanceNumbers) -> Vec<EventRow> {
    let begin = entries
        .first()
        .map_or(Timestamp::UNIX_EPOCH, |entry| entry.at);
    let shown = entries
        .iter()
        .filter(|entry| entry.event != HistoryEvent::Renewed);
    let rows = shown.map(|entry| EventRow {
        at: moment(entry.at),
        offset: took(begin, entry.at),
        resource: match (entry.kind, &entry.key) {
            (Some(kind), Some(key)) => resource_name::name(kind, key, |id| numbers.of_id(id)),
            _ => String::new(),
        },
        message: shorten_ids(&entry.message),
        is_fault: matches!(
            entry.event,
            HistoryEvent::Refused | HistoryEvent::Undoing | HistoryEvent::Console
        ),
    });
    rows.collect()
}
