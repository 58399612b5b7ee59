//! The moments at which a run of `gm` is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use geusemaker_testkit::{CallRecord, Fault, Outcome};

/// A moment of a run: one of its calls, and the progress of that call.
#[derive(Clone, Debug)]
pub(super) struct Point {
    operation: String,
    /// The number of the call among those of its operation, counted from 1.
    nth: u32,
    is_mutating: bool,
    /// True if AWS has refused an earlier call of the operation, so that this one repeats it.
    is_repetition: bool,
    progress: Progress,
}

/// The progress of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The request is on its way, and has no effect yet.
    Sent,
    /// The call has taken effect, and its answer is on the way.
    InEffect,
    /// The answer is on the way, and nothing delays it: the caller has it, or is about to.
    Answered,
}

impl Point {
    /// Returns every moment of a run that made these calls.
    pub(super) fn all_of(calls: &[CallRecord]) -> Vec<Self> {
        let mut counts = BTreeMap::<&str, u32>::new();
        let mut refused = BTreeSet::<&str>::new();
        let mut all = Vec::new();
        for call in calls {
            let nth = counts.entry(&call.operation).or_default();
            *nth += 1;
            let is_repetition = refused.contains(call.operation.as_str());
            let mut at = |progress| {
                all.push(Self {
                    operation: call.operation.clone(),
                    nth: *nth,
                    is_mutating: call.is_mutating(),
                    is_repetition,
                    progress,
                });
            };
            at(Progress::Sent);
            // For a read, a lost answer is the same as a lost request.
            if call.is_mutating() {
                at(Progress::InEffect);
            }
            at(Progress::Answered);
            if matches!(call.outcome, Outcome::Refused(_)) {
                refused.insert(&call.operation);
            }
        }
        all
    }

    /// Returns the same moment for a run that has made these calls without reaching it: that of the last call of its
    /// operation, or `None` if there was no such call.
    ///
    /// A run that is late asks fewer questions and repeats fewer deletions, or none, because less is in the way. It also
    /// repeats fewer refused changes, such as RunInstances with a new instance profile, but makes each at least once.
    /// Every other change must occur in every run.
    pub(super) fn at_last_of(&self, calls: &[CallRecord]) -> Option<Self> {
        let made = calls
            .iter()
            .filter(|call| call.operation == self.operation)
            .count();
        let may_be_missing = !self.is_mutating
            || self.operation.starts_with("Delete")
            || (self.is_repetition && made > 0);
        assert!(may_be_missing, "{self}: a run has ended without it");
        let nth = u32::try_from(made).unwrap();
        (1..self.nth).contains(&nth).then(|| Self {
            nth,
            ..self.clone()
        })
    }

    /// Returns the fault that holds the call up.
    pub(super) fn fault(&self) -> Option<Fault> {
        // Optional, because a caller that waits for the moment notices when a run does not reach it.
        let stalled = Fault::on(&self.operation).nth(self.nth).stall().optional();
        match self.progress {
            Progress::Sent => Some(stalled.into()),
            Progress::InEffect => Some(stalled.after_effect().into()),
            Progress::Answered => None,
        }
    }

    /// Returns a predicate for the calls that have ended; it is true once the moment has come.
    pub(super) fn watch(&self) -> impl FnMut(&CallRecord) -> bool {
        let mut answers = 0;
        move |call| match self.progress {
            Progress::Sent | Progress::InEffect => call.outcome == Outcome::Silence,
            Progress::Answered => {
                answers += u32::from(call.operation == self.operation);
                answers == self.nth
            }
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let progress = match self.progress {
            Progress::Sent => "sent",
            Progress::InEffect => "in effect",
            Progress::Answered => "answered",
        };
        write!(f, "{} #{} {progress}", self.operation, self.nth)
    }
}
