//! The results of an exploration.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, SignedDurationRound, Unit};

use super::run::Injection;
use crate::call_record::CallRecord;
use crate::fault::Fault;
use crate::sim::resource::Resource;

/// The number of characters that the table shows of an outcome.
const OUTCOME_WIDTH: usize = 48;

/// The results of an exploration. It is displayed as a table, with a line of Rust for each run that is not sound.
///
/// [`Explorer`](super::Explorer) has an example.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use]
pub struct Exploration {
    /// The seed of everything random.
    pub seed: u64,
    /// The run without a fault.
    pub clean: Run,
    /// The runs with a fault, in the order of the clean run's calls.
    pub runs: Vec<Run>,
}

impl Exploration {
    /// Returns the runs that are not sound.
    pub fn failures(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.verdict.is_err())
    }

    /// Asserts that every run is sound.
    ///
    /// # Panics
    /// Panics with the whole report if a run is not sound.
    #[track_caller]
    pub fn assert_sound(&self) {
        assert!(self.failures().next().is_none(), "{self}");
    }
}

/// One run of the scenario.
///
/// ```
/// use geusemaker_testkit::{Ending, Explorer, FaultKind};
///
/// let exploration = Explorer::new(|aws| async move {
///     let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
///     ec2.create_key_pair().key_name("mine").send().await?;
///     ec2.delete_key_pair().key_name("mine").send().await?;
///     Ok::<_, aws_sdk_ec2::Error>(())
/// })
/// .fault_kinds([FaultKind::denied()])
/// .explore()?;
///
/// let [first, second] = exploration.runs.as_slice() else { panic!("{exploration}") };
/// assert!(matches!(first.ending, Ending::Failed(_)) && first.verdict.is_ok());
/// assert_eq!(second.name(), "DeleteKeyPair #1, denied");
/// assert!(second.leftovers.iter().any(|left| left.kind == "EC2::KeyPair"));
/// assert_eq!(
///     second.reproduce_with(),
///     r#"Aws::builder().seed(0).fault(Fault::on("DeleteKeyPair").nth(1).denied())"#
/// );
/// # Ok::<(), geusemaker_testkit::ExplorerError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Run {
    pub(super) strike: Option<Injection>,
    /// The Rust code that creates the account.
    pub(super) account: String,
    /// The ending of the scenario.
    pub ending: Ending,
    /// The result of the part that follows the scenario; `Ok` if nothing follows it.
    pub afterwards: Result<(), String>,
    /// True if the fault did not fire and was not optional.
    pub is_unfired: bool,
    /// The resources that were left an hour after the end.
    pub leftovers: Vec<Resource>,
    /// The calls, in order of arrival.
    pub calls: Vec<CallRecord>,
    /// The number of calls that the scenario made; the others come from the part that follows it.
    pub scenario_calls: usize,
    /// The duration on the account's clock, including the part that follows the scenario.
    pub virtual_time: Duration,
    /// `Ok` if the run is sound, otherwise the reason why it is not.
    pub verdict: Result<(), String>,
}

/// A way in which a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// The scenario returned `Ok`.
    Succeeded,
    /// The scenario returned this error.
    Failed(String),
    /// The scenario's future was dropped, as the fault demanded.
    CallerDropped,
    /// The fault caused a panic.
    InjectedPanic,
    /// The scenario itself panicked, with this message.
    Panicked(String),
    /// The scenario did not end before the deadline.
    OutOfTime,
}

impl Run {
    /// Returns the call and its fault: `CreateLoadBalancer #1, reply lost`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.strike {
            Some(strike) => format!("{}, {}", call(strike), strike.fault_kind),
            None => "no fault".to_owned(),
        }
    }

    /// Returns the operation of the call with the fault, such as `CreateLoadBalancer`; `None` in the clean run.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.strike.as_ref().map(|strike| strike.operation.as_str())
    }

    /// Returns the name of the [`FaultKind`](super::FaultKind) at that call; `None` in the clean run.
    #[must_use]
    pub fn fault_kind(&self) -> Option<&str> {
        self.strike
            .as_ref()
            .map(|strike| strike.fault_kind.as_str())
    }

    /// Returns the fault; `None` in the clean run.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.strike.as_ref().map(|strike| &strike.fault)
    }

    /// Checks that the run is sound: the fault fired, the scenario and the part that follows it ended without a panic
    /// of their own, that part succeeded, and there are no leftovers.
    ///
    /// # Errors
    /// Returns the problem if the run is not sound.
    pub fn judge(&self) -> Result<(), String> {
        if self.is_unfired {
            return Err("the fault never fired".to_owned());
        }
        match &self.ending {
            // A task that the fault made panic can make other tasks panic.
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

    /// Returns the Rust code that creates the account of this run, to paste into a test. Other choices of
    /// [`super::Explorer::account`], such as the guest, have to be added by hand.
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
            Self::InjectedPanic => f.write_str("panicked as injected"),
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

/// Returns the beginning of a text, on one line.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= OUTCOME_WIDTH {
        return line.to_owned();
    }
    let beginning: String = line.chars().take(OUTCOME_WIDTH - 1).collect();
    format!("{beginning}…")
}

/// Formats a duration, such as `12m 5s`.
fn rounded(duration: Duration) -> String {
    let options = SignedDurationRound::new().smallest(Unit::Second);
    match SignedDuration::try_from(duration).and_then(|duration| duration.round(options)) {
        Ok(duration) => format!("{duration:#}"),
        Err(_) => format!("{duration:?}"),
    }
}
