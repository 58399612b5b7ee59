//! The explorer, which runs a scenario once for each fault that can happen at each of its calls.

mod fault_kind;
mod report;
mod run;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub use self::fault_kind::FaultKind;
pub use self::report::{Ending, Exploration, Run};
use self::run::Injection;
use crate::aws::{Aws, AwsBuilder};
use crate::call_record::CallRecord;

/// Runs a scenario once to learn its calls, and then once for each call and each [`FaultKind`], on all processors.
///
/// Each run has its own account and its own paused runtime, so it takes virtual time only. A run is sound if it ends,
/// does not panic by itself, and leaves nothing in the account; the scenario may succeed or fail. Resources that AWS
/// itself removes within an hour of the end, such as an instance that is shutting down, are not leftovers.
///
/// ```
/// use geusemaker_testkit::{Explorer, FaultKind};
///
/// let exploration = Explorer::new(|aws| async move {
///     let ec2 = aws_sdk_ec2::Client::new(&aws.sdk_config());
///     let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await?;
///     let vpc_id = vpc.vpc().and_then(|vpc| vpc.vpc_id()).unwrap_or_default();
///     ec2.delete_vpc().vpc_id(vpc_id).send().await?;
///     Ok::<_, aws_sdk_ec2::Error>(())
/// })
/// .seed(7)
/// .fault_kinds([FaultKind::denied(), FaultKind::reply_lost()])
/// .explore()?;
///
/// // Nobody hears of the VPC whose reply is lost. Retrying it makes a second one.
/// let failures: Vec<_> = exploration.failures().map(|run| run.name()).collect();
/// assert_eq!(failures, ["CreateVpc #1, reply lost", "DeleteVpc #1, denied"]);
/// println!("{exploration}");
/// # Ok::<(), geusemaker_testkit::ExplorerError>(())
/// ```
///
/// The same seed gives the same runs: the account, the SDK's retries and the tokens that it generates follow from the
/// seed. Random values of the scenario itself do not, and neither does the order in which an unbiased `tokio::select!`
/// polls its branches.
pub struct Explorer<W = Aws> {
    seed: u64,
    account: Box<dyn Fn() -> AwsBuilder + Send + Sync>,
    world: Box<dyn Fn(Aws) -> W + Send + Sync>,
    scenario: Step<W>,
    afterwards: Option<Step<W>>,
    fault_kinds: Vec<FaultKind>,
    calls: Box<dyn Fn(&CallRecord) -> bool + Send + Sync>,
    one_in: usize,
    check: Check<W>,
    deadline: Duration,
}

type Step<W> = Box<dyn Fn(W) -> Pin<Box<dyn Future<Output = Result<(), String>>>> + Send + Sync>;
type Check<W> = Box<dyn Fn(&W, &Run) -> Result<(), String> + Send + Sync>;

impl Explorer<Aws> {
    /// Creates an explorer of a scenario that needs only the account.
    #[must_use]
    pub fn new<F, E>(scenario: impl Fn(Aws) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + 'static,
        E: fmt::Display,
    {
        Self::with_world(|aws| aws, scenario)
    }
}

impl<W: Clone> Explorer<W> {
    /// Creates an explorer of a scenario that needs more than the account, such as a store of its own: `world` creates
    /// it for each run separately, in the run's runtime. The scenario and [`Explorer::afterwards`] get clones of it.
    #[must_use]
    pub fn with_world<F, E>(
        world: impl Fn(Aws) -> W + Send + Sync + 'static,
        scenario: impl Fn(W) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), E>> + 'static,
        E: fmt::Display,
    {
        Self {
            seed: 0,
            account: Box::new(Aws::builder),
            world: Box::new(world),
            scenario: step(scenario),
            afterwards: None,
            fault_kinds: FaultKind::usual(),
            calls: Box::new(|_| true),
            one_in: 1,
            check: Box::new(|_, run| run.judge()),
            deadline: Duration::from_secs(2 * 60 * 60),
        }
    }

    /// Sets the seed of everything random; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the function that creates the accounts' builders; [`Aws::builder`] by default. The explorer's seed replaces
    /// theirs.
    #[must_use]
    pub fn account(mut self, account: impl Fn() -> AwsBuilder + Send + Sync + 'static) -> Self {
        self.account = Box::new(account);
        self
    }

    /// Sets the kinds of faults to try; [`FaultKind::usual`] by default.
    #[must_use]
    pub fn fault_kinds(mut self, fault_kinds: impl IntoIterator<Item = FaultKind>) -> Self {
        self.fault_kinds = fault_kinds.into_iter().collect();
        self
    }

    /// Selects those of the scenario's calls that get faults; all by default. [`CallRecord::is_mutating`] is a good
    /// filter if all are too many.
    #[must_use]
    pub fn calls(mut self, calls: impl Fn(&CallRecord) -> bool + Send + Sync + 'static) -> Self {
        self.calls = Box::new(calls);
        self
    }

    /// Runs only a sample of one case in `n`, the same one each time. The fault kinds take turns from call to call:
    /// with `n` kinds, each call gets one fault.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    #[must_use]
    pub fn one_in(mut self, n: usize) -> Self {
        assert!(n > 0, "a sample of one case in 0 is empty; give 1 or more");
        self.one_in = n;
        self
    }

    /// Sets the part that follows each scenario, as a program would clean up, resume or close after a fault. It runs on
    /// the same account, no matter how the scenario ended, and no more faults fire.
    #[must_use]
    pub fn afterwards<F, E>(mut self, afterwards: impl Fn(W) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + 'static,
        E: fmt::Display,
    {
        self.afterwards = Some(step(afterwards));
        self
    }

    /// Replaces [`Run::judge`] by another check of each run, which gets the world as it is at the end. The text of its
    /// error goes into the report.
    #[must_use]
    pub fn check(
        mut self,
        check: impl Fn(&W, &Run) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.check = Box::new(check);
        self
    }

    /// Sets the limit of virtual time for a scenario, and the same limit again for the part that follows it; two hours
    /// by default.
    ///
    /// A call that is never answered lasts until then, unless the scenario has its own limit. The SDK checks twice a
    /// second that such a call still runs, so long deadlines take some seconds of real time.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs the scenario without a fault, and then once for each fault.
    ///
    /// # Errors
    /// Returns an error if the scenario fails or is not sound without a fault, or if no fault can happen.
    pub fn explore(&self) -> Result<Exploration, ExplorerError> {
        let clean = self.all(&[None]).remove(0);
        if let Err(problem) = clean
            .scenario_succeeded()
            .and_then(|()| clean.verdict.clone())
        {
            return Err(ExplorerError::Clean { problem });
        }
        let strikes: Vec<_> = clean
            .calls
            .iter()
            .take(clean.scenario_calls)
            .filter(|call| (self.calls)(call))
            .enumerate()
            .flat_map(|(place, call)| {
                let fault_kinds = self.fault_kinds.iter().enumerate();
                let sampled =
                    fault_kinds.filter(move |(turn, _)| (place + turn) % self.one_in == 0);
                sampled.filter_map(move |(_, fault_kind)| Injection::new(call, fault_kind))
            })
            .map(Some)
            .collect();
        if strikes.is_empty() {
            return Err(ExplorerError::NothingToUpset);
        }
        let runs = self.all(&strikes);
        Ok(Exploration {
            seed: self.seed,
            clean,
            runs,
        })
    }

    /// Runs the scenario once per injection, on several threads. Returns the runs in the order of the injections.
    fn all(&self, strikes: &[Option<Injection>]) -> Vec<Run> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicUsize::new(0);
        let work = || {
            std::iter::from_fn(|| {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let strike = strikes.get(index)?;
                Some((index, self.run(strike.as_ref())))
            })
            .collect::<Vec<_>>()
        };
        let mut runs: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.min(strikes.len()))
                .map(|_| scope.spawn(work))
                .collect();
            workers
                .into_iter()
                .flat_map(|worker| match worker.join() {
                    Ok(runs) => runs,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        });
        runs.sort_by_key(|(index, _)| *index);
        runs.into_iter().map(|(_, run)| run).collect()
    }
}

fn step<W, F, E>(step: impl Fn(W) -> F + Send + Sync + 'static) -> Step<W>
where
    F: Future<Output = Result<(), E>> + 'static,
    E: fmt::Display,
{
    Box::new(move |world| {
        let future = step(world);
        Box::pin(async move { future.await.map_err(|error| error.to_string()) })
    })
}

impl<W> fmt::Debug for Explorer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explorer")
            .field("seed", &self.seed)
            .field("fault_kinds", &self.fault_kinds)
            .finish_non_exhaustive()
    }
}

/// Error returned when there is nothing to explore.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExplorerError {
    /// The scenario failed, or was not sound, without any fault.
    #[error("the scenario is not sound even without a fault: {problem}")]
    Clean {
        /// The problem of that run.
        problem: String,
    },
    /// No call passes the filter, or there are no fault kinds.
    #[error("there is nothing to explore: no call passes the filter, or there are no fault kinds")]
    NothingToUpset,
}
