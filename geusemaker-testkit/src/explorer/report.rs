//! What an exploration has found.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, SignedDurationRound, Unit};

use super::run::Injection;
use crate::aws::CallRecord;
use crate::fault::Fault;
use crate::sim::resource::Resource;

/// What an exploration has found: a table when it is displayed, with a line of Rust for each run that is not sound.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use]
pub struct Exploration {
    /// What everything random followed from.
    pub seed: u64,
    /// The run without a fault.
    pub clean: Run,
    /// The runs with one, in the order of the clean run's calls.
    pub runs: Vec<Run>,
}

impl Exploration {
    /// The runs that are not sound.
    pub fn failures(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.verdict.is_err())
    }

    /// Asserts that every run is sound.
    ///
    /// # Panics
    /// With the whole report, if one is not.
    #[track_caller]
    pub fn assert_sound(&self) {
        assert!(self.failures().next().is_none(), "{self}");
    }
}

/// One run of the scenario.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Run {
    pub(super) strike: Option<Injection>,
    /// The Rust that makes the account.
    pub(super) account: String,
    /// How the scenario ended.
    pub ending: Ending,
    /// How what follows the scenario ended; `Ok` if nothing follows it.
    pub afterwards: Result<(), String>,
    /// Whether the fault found nothing to strike, and was not optional.
    pub is_unfired: bool,
    /// What was there an hour after the end.
    pub leftovers: Vec<Resource>,
    /// The calls in the order in which they arrived.
    pub calls: Vec<CallRecord>,
    /// How many of the calls are the scenario's; the others follow it.
    pub scenario_calls: usize,
    /// How long it took on the account's clock, with what follows the scenario.
    pub virtual_time: Duration,
    /// Whether the run is sound, and if not, why.
    pub verdict: Result<(), String>,
}

/// How a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// With `Ok`.
    Succeeded,
    /// With this error.
    Failed(String),
    /// Its future was dropped, as the fault would have it.
    CallerDropped,
    /// With a panic that the fault caused.
    InjectedPanic,
    /// With a panic of its own, and this message.
    Panicked(String),
    /// Not before the deadline.
    OutOfTime,
}

impl Run {
    /// The call and what befell it: `CreateLoadBalancer #1, reply lost`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.strike {
            Some(strike) => format!("{}, {}", call(strike), strike.fault_kind),
            None => "no fault".to_owned(),
        }
    }

    /// The operation of the call that something befell: `CreateLoadBalancer`; none in the clean run.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.strike.as_ref().map(|strike| strike.operation.as_str())
    }

    /// The name of the [`FaultKind`](super::FaultKind) that befell it; none in the clean run.
    #[must_use]
    pub fn fault_kind(&self) -> Option<&str> {
        self.strike
            .as_ref()
            .map(|strike| strike.fault_kind.as_str())
    }

    /// The fault; none in the clean run.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.strike.as_ref().map(|strike| &strike.fault)
    }

    /// Whether the run is sound: the fault struck, the scenario and what follows it came to an end without a panic of
    /// their own, what follows it succeeded, and nothing is left over.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn judge(&self) -> Result<(), String> {
        if self.is_unfired {
            return Err("the fault found nothing to strike".to_owned());
        }
        match &self.ending {
            // A task that the fault made panic can take others with it.
            Ending::Panicked(_) if self.fault().is_some_and(Fault::is_panic) => {}
            Ending::Panicked(_) | Ending::OutOfTime => return Err(self.ending.to_string()),
            Ending::Succeeded
            | Ending::Failed(_)
            | Ending::CallerDropped
            | Ending::InjectedPanic => {}
        }
        if let Err(problem) = &self.afterwards {
            return Err(format!("afterwards: {problem}"));
        }
        if self.leftovers.is_empty() {
            return Ok(());
        }
        let leftovers: Vec<_> = self.leftovers.iter().map(ToString::to_string).collect();
        Err(format!("left over: {}", leftovers.join(", ")))
    }

    /// The Rust that makes the account of this run, to be pasted into a test of its own. What else [`super::Explorer::account`]
    /// chose, such as the guest, has to be put to it.
    #[must_use]
    pub fn reproduce_with(&self) -> String {
        let Some(fault) = self.fault() else {
            return self.account.clone();
        };
        let mut rust = format!("{}.fault({})", self.account, fault.to_rust());
        if fault.is_caller_dropped() {
            rust.push_str(" // and drop the scenario when `aws.caller_dropped()` is ready");
        }
        rust
    }

    pub(super) fn scenario_succeeded(&self) -> Result<(), String> {
        match &self.ending {
            Ending::Succeeded => Ok(()),
            other => Err(other.to_string()),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("ok"),
            Self::Failed(error) => write!(f, "error: {error}"),
            Self::CallerDropped => f.write_str("dropped"),
            Self::InjectedPanic => f.write_str("panicked with the fault"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::OutOfTime => f.write_str("did not end before the deadline"),
        }
    }
}

impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["call", "fault", "outcome", "left", "calls", "time", "sound"];
        let rows: Vec<_> = std::iter::once(heading.map(str::to_owned))
            .chain(std::iter::once(row(&self.clean)))
            .chain(self.runs.iter().map(row))
            .collect();
        let mut widths = [0; 7];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &rows {
            let cells: Vec<_> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        let failures = self.failures().count();
        write!(
            f,
            "{failures} of {} runs are not sound (seed {})",
            self.runs.len(),
            self.seed
        )?;
        for run in self.failures() {
            write!(
                f,
                "\n\n{}: {}",
                run.name(),
                run.verdict.clone().err().unwrap_or_default()
            )?;
            write!(f, "\n  reproduce with: {}", run.reproduce_with())?;
        }
        Ok(())
    }
}

fn row(run: &Run) -> [String; 7] {
    let (call, fault_kind) = match &run.strike {
        Some(strike) => (call(strike), strike.fault_kind.clone()),
        None => ("-".to_owned(), "none".to_owned()),
    };
    [
        call,
        fault_kind,
        shortened(&run.ending.to_string()),
        run.leftovers.len().to_string(),
        run.calls.len().to_string(),
        rounded(run.virtual_time),
        if run.verdict.is_ok() { "yes" } else { "NO" }.to_owned(),
    ]
}

fn call(strike: &Injection) -> String {
    format!("{} #{}", strike.operation, strike.nth)
}

/// The beginning of a text, in one line.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= OUTCOME_WIDTH {
        return line.to_owned();
    }
    let beginning: String = line.chars().take(OUTCOME_WIDTH - 1).collect();
    format!("{beginning}…")
}

/// `12m 5s`
fn rounded(duration: Duration) -> String {
    let options = SignedDurationRound::new().smallest(Unit::Second);
    match SignedDuration::try_from(duration).and_then(|duration| duration.round(options)) {
        Ok(duration) => format!("{duration:#}"),
        Err(_) => format!("{duration:?}"),
    }
}

/// How much of an outcome the table shows.
const OUTCOME_WIDTH: usize = 48;
