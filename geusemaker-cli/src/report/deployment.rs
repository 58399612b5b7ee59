//! The last deployment in the history of a stack.

use geusemaker_core::{HistoryEntry, HistoryEvent, Plan};
use jiff::Timestamp;

/// The last deployment of a name.
pub(super) struct Deployment<'a> {
    /// The records of the deployment, from the claim of the process that began it.
    pub(super) entries: &'a [HistoryEntry],
    /// The records before it: those of earlier stacks of the same name.
    pub(super) earlier: &'a [HistoryEntry],
    /// The plan, with the settings that were changed later.
    pub(super) plan: &'a Plan,
}

impl<'a> Deployment<'a> {
    /// Returns the last deployment; none if the journal has none, as when its first record was interrupted.
    pub(super) fn last(history: &'a [HistoryEntry]) -> Option<Self> {
        let is_plan = |entry: &HistoryEntry| entry.event == HistoryEvent::Planned;
        let planned = history.iter().rposition(is_plan)?;
        // The process claims the journal first.
        let is_claim = |entry: &HistoryEntry| entry.event == HistoryEvent::Claimed;
        let begin = match planned.checked_sub(1) {
            Some(before) if is_claim(&history[before]) => before,
            _ => planned,
        };
        let entries = &history[begin..];
        let plan = entries
            .iter()
            .rev()
            .find_map(|entry| entry.plan.as_deref())?;
        Some(Self {
            entries,
            earlier: &history[..begin],
            plan,
        })
    }

    /// Returns the time of the first record of this type.
    pub(super) fn at(&self, event: HistoryEvent) -> Option<Timestamp> {
        let mut entries = self.entries.iter();
        Some(entries.find(|entry| entry.event == event)?.at)
    }

    /// Returns the number of earlier stacks of the name.
    pub(super) fn earlier_count(&self) -> usize {
        let plans = self.earlier.iter();
        plans
            .filter(|entry| entry.event == HistoryEvent::Planned)
            .count()
    }
}
