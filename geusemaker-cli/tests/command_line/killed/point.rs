//! The moments at which a run is killed.

use std::collections::BTreeMap;
use std::fmt;

use geusemaker_testkit::{CallRecord, Fault, Outcome};

/// A moment of a run: one of its calls, and how far that has come.
#[derive(Clone, Debug)]
pub(super) struct Point {
    operation: String,
    /// Which call of the operation it is, counted from 1.
    nth: u32,
    is_mutating: bool,
    progress: Progress,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// It is on its way, and has no effect yet.
    Sent,
    /// It has taken effect, and its answer is on the way.
    InEffect,
    /// Its answer is on the way, and nothing holds it up: the caller has it, or is about to.
    Answered,
}

impl Point {
    /// Every moment of a run that made these calls.
    pub(super) fn all_of(calls: &[CallRecord]) -> Vec<Self> {
        let mut counts = BTreeMap::<&str, u32>::new();
        let mut all = Vec::new();
        for call in calls {
            let nth = counts.entry(&call.operation).or_default();
            *nth += 1;
            let mut at = |progress| {
                all.push(Self {
                    operation: call.operation.clone(),
                    nth: *nth,
                    is_mutating: call.is_mutating(),
                    progress,
                });
            };
            at(Progress::Sent);
            // To lose the answer to a question is to lose the question.
            if call.is_mutating() {
                at(Progress::InEffect);
            }
            at(Progress::Answered);
        }
        all
    }

    /// The same moment of a run that has made these calls and not come to it: whoever is late asks less often how far
    /// something is, and its last question is the one that counts. What changes something is never left out.
    pub(super) fn at_last_of(&self, calls: &[CallRecord]) -> Option<Self> {
        let made = calls
            .iter()
            .filter(|call| call.operation == self.operation)
            .count();
        let nth = u32::try_from(made).unwrap();
        let is_fewer_questions = !self.is_mutating && (1..self.nth).contains(&nth);
        is_fewer_questions.then(|| Self {
            nth,
            ..self.clone()
        })
    }

    /// What holds the call up.
    pub(super) fn fault(&self) -> Option<Fault> {
        // Whoever waits for the moment finds out that a run has not come to it.
        let stalled = Fault::on(&self.operation).nth(self.nth).stall().optional();
        match self.progress {
            Progress::Sent => Some(stalled),
            Progress::InEffect => Some(stalled.after_effect()),
            Progress::Answered => None,
        }
    }

    /// Whether the moment has come, at each call that has ended.
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
