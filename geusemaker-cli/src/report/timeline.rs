//! The timeline of a run: what was done to each resource, and when.
//!
//! The journal has the beginning and the end of each creation and deletion, and when a step was complete. It has no
//! waits: a wait is taken to last from the creation until the first resource is requested that needs the awaited one, or
//! until the step is complete.

use std::collections::BTreeMap;

use geusemaker_core::{HistoryEntry, HistoryEvent, Phase, ResourceKey, ResourceKind};
use jiff::Timestamp;

use super::critical_path::{Interval, critical_path};
use super::run::Run;

/// The timeline of a run.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// The steps of the deployment.
    pub(super) steps: Vec<Bar>,
    /// A row for each resource, in the order in which they were begun.
    pub(super) rows: Vec<Row>,
    /// The bars on the critical path, by row and place, the first one first.
    pub(super) critical: Vec<(usize, usize)>,
}

/// The row of a resource.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: ResourceKey,
    pub(super) kind: ResourceKind,
    pub(super) bars: Vec<Bar>,
    pub(super) marks: Vec<Mark>,
}

/// Something that took time.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) what: What,
    pub(super) interval: Interval,
    /// False if the end is not in the journal: the run ended before.
    pub(super) is_closed: bool,
    pub(super) is_critical: bool,
}

/// The kind of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Create,
    Refused,
    Wait,
    Delete,
    Step(Phase),
    Undo,
    Remove,
}

/// A moment.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) at: Timestamp,
    /// AWS's code of an error, or a word.
    pub(super) label: String,
    pub(super) message: String,
    pub(super) is_fault: bool,
}

/// Work under way when a run ends, which goes on in the next one.
#[derive(Debug, Default)]
pub(super) struct Open {
    begun: BTreeMap<ResourceKey, (What, Timestamp)>,
    waits: BTreeMap<ResourceKey, (ResourceKind, Timestamp)>,
}

impl Timeline {
    /// Returns the timeline of a run, and takes along what earlier runs have left open.
    pub(super) fn of(run: &Run<'_>, open: &mut Open) -> Self {
        let mut timeline = Self::default();
        for (_, begin) in open.waits.values_mut() {
            *begin = run.begin;
        }
        for (_, begin) in open.begun.values_mut() {
            *begin = run.begin;
        }
        let mut step = run.begin;
        let mut undo = None;
        for entry in run.entries {
            match entry.event {
                HistoryEvent::Reached => {
                    let phase = entry.reached.unwrap_or(Phase::Launching);
                    timeline.end_waits(open, entry.at, |kind| is_reached(kind, phase));
                    timeline.step(What::Step(phase), step, entry.at, true);
                    step = entry.at;
                }
                HistoryEvent::Committed => {
                    timeline.end_waits(open, entry.at, |_| true);
                    timeline.step(What::Step(Phase::Committed), step, entry.at, true);
                    step = entry.at;
                }
                HistoryEvent::Undoing | HistoryEvent::Ending => {
                    timeline.break_off(open, entry.at);
                    let what = match entry.event {
                        HistoryEvent::Ending => What::Remove,
                        _ => What::Undo,
                    };
                    // The step before was not completed.
                    undo = Some((what, entry.at));
                }
                HistoryEvent::Undone | HistoryEvent::Gone => {
                    if let Some((what, begin)) = undo.take() {
                        timeline.step(what, begin, entry.at, true);
                    }
                    step = entry.at;
                }
                _ => timeline.take_in(entry, open, run),
            }
        }
        if let Some((what, begin)) = undo {
            timeline.step(what, begin, run.end, false);
        }
        timeline.end(open, run);
        timeline.mark_critical_path();
        timeline
    }

    fn take_in(&mut self, entry: &HistoryEntry, open: &mut Open, run: &Run<'_>) {
        let (Some(key), Some(kind)) = (&entry.key, entry.kind) else {
            return;
        };
        match entry.event {
            HistoryEvent::Intent => {
                self.end_waits(open, entry.at, |awaited| ends_wait(kind, awaited));
                self.row(key, kind);
                open.begun.insert(key.clone(), (What::Create, entry.at));
            }
            HistoryEvent::Created => {
                self.close(open, entry, What::Create, run);
                if is_awaited(kind) {
                    open.waits.insert(key.clone(), (kind, entry.at));
                }
            }
            HistoryEvent::Refused => {
                self.close(open, entry, What::Refused, run);
                let error = entry.error.as_deref();
                let label = error.and_then(|error| error.code.clone());
                self.mark(entry, label.unwrap_or_else(|| "refused".to_owned()), true);
            }
            HistoryEvent::Adopted => self.mark(entry, "adopted".to_owned(), false),
            HistoryEvent::Deleting => {
                self.end_wait_of(open, key, entry.at, false);
                self.row(key, kind);
                open.begun.insert(key.clone(), (What::Delete, entry.at));
            }
            HistoryEvent::Deleted => self.close(open, entry, What::Delete, run),
            HistoryEvent::Kept => self.mark(entry, "kept".to_owned(), false),
            _ => {}
        }
    }

    /// Ends what was begun with the resource of the record.
    fn close(&mut self, open: &mut Open, entry: &HistoryEntry, what: What, run: &Run<'_>) {
        let (Some(key), Some(kind)) = (&entry.key, entry.kind) else {
            return;
        };
        let begin = open.begun.remove(key).map_or(run.begin, |(_, begin)| begin);
        self.bar(key, kind, what, (begin, entry.at), true);
    }

    /// Ends the waits for resources of the kinds that the filter selects.
    fn end_waits(
        &mut self,
        open: &mut Open,
        at: Timestamp,
        is_over: impl Fn(ResourceKind) -> bool,
    ) {
        let over: Vec<_> = open
            .waits
            .iter()
            .filter(|(_, (kind, _))| is_over(*kind))
            .collect();
        let over: Vec<_> = over.into_iter().map(|(key, _)| key.clone()).collect();
        for key in over {
            self.end_wait_of(open, &key, at, true);
        }
    }

    fn end_wait_of(&mut self, open: &mut Open, key: &ResourceKey, at: Timestamp, is_closed: bool) {
        if let Some((kind, begin)) = open.waits.remove(key) {
            self.bar(key, kind, What::Wait, (begin, at), is_closed);
        }
    }

    /// Ends all waits, because what was awaited is about to be deleted.
    fn break_off(&mut self, open: &mut Open, at: Timestamp) {
        let keys: Vec<_> = open.waits.keys().cloned().collect();
        for key in keys {
            self.end_wait_of(open, &key, at, false);
        }
    }

    /// Shows until the end of the run what goes on after it.
    fn end(&mut self, open: &Open, run: &Run<'_>) {
        for (key, (what, begin)) in &open.begun {
            let kind = self
                .rows
                .iter()
                .find(|row| row.key == *key)
                .map(|row| row.kind);
            if let Some(kind) = kind {
                self.bar(key, kind, *what, (*begin, run.end), false);
            }
        }
        for (key, (kind, begin)) in &open.waits {
            self.bar(key, *kind, What::Wait, (*begin, run.end), false);
        }
    }

    fn step(&mut self, what: What, begin: Timestamp, end: Timestamp, is_closed: bool) {
        self.steps.push(Bar {
            what,
            interval: Interval { begin, end },
            is_closed,
            is_critical: false,
        });
    }

    fn bar(
        &mut self,
        key: &ResourceKey,
        kind: ResourceKind,
        what: What,
        (begin, end): (Timestamp, Timestamp),
        is_closed: bool,
    ) {
        let bar = Bar {
            what,
            interval: Interval { begin, end },
            is_closed,
            is_critical: false,
        };
        self.row(key, kind).bars.push(bar);
    }

    fn mark(&mut self, entry: &HistoryEntry, label: String, is_fault: bool) {
        let (Some(key), Some(kind)) = (&entry.key, entry.kind) else {
            return;
        };
        let mark = Mark {
            at: entry.at,
            label,
            message: entry.message.clone(),
            is_fault,
        };
        self.row(key, kind).marks.push(mark);
    }

    fn row(&mut self, key: &ResourceKey, kind: ResourceKind) -> &mut Row {
        let known = self.rows.iter().position(|row| row.key == *key);
        let place = known.unwrap_or_else(|| {
            self.rows.push(Row {
                key: key.clone(),
                kind,
                bars: Vec::new(),
                marks: Vec::new(),
            });
            self.rows.len() - 1
        });
        &mut self.rows[place]
    }

    fn mark_critical_path(&mut self) {
        let bars = self.rows.iter().enumerate().flat_map(|(row, content)| {
            let bars = content.bars.iter().enumerate();
            bars.map(move |(place, bar)| ((row, place), bar.interval))
        });
        let (places, intervals): (Vec<_>, Vec<_>) = bars.unzip();
        self.critical = critical_path(&intervals)
            .into_iter()
            .map(|place| places[place])
            .collect();
        for (row, place) in &self.critical {
            self.rows[*row].bars[*place].is_critical = true;
        }
    }
}

/// Returns true if a deployment waits for the resource after AWS has accepted it.
fn is_awaited(kind: ResourceKind) -> bool {
    matches!(
        kind,
        ResourceKind::Instance
            | ResourceKind::LoadBalancer
            | ResourceKind::TargetRegistration
            | ResourceKind::Distribution
            | ResourceKind::VpcOrigin
            | ResourceKind::Certificate
            | ResourceKind::NatGateway
            | ResourceKind::FileSystem
    )
}

/// Returns true if a resource of the first kind is requested only after the wait for one of the second kind.
fn ends_wait(requested: ResourceKind, awaited: ResourceKind) -> bool {
    matches!(
        (requested, awaited),
        (
            ResourceKind::Distribution,
            ResourceKind::VpcOrigin | ResourceKind::Certificate
        ) | (ResourceKind::ListenerRule, ResourceKind::Certificate)
            | (ResourceKind::Route, ResourceKind::NatGateway)
            | (
                ResourceKind::MountTarget | ResourceKind::AccessPoint,
                ResourceKind::FileSystem
            )
    )
}

/// Returns true if the phase begins only after the wait for a resource of this kind.
fn is_reached(kind: ResourceKind, phase: Phase) -> bool {
    match kind {
        ResourceKind::Distribution => phase == Phase::CdnDeployed,
        ResourceKind::LoadBalancer | ResourceKind::TargetRegistration => phase != Phase::Ec2Ready,
        _ => true,
    }
}
