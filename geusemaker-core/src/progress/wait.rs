//! The events of one wait, from its first poll to its end.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Progress;
use super::event::{ProgressUpdate, as_seconds};
use crate::aws::clock::Clock;
use crate::resource_ref::ResourceRef;

/// The number of a wait, by which its events belong together. It is unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct WaitId(u64);

impl WaitId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Display for WaitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The usual duration of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UsualDuration {
    /// The shortest usual duration.
    #[serde(serialize_with = "as_seconds")]
    pub from: Duration,
    /// The longest usual duration.
    #[serde(serialize_with = "as_seconds")]
    pub to: Duration,
}

impl UsualDuration {
    pub(crate) const fn seconds(from: u64, to: u64) -> Self {
        Self {
            from: Duration::from_secs(from),
            to: Duration::from_secs(to),
        }
    }
}

/// The outcome of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WaitOutcome {
    /// AWS has reached the awaited state.
    Reached,
    /// The wait failed, reached its deadline, or was dropped.
    GivenUp,
}

/// The report of one wait to the listener. A report that is dropped says that the wait was given up.
#[derive(Debug)]
pub(crate) struct WaitReport<'a> {
    pub(crate) what: String,
    resource: Option<ResourceRef>,
    usual: UsualDuration,
    deadline: Duration,
    clock: &'a Clock,
    progress: &'a Progress,
    id: WaitId,
    pub(crate) start: Timestamp,
    /// True if the listener has heard of the wait, and not of its end.
    is_open: bool,
    /// True if the listener has heard that the wait is longer than usual.
    is_late: bool,
}

/// The usual duration from which on it is worth saying that a wait is longer.
const LONG: Duration = Duration::from_secs(60);

impl<'a> WaitReport<'a> {
    pub(crate) fn new(
        what: String,
        resource: Option<ResourceRef>,
        (usual, deadline): (UsualDuration, Duration),
        clock: &'a Clock,
        progress: &'a Progress,
    ) -> Self {
        Self {
            what,
            resource,
            usual,
            deadline,
            clock,
            progress,
            id: WaitId::next(),
            start: clock.now(),
            is_open: false,
            is_late: false,
        }
    }

    /// Reports the last state.
    pub(crate) fn waiting(&mut self, state: String, elapsed: Duration) {
        self.is_open = true;
        let is_late = elapsed > self.usual.to && self.usual.to >= LONG;
        if is_late && !std::mem::replace(&mut self.is_late, true) {
            self.progress.tell(ProgressUpdate::Late {
                wait: self.id,
                what: self.what.clone(),
                resource: self.resource.clone(),
                elapsed,
                usual: self.usual,
            });
        }
        self.progress.tell(ProgressUpdate::Waiting {
            wait: self.id,
            what: self.what.clone(),
            resource: self.resource.clone(),
            state,
            elapsed,
            usual: self.usual,
            deadline: self.deadline,
        });
    }

    /// Reports the end, unless the first poll has shown the awaited state: then there was no wait.
    pub(crate) fn reached(mut self) {
        self.end(WaitOutcome::Reached);
    }

    fn end(&mut self, outcome: WaitOutcome) {
        if std::mem::take(&mut self.is_open) {
            self.progress.tell(ProgressUpdate::WaitEnded {
                wait: self.id,
                what: self.what.clone(),
                resource: self.resource.clone(),
                outcome,
                elapsed: self.clock.since(self.start),
            });
        }
    }
}

impl Drop for WaitReport<'_> {
    fn drop(&mut self) {
        self.end(WaitOutcome::GivenUp);
    }
}
