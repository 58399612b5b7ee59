//! The runs of a deployment: the times in which a process worked on it.

use geusemaker_core::{HistoryEntry, HistoryEvent};
use jiff::Timestamp;

/// A time in which one process worked on a deployment.
pub(super) struct Run<'a> {
    pub(super) entries: &'a [HistoryEntry],
    /// The process: `ann@host (pid 3)`.
    pub(super) holder: String,
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
    /// The way in which the run ended.
    pub(super) end_is: RunEnd,
}

/// The way in which a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunEnd {
    /// The process has released its claim.
    Released,
    /// The process has ended without releasing its claim.
    Abandoned,
    /// The process is still at work.
    UnderWay,
}

/// Returns the runs in the records of a deployment. The last one is still under way if a process holds the stack.
pub(super) fn runs(entries: &[HistoryEntry], is_held: bool, now: Timestamp) -> Vec<Run<'_>> {
    let begins = |entry: &HistoryEntry| entry.event == HistoryEvent::Claimed;
    let mut starts: Vec<_> = (0..entries.len())
        .filter(|place| begins(&entries[*place]))
        .collect();
    if starts.first() != Some(&0) && !entries.is_empty() {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([entries.len()]);
    let runs = starts.iter().copied().zip(ends).filter_map(|(start, end)| {
        let is_last = end == entries.len();
        let entries = &entries[start..end];
        let is_released = |entry: &HistoryEntry| entry.event == HistoryEvent::Released;
        let released = entries.iter().position(is_released);
        // What follows a release is written without a claim, such as a kept file system that is deleted later.
        let entries = released.map_or(entries, |place| &entries[..=place]);
        let (first, last) = (entries.first()?, entries.last()?);
        let end_is = match released {
            Some(_) => RunEnd::Released,
            None if is_last && is_held => RunEnd::UnderWay,
            None => RunEnd::Abandoned,
        };
        Some(Run {
            entries,
            holder: first
                .holder
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            begin: first.at,
            end: match end_is {
                RunEnd::UnderWay => now.max(last.at),
                RunEnd::Released | RunEnd::Abandoned => last.at,
            },
            end_is,
        })
    });
    runs.collect()
}

impl Run<'_> {
    fn has(&self, event: HistoryEvent) -> bool {
        self.entries.iter().any(|entry| entry.event == event)
    }

    /// Returns a title for the run, from what was done in it.
    pub(super) fn title(&self) -> &'static str {
        if self.has(HistoryEvent::Planned) {
            return match self.has(HistoryEvent::Gone) {
                true => "Deployment, rolled back",
                false => "Deployment",
            };
        }
        if self.has(HistoryEvent::Ending) || self.has(HistoryEvent::Gone) {
            return "Removal";
        }
        match self.has(HistoryEvent::Committed) {
            true => "Deployment, finished",
            false => "Deployment, continued",
        }
    }
}
